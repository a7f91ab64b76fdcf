// The paper's Figure 9: what a server costs at a given load.

#include <fmt/format.h>

#include "bench/context.hpp"
#include "bench/sections.hpp"
#include "bench/two_cores.hpp"

namespace zs::bench {
namespace {

constexpr std::uint32_t kLoadBytes = 64;

/// One server at one rate; rate 0 is as fast as it can.
struct LoadPoint {
  double rate = 0;
  Figure answered = {}, cpu = {}, busy = {}, p99 = {};
};

struct LoadedServer {
  const char* name;
  const char* key;
  bool is_kernel;
};
constexpr LoadedServer kSpinningServer{"zstack, spinning", "zstack", false};
constexpr LoadedServer kKernelServer{"kernel, epoll", "kernel", true};

Result<void> measure_load(BenchContext& context, const LoadedServer& server, LoadPoint& point) {
  TwoCoresOptions options;
  options.client = {
      .connections = context.options.connections, .request_bytes = kLoadBytes, .rate = point.rate};
  options.warm_up = context.warm_up();
  options.measured = context.measured();
  auto result = server.is_kernel ? run_kernel_loopback(options, context.server_cpu(),
                                                       context.client_cpu(), context.why)
                                 : run_two_cores(options, context.why);
  if (!result) return result.error();
  point.answered.add(result->requests_per_second());
  point.cpu.add(100 * result->interval.server_cpu());
  point.busy.add(100 * result->interval.server_busy());
  point.p99.add(result->p99_us);
  return {};
}

void report_load(Report& report, const LoadedServer& server, const LoadPoint& point) {
  report.add_row({server.name, point.rate > 0 ? with_commas(point.rate) : "all it can",
                  with_commas(point.answered.median()), fmt::format("{:.0f} %", point.cpu.median()),
                  server.is_kernel ? "" : fmt::format("{:.0f} %", point.busy.median()),
                  fmt::format("{:.0f}", point.p99.median())});
  Json record = {{"figure", "cpu"},
                 {"server", server.key},
                 {"rate", point.rate},
                 {"requests_per_second", json_of(point.answered)},
                 {"cpu_percent", json_of(point.cpu)},
                 {"p99_us", json_of(point.p99)}};
  if (!server.is_kernel) record["busy_percent"] = json_of(point.busy);
  report.figure(std::move(record));
}

/// What is answered without a rate: the load of 100 %.
Result<double> most_of(BenchContext& context, const LoadedServer& server) {
  LoadPoint most;
  ZS_TRY(measure_load(context, server, most));
  return most.answered.median();
}

/// Shares of its own maximum, and for zstack those of the kernel's before, so that both can be read
/// at the same load.
std::vector<LoadPoint> load_points(const BenchContext& context, std::span<const double> maxima) {
  static constexpr std::array kAll = {0.1, 0.25, 0.5, 0.75, 0.9, 1.0};
  static constexpr std::array kFew = {0.1, 0.5, 1.0};
  const auto shares = context.options.quick ? std::span<const double>(kFew) : std::span(kAll);
  std::vector<LoadPoint> points;
  for (const double most : maxima) {
    for (const double share : shares) points.push_back({.rate = share * most});
  }
  return points;
}

ChartSeries line_of(std::string name, std::uint32_t color, bool is_dashed,
                    const std::vector<LoadPoint>& points, Figure LoadPoint::*what) {
  ChartSeries series{std::move(name), color, is_dashed, {}};
  for (const LoadPoint& p : points) {
    const Figure& figure = p.*what;
    series.points.push_back({p.answered.median(), figure.median(), figure.least(), figure.most()});
  }
  std::sort(series.points.begin(), series.points.end(),
            [](const ChartPoint& a, const ChartPoint& b) { return a.x < b.x; });
  return series;
}

}  // namespace

Result<void> run_cpu(BenchContext& context) {
  if (!context.has_two_cpus()) return {};
  Report& report = context.report;
  ZS_TRY_ASSIGN(const double kernel_most, most_of(context, kKernelServer));
  ZS_TRY_ASSIGN(const double our_most, most_of(context, kSpinningServer));
  const std::array both = {kernel_most, our_most};
  auto kernel = load_points(context, std::span(both).first(1));
  auto ours = load_points(context, both);
  Steps steps(report, (kernel.size() + ours.size()) * context.rounds());
  for (std::uint32_t round = 0; round < context.rounds(); ++round) {
    for (LoadPoint& point : kernel) {
      ZS_TRY(measure_load(context, kKernelServer, point));
      steps.done();
    }
    for (LoadPoint& point : ours) {
      ZS_TRY(measure_load(context, kSpinningServer, point));
      steps.done();
    }
  }
  report.begin_table(
      fmt::format("{} B, {} connections; CPU of the server's thread; \"busy\" without "
                  "the passes that found nothing; p99 in microseconds",
                  kLoadBytes, context.options.connections),
      {{"server", -16}, {"asked/s", 12}, {"answered/s", 12}, {"CPU", 6}, {"busy", 6}, {"p99", 8}});
  for (const LoadPoint& point : kernel) report_load(report, kKernelServer, point);
  for (const LoadPoint& point : ours) report_load(report, kSpinningServer, point);
  Chart chart{.id = "cpu",
              .title = "CPU of the server's core against load",
              .x_label = "requests a second",
              .y_label = "percent of a core",
              .x_scale = ChartScale::kLog};
  chart.series.push_back(line_of("zstack, CPU", 0, true, ours, &LoadPoint::cpu));
  chart.series.push_back(line_of("zstack, busy", 0, false, ours, &LoadPoint::busy));
  chart.series.push_back(line_of("kernel, CPU", 2, false, kernel, &LoadPoint::cpu));
  report.chart(std::move(chart));
  report.note(
      "The in-process cable cannot wake a sleeping shard, so zstack is measured spinning only; its "
      "sleep policy needs a device that can (TAP, AF_PACKET).");
  report.note(
      "Over its loopback the kernel does a part of the server's receiving in the client's context: "
      "the kernel's line is lower than the cost of its server.");
  return {};
}

}  // namespace zs::bench
