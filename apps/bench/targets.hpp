#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "bench/report.hpp"

namespace zs::bench {

enum class Bound : std::uint8_t { kAtLeast, kAtMost };

/// What a key of the summary must reach.
struct Target {
  std::string_view key;
  std::string_view what;
  Bound bound = Bound::kAtLeast;
  double value = 0;
  std::string_view unit;  ///< behind the numbers: "x", " cycles"
};

enum class Verdict : std::uint8_t { kMet, kNotMet, kNotMeasured };

/// In the order in which they are told.
std::span<const Target> all_targets();
Verdict judge(const Target& target, const Json& summary);
/// "met", "not met", "not measured"
std::string_view text_of(Verdict verdict);
/// "at least 1.5x"
std::string wanted_text(const Target& target);
/// "1.73x"; empty if it was not measured
std::string measured_text(const Target& target, const Json& summary);
/// For results.json: key, what is wanted, the value, and the verdict of each.
Json judged(const Json& summary);

}  // namespace zs::bench
