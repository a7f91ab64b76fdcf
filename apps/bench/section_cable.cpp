// The paper's Figures 5 to 8: throughput and latency against the number of connections, by size.

#include <fmt/format.h>

#include "bench/context.hpp"
#include "bench/sections.hpp"
#include "bench/two_cores.hpp"

namespace zs::bench {
namespace {

constexpr std::array<std::uint32_t, 4> kCableSizes = {64, 1'024, 4'096, 8'192};
constexpr std::array<std::uint32_t, 5> kCableConnections = {1, 10, 50, 100, 200};
constexpr std::uint32_t kRatioConnections = 50;  ///< where the summary compares with the kernel

/// One line of the figures.
struct CableServer {
  const char* name;
  const char* key;  ///< in results.json
  bool is_kernel;
  EchoApi api;
  CableOffloads offloads;
  std::uint32_t color;
};
constexpr std::array<CableServer, 5> kCableServers = {{
    {"z calls, TSO and LRO", "z", false, EchoApi::kZeroCopy, CableOffloads::kAll, 0},
    {"z calls, no offloads", "z_no_offloads", false, EchoApi::kZeroCopy, CableOffloads::kNone, 0},
    {"copying calls, TSO and LRO", "copy", false, EchoApi::kCopy, CableOffloads::kAll, 1},
    {"copying calls, no offloads", "copy_no_offloads", false, EchoApi::kCopy, CableOffloads::kNone,
     1},
    {"kernel, epoll over loopback", "kernel", true, EchoApi::kCopy, CableOffloads::kAll, 2},
}};
constexpr std::size_t kOfferedZ = 0, kOfferedCopy = 2, kOfferedKernel = 4;  ///< places there

struct CableFigures {
  Figure rate, mean, p50, p99;

  void add(const TwoCoresResult& result) {
    rate.add(result.requests_per_second());
    mean.add(result.mean_us);
    p50.add(result.p50_us);
    p99.add(result.p99_us);
  }
};

using CablePoint = std::array<CableFigures, kCableServers.size()>;

/// The points to measure of one size: all, or what --quick leaves.
std::vector<std::uint32_t> connections_for(const BenchContext& context, std::uint32_t size) {
  if (!context.options.quick) return {kCableConnections.begin(), kCableConnections.end()};
  const bool is_drawn = size == kCableSizes.front() || size == kCableSizes.back();
  return is_drawn ? std::vector<std::uint32_t>{1, kRatioConnections, 200}
                  : std::vector<std::uint32_t>{kRatioConnections};
}

bool is_measured(const BenchContext& context, std::uint32_t size, std::size_t server) {
  const bool is_drawn = size == kCableSizes.front() || size == kCableSizes.back();
  return !context.options.quick || is_drawn || server == kOfferedZ || server == kOfferedKernel;
}

/// The servers in turn, round by round, so that what the machine does meanwhile meets all of them.
Result<CablePoint> measure_point(BenchContext& context, std::uint32_t size,
                                 std::uint32_t connections, Steps& steps) {
  CablePoint point;
  const bool is_ratio = connections == kRatioConnections;
  const std::uint32_t rounds = is_ratio ? context.ratio_rounds() : context.rounds();
  for (std::uint32_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < kCableServers.size(); ++i) {
      const CableServer& server = kCableServers[i];
      if (!is_measured(context, size, i)) continue;
      TwoCoresOptions options;
      options.api = server.api;
      options.client = {.connections = connections, .request_bytes = size};
      options.cable.offloads = server.offloads;
      options.warm_up = context.warm_up();
      options.measured = is_ratio ? context.ratio_measured() : context.measured();
      auto result = server.is_kernel ? run_kernel_loopback(options, context.server_cpu(),
                                                           context.client_cpu(), context.why)
                                     : run_two_cores(options, context.why);
      if (!result) return result.error();
      point[i].add(*result);
      if (!server.is_kernel) context.note_core_share(result->interval.server_cpu());
      if (i == kOfferedZ) context.report.add_to_summary("copied_bytes_z", result->copied_bytes);
      steps.done();
    }
  }
  return point;
}

void report_point(Report& report, std::uint32_t size, std::uint32_t connections,
                  const CablePoint& point) {
  for (std::size_t i = 0; i < kCableServers.size(); ++i) {
    const CableFigures& f = point[i];
    if (f.rate.runs() == 0) continue;
    report.add_row({size_text(size), std::to_string(connections), kCableServers[i].name,
                    with_spread(f.rate), fmt::format("{:.1f}", f.mean.median()),
                    fmt::format("{:.1f}", f.p50.median()), fmt::format("{:.1f}", f.p99.median())});
    report.figure({{"figure", "cable"},
                   {"server", kCableServers[i].key},
                   {"bytes", size},
                   {"connections", connections},
                   {"requests_per_second", json_of(f.rate)},
                   {"mean_us", json_of(f.mean)},
                   {"p50_us", json_of(f.p50)},
                   {"p99_us", json_of(f.p99)}});
  }
  if (connections != kRatioConnections) return;
  report.summary("kernel_ratio_" + size_text(size),
                 point[kOfferedZ].rate.median() / point[kOfferedKernel].rate.median());
}

struct MeasuredPoint {
  std::uint32_t bytes;
  std::uint32_t connections;
  CablePoint figures;
};

void add_series(Chart& chart, std::size_t server, const std::vector<MeasuredPoint>& points,
                Figure CableFigures::*what, const std::string& suffix, bool is_dashed) {
  ChartSeries series{
      kCableServers[server].name + suffix, kCableServers[server].color, is_dashed, {}};
  for (const auto& point : points) {
    const Figure& figure = point.figures[server].*what;
    if (figure.runs() == 0) continue;
    series.points.push_back(
        {static_cast<double>(point.connections), figure.median(), figure.least(), figure.most()});
  }
  if (!series.points.empty()) chart.series.push_back(std::move(series));
}

void draw_size(Report& report, std::uint32_t size, const std::vector<MeasuredPoint>& points) {
  const std::string id = "cable_" + size_text(size);
  const std::string title =
      size < 1'024 ? fmt::format("{} B", size) : fmt::format("{} KB", size / 1'024);
  Chart rate{.id = id + "_throughput",
             .title = title + ": throughput",
             .x_label = "connections",
             .y_label = "requests a second",
             .x_scale = ChartScale::kLog};
  Chart latency{.id = id + "_latency",
                .title = title + ": latency, median and 99th percentile (dashed)",
                .x_label = "connections",
                .y_label = "microseconds",
                .x_scale = ChartScale::kLog,
                .y_scale = ChartScale::kLog};
  for (std::size_t i = 0; i < kCableServers.size(); ++i) {
    add_series(rate, i, points, &CableFigures::rate, "",
               kCableServers[i].offloads == CableOffloads::kNone);
    // Two lines each are enough to read: latency is drawn with the offloads.
    if (kCableServers[i].offloads == CableOffloads::kNone) continue;
    add_series(latency, i, points, &CableFigures::p50, "", false);
    add_series(latency, i, points, &CableFigures::p99, ", p99", true);
  }
  report.chart(std::move(rate));
  report.chart(std::move(latency));
}

/// What the paper's text states: how many times as good.
void report_ratios(Report& report, const std::vector<MeasuredPoint>& points) {
  report.begin_table("the z calls, with TSO and LRO, how many times as good",
                     {{"bytes", 5},
                      {"connections", 11},
                      {"requests/s, kernel", 18},
                      {"p50, kernel", 11},
                      {"p99, kernel", 11},
                      {"requests/s, copying", 19}});
  for (const MeasuredPoint& point : points) {
    const CableFigures& z = point.figures[kOfferedZ];
    const CableFigures& kernel = point.figures[kOfferedKernel];
    const CableFigures& copy = point.figures[kOfferedCopy];
    const auto times = [](const Figure& better, const Figure& worse) {
      if (better.median() == 0 || worse.median() == 0) return std::string();
      return fmt::format("{:.2f}x", better.median() / worse.median());
    };
    report.add_row({size_text(point.bytes), std::to_string(point.connections),
                    times(z.rate, kernel.rate), times(kernel.p50, z.p50), times(kernel.p99, z.p99),
                    times(z.rate, copy.rate)});
  }
}

}  // namespace

