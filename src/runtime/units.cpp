#include "runtime/units.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cmath>
#include <numeric>

namespace zs::runtime {
namespace {

struct Unit {
  std::string_view name;
  double factor;
};

constexpr std::array kTimeUnits{Unit{"ns", 1},  Unit{"us", 1e3},   Unit{"ms", 1e6},
                                Unit{"s", 1e9}, Unit{"min", 60e9}, Unit{"h", 3600e9}};
constexpr std::array kByteUnits{Unit{"", 1},        Unit{"B", 1},        Unit{"KiB", 1024},
                                Unit{"K", 1024},    Unit{"kB", 1024},    Unit{"MiB", 1 << 20},
                                Unit{"M", 1 << 20}, Unit{"MB", 1 << 20}, Unit{"GiB", 1 << 30},
                                Unit{"G", 1 << 30}, Unit{"GB", 1 << 30}};
constexpr std::array kRateUnits{Unit{"", 1},         Unit{"bit/s", 1},   Unit{"k", 1e3},
                                Unit{"kbit/s", 1e3}, Unit{"M", 1e6},     Unit{"Mbit/s", 1e6},
                                Unit{"G", 1e9},      Unit{"Gbit/s", 1e9}};

/// A number and one of `units`, as a whole count of the smallest unit.
template <std::size_t N>
std::optional<std::int64_t> parse_with_unit(std::string_view text,
                                            const std::array<Unit, N>& units) {
  double number = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), number, std::chars_format::fixed);
  if (error != std::errc{} || number < 0) return std::nullopt;
  const std::string_view name = text.substr(static_cast<std::size_t>(end - text.data()));
  for (const auto& unit : units) {
    if (unit.name != name) continue;
    const double value = number * unit.factor;
    if (!(value < 9e18)) return std::nullopt;
    return std::llround(value);
  }
  return std::nullopt;
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t substitute = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substitute});
    }
  }
  return row.back();
}

}  // namespace

std::optional<Duration> parse_duration(std::string_view text) {
  if (text == "0") return Duration{};
  const auto ns = parse_with_unit(text, kTimeUnits);
  if (!ns) return std::nullopt;
  return Duration{*ns};
}

std::optional<std::uint64_t> parse_bytes(std::string_view text) {
  const auto bytes = parse_with_unit(text, kByteUnits);
  if (!bytes) return std::nullopt;
  return static_cast<std::uint64_t>(*bytes);
}

std::optional<std::uint64_t> parse_rate(std::string_view text) {
  const auto bits = parse_with_unit(text, kRateUnits);
  if (!bits) return std::nullopt;
  return static_cast<std::uint64_t>(*bits);
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<double> parse_real(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::vector<unsigned>> parse_cpu_list(std::string_view text) {
  constexpr std::int64_t kMaxCpu = 4095;  // NR_CPUS of the largest distribution kernels, less one
  std::vector<unsigned> cpus;
  while (true) {
    const auto comma = text.find(',');
    const std::string_view part = text.substr(0, comma);
    const auto dash = part.find('-');
    const auto first = parse_integer(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first : parse_integer(part.substr(dash + 1));
    if (!first || !last || *first < 0 || *last < *first || *last > kMaxCpu) return std::nullopt;
    for (auto cpu = *first; cpu <= *last; ++cpu) {
      const auto id = static_cast<unsigned>(cpu);
      if (std::find(cpus.begin(), cpus.end(), id) != cpus.end()) return std::nullopt;
      cpus.push_back(id);
    }
    if (comma == std::string_view::npos) return cpus;
    text.remove_prefix(comma + 1);
  }
}

std::string format_duration(Duration d) {
  struct Step {
    std::int64_t ns;
    const char* name;
  };
  constexpr std::array kSteps{Step{1'000'000'000, "s"}, Step{1'000'000, "ms"}, Step{1'000, "us"}};
  for (const auto& step : kSteps) {
    if (d.count() != 0 && d.count() % step.ns == 0) {
      return std::to_string(d.count() / step.ns) + step.name;
    }
  }
  return std::to_string(d.count()) + "ns";
}

std::optional<std::string> nearest(std::string_view word,
                                   const std::vector<std::string>& candidates) {
  const std::string* best = nullptr;
  // A third of the word wrong is still a typing mistake; more is another word.
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto& candidate : candidates) {
    const std::size_t distance = edit_distance(word, candidate);
    if (distance < best_distance) {
      best = &candidate;
      best_distance = distance;
    }
  }
  if (best == nullptr) return std::nullopt;
  return *best;
}

}  // namespace zs::runtime
