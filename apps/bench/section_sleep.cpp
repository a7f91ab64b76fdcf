// What an idle server costs, and what its sleep adds to a round trip.

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "bench/context.hpp"
#include "bench/idle_cost.hpp"
#include "bench/sections.hpp"

namespace zs::bench {
namespace {

constexpr std::array kSleepLinks = {KernelLink::kTap, KernelLink::kAfXdp};

double sleep_us(Duration d) { return static_cast<double>(d.count()) / 1e3; }

std::string percentiles(const RoundTrips& r) {
  return fmt::format("{:.0f} / {:.0f}", sleep_us(r.p50), sleep_us(r.p99));
}

void report_idle(Report& report, KernelLink link, const IdleCost& cost) {
  const std::string name(name_of(link));
  report.add_row(
      {name, fmt::format("{:.2f} %", cost.cpu_percent), percentiles(cost.back_to_back),
       percentiles(cost.without_sleep), percentiles(cost.after_sleep),
       fmt::format("{:+.0f} / {:+.0f}", sleep_us(cost.added_p50()), sleep_us(cost.added_p99()))});
  report.summary("wake_up_us_" + name, std::max(0.0, sleep_us(cost.added_p50())));
  report.summary("wake_up_p99_us_" + name, std::max(0.0, sleep_us(cost.added_p99())));
  report.figure({{"figure", "sleep"},
                 {"device", name},
                 {"cpu_percent", cost.cpu_percent},
                 {"back_to_back_p50_us", sleep_us(cost.back_to_back.p50)},
                 {"back_to_back_p99_us", sleep_us(cost.back_to_back.p99)},
                 {"polling_p50_us", sleep_us(cost.without_sleep.p50)},
                 {"polling_p99_us", sleep_us(cost.without_sleep.p99)},
                 {"asleep_p50_us", sleep_us(cost.after_sleep.p50)},
                 {"asleep_p99_us", sleep_us(cost.after_sleep.p99)}});
}

}  // namespace

Result<void> run_sleep(BenchContext& context) {
  Report& report = context.report;
  report.begin_table("one connection, 64 B echo; round trips in us, p50 / p99",
                     {{"device", -8},
                      {"idle CPU", 9},
                      {"no pauses", 14},
                      {"2 ms pauses, polling", 21},
                      {"2 ms pauses, asleep", 20},
                      {"added by sleep", 15}});
  double worst = 0;
  Steps steps(report, kSleepLinks.size());
  for (const KernelLink link : kSleepLinks) {
    IdleOptions options;
    options.link = link;
    options.server_cpu = context.server_cpu();
    options.client_cpu = context.client_cpu();
    if (context.options.quick) {
      options.watched = std::chrono::milliseconds{1'500};
      options.round_trips = 300;
    }
    const auto cost = measure_idle_cost(options, context.why);
    if (!cost && cost.error() == Errc::kPermission) {
      report.skip(context.why);
      return {};
    }
    if (!cost) return cost.error();
    worst = std::max(worst, cost->cpu_percent);
    report_idle(report, link, *cost);
    steps.done();
  }
  report.summary("idle_cpu_percent", worst);
  return {};
}

}  // namespace zs::bench
