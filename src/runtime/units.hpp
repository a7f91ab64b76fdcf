#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/time.hpp"

namespace zs::runtime {

/// "200ms", "1.5s", "2min", "50us"; "0" alone needs no unit.
std::optional<Duration> parse_duration(std::string_view text);

/// "4096", "64KiB", "1MiB", "2G": powers of 1024 whatever the spelling.
std::optional<std::uint64_t> parse_bytes(std::string_view text);

/// "100M", "2.5Gbit/s", "1000000": bits per second, powers of 1000.
std::optional<std::uint64_t> parse_rate(std::string_view text);

/// "1", "0,2", "1-3,5" in order; none for anything else, also for a CPU given twice.
std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text);

std::optional<std::int64_t> parse_integer(std::string_view text);
std::optional<double> parse_real(std::string_view text);

/// "200ms", "2s": the largest unit that needs no fraction.
std::string format_duration(Duration d);

/// The candidate nearest to `word` by edit distance, if it is near enough to be what was meant.
std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates);

}  // namespace zs::runtime
