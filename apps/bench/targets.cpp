#include "bench/targets.hpp"

#include <fmt/format.h>

#include <array>
#include <cmath>

namespace zs::bench {
namespace {

constexpr std::array kTargets = {
    Target{"z_over_copy_8k", "z calls over copying calls, 8 KB, 50 connections", Bound::kAtLeast,
           1.5, "x"},
    Target{"z_over_copy_64k", "z calls over copying calls, 64 KB, 50 connections", Bound::kAtLeast,
           3, "x"},
    Target{"copied_bytes_z", "payload bytes that the stack copies for the z calls", Bound::kAtMost,
           0, ""},
    Target{"kernel_ratio_64", "over the kernel's loopback, 64 B", Bound::kAtLeast, 5, "x"},
    Target{"kernel_ratio_1k", "over the kernel's loopback, 1 KB", Bound::kAtLeast, 5, "x"},
    Target{"kernel_ratio_4k", "over the kernel's loopback, 4 KB", Bound::kAtLeast, 4, "x"},
    Target{"kernel_ratio_8k", "over the kernel's loopback, 8 KB", Bound::kAtLeast, 4, "x"},
    Target{"cycles_per_request_64", "cycles of a 64 B request in stack and API", Bound::kAtMost,
           500, ""},
    Target{"instructions_per_request_64", "instructions of a 64 B request in stack and API",
           Bound::kAtMost, 1'000, ""},
    Target{"api_over_internal_percent", "what the C API adds to a 64 B request, in percent of it",
           Bound::kAtMost, 5, ""},
    Target{"coroutines_over_callbacks_percent",
           "what coroutines add to a 64 B request of callbacks, in percent of it", Bound::kAtMost,
           10, ""},
    Target{"connections_per_second", "new connections a second on one core", Bound::kAtLeast,
           300'000, ""},
    Target{"idle_connection_bytes", "memory of an idle connection, in bytes", Bound::kAtMost, 512,
           ""},
    Target{"million_bytes_each", "memory of each of a million idle connections, in bytes",
           Bound::kAtMost, 512, ""},
    Target{"floods_withstood", "kinds of floods that are withstood, of 8", Bound::kAtLeast, 8, ""},
    Target{"shards_2_over_1", "two shards over one", Bound::kAtLeast, 1.8, "x"},
    Target{"bulk_over_testpmd", "one flow over what testpmd forwards, in bytes a second",
           Bound::kAtLeast, 0.9, "x"},
    Target{"goodput_send_over_linux_01", "goodput of our sender over Linux', 0.1 % loss",
           Bound::kAtLeast, 1, "x"},
    Target{"goodput_send_over_linux_1", "goodput of our sender over Linux', 1 % loss",
           Bound::kAtLeast, 1, "x"},
    Target{"goodput_send_over_linux_3", "goodput of our sender over Linux', 3 % loss",
           Bound::kAtLeast, 1, "x"},
    Target{"goodput_receive_over_linux_01", "goodput of our receiver over Linux', 0.1 % loss",
           Bound::kAtLeast, 1, "x"},
    Target{"goodput_receive_over_linux_1", "goodput of our receiver over Linux', 1 % loss",
           Bound::kAtLeast, 1, "x"},
    Target{"goodput_receive_over_linux_3", "goodput of our receiver over Linux', 3 % loss",
           Bound::kAtLeast, 1, "x"},
    Target{"rtt_p50_us", "median round trip of one connection over memif, in microseconds",
           Bound::kAtMost, 3, ""},
    Target{"idle_cpu_percent", "CPU of an idle shard, in percent of a core", Bound::kAtMost, 5, ""},
};

/// Three digits, or all of a large number.
std::string number_text(double value) {
  if (std::fabs(value) >= 1'000 || value == std::floor(value)) return with_commas(value);
  return fmt::format("{:.3g}", value);
}

}  // namespace

std::span<const Target> all_targets() { return kTargets; }

Verdict judge(const Target& target, const Json& summary) {
  const auto found = summary.find(target.key);
  if (found == summary.end() || !found->is_number()) return Verdict::kNotMeasured;
  const auto value = found->get<double>();
  const bool holds =
      target.bound == Bound::kAtLeast ? value >= target.value : value <= target.value;
  return holds ? Verdict::kMet : Verdict::kNotMet;
}

std::string_view text_of(Verdict verdict) {
  switch (verdict) {
    case Verdict::kMet:
      return "met";
    case Verdict::kNotMet:
      return "not met";
    case Verdict::kNotMeasured:
      return "not measured";
  }
  return "";
}

std::string wanted_text(const Target& target) {
  return fmt::format("{} {}{}", target.bound == Bound::kAtLeast ? "at least" : "at most",
                     number_text(target.value), target.unit);
}

std::string measured_text(const Target& target, const Json& summary) {
  if (judge(target, summary) == Verdict::kNotMeasured) return {};
  return number_text(summary.find(target.key)->get<double>()) + std::string(target.unit);
}

Json judged(const Json& summary) {
  Json all = Json::array();
  for (const Target& target : kTargets) {
    const Verdict verdict = judge(target, summary);
    Json entry = {{"key", target.key},
                  {"what", target.what},
                  {"wanted", wanted_text(target)},
                  {"verdict", text_of(verdict)}};
    if (verdict != Verdict::kNotMeasured) entry["value"] = *summary.find(target.key);
    all.push_back(std::move(entry));
  }
  return all;
}

}  // namespace zs::bench