Result<void> run_cable(BenchContext& context) {
  if (!context.has_two_cpus()) return {};
  Report& report = context.report;
  report.begin_table("medians; latencies in microseconds", {{"bytes", 5},
                                                            {"connections", 11},
                                                            {"server", -27},
                                                            {"requests a second", 32},
                                                            {"mean", 9},
                                                            {"p50", 9},
                                                            {"p99", 9}});
  std::size_t total = 0;
  for (const std::uint32_t size : kCableSizes) {
    for (std::size_t i = 0; i < kCableServers.size(); ++i) {
      if (!is_measured(context, size, i)) continue;
      total += (connections_for(context, size).size() - 1) * context.rounds();
      total += context.ratio_rounds();
    }
  }
  Steps steps(report, total);
  std::vector<MeasuredPoint> all;
  for (const std::uint32_t size : kCableSizes) {
    std::vector<MeasuredPoint> points;
    for (const std::uint32_t connections : connections_for(context, size)) {
      ZS_TRY_ASSIGN(const CablePoint figures, measure_point(context, size, connections, steps));
      report_point(report, size, connections, figures);
      points.push_back({size, connections, figures});
    }
    all.insert(all.end(), points.begin(), points.end());
    if (points.size() > 1) draw_size(report, size, points);
  }
  report_ratios(report, all);
  return {};
}

}  // namespace zs::bench
