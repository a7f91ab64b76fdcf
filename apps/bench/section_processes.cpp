// `zstack serve` and `zstack load` as two processes that share memory.

#include <fmt/format.h>

#include <array>
#include <vector>

#include "bench/context.hpp"
#include "bench/process_wire.hpp"
#include "bench/sections.hpp"

namespace zs::bench {
namespace {

constexpr std::array kProcessLinks = {ProcessLink::kMemif, ProcessLink::kVirtio};

double wire_us(Duration d) { return static_cast<double>(d.count()) / 1e3; }

/// MiB: enough, and the processes start sooner.
constexpr const char* kLittle = "96";

struct WireNumbers {
  std::vector<std::uint32_t> sizes;
  std::vector<std::uint32_t> connections;
};

WireNumbers numbers_of(const BenchContext& context, ProcessLink link) {
  if (context.options.quick && link == ProcessLink::kVirtio) return {{64, 8'192}, {50}};
  if (context.options.quick) return {{64, 8'192}, {1, 50}};
  return {{64, 1'024, 4'096, 8'192}, {1, 10, 50, 100, 200}};
}

std::uint32_t wire_rounds(const BenchContext& context) {
  return context.options.quick ? 1 : context.rounds();
}

std::vector<std::string> time_options(const BenchContext& context) {
  return {"--duration", context.options.quick ? "500ms" : "1s", "--warmup", "300ms"};
}

Result<LoadFigures> run_wire(BenchContext& context, const ProcessWire& wire,
                             const std::vector<std::string>& serve, std::vector<std::string> load) {
  for (auto& option : time_options(context)) load.push_back(std::move(option));
  return wire.run(serve, load, context.server_cpu(), context.client_cpu(), context.why);
}

/// What one link does with one size, by the number of connections.
struct WirePoint {
  std::uint32_t connections = 0;
  Figure rate, mean, p50, p99;
};

Result<WirePoint> measure_wire_point(BenchContext& context, const ProcessWire& wire,
                                     std::uint32_t size, std::uint32_t connections, Steps& steps) {
  WirePoint point{connections, {}, {}, {}, {}};
  for (std::uint32_t round = 0; round < wire_rounds(context); ++round) {
    ZS_TRY_ASSIGN(const LoadFigures f,
                  run_wire(context, wire, {"--size", std::to_string(size), "--memory-mb", kLittle},
                           {"--connections", std::to_string(connections), "--memory-mb", kLittle}));
    point.rate.add(f.requests_per_second);
    point.mean.add(wire_us(f.mean));
    point.p50.add(wire_us(f.p50));
    point.p99.add(wire_us(f.p99));
    steps.done();
  }
  return point;
}

void report_point(Report& report, const std::string& link, std::uint32_t size,
                  const WirePoint& point) {
  report.add_row({link, size_text(size), std::to_string(point.connections), with_spread(point.rate),
                  fmt::format("{:.1f} / {:.1f} / {:.1f}", point.mean.median(), point.p50.median(),
                              point.p99.median())});
  report.figure({{"figure", "processes"},
                 {"link", link},
                 {"bytes", size},
                 {"connections", point.connections},
                 {"requests_per_second", json_of(point.rate)},
                 {"mean_us", point.mean.median()},
                 {"p50_us", point.p50.median()},
                 {"p99_us", point.p99.median()}});
}

/// Adds a line a size to the charts.
Result<void> measure_wire(BenchContext& context, ProcessLink link, const ProcessWire& wire,
                          Steps& steps, Chart& rates, Chart& latencies) {
  const std::string name(name_of(link));
  const WireNumbers numbers = numbers_of(context, link);
  for (std::size_t i = 0; i < numbers.sizes.size(); ++i) {
    const std::uint32_t size = numbers.sizes[i];
    const bool is_dashed = link == ProcessLink::kVirtio;
    const auto color = static_cast<std::uint32_t>(i);
    ChartSeries rate{name + ", " + size_text(size), color, is_dashed};
    ChartSeries latency = rate;
    for (const std::uint32_t connections : numbers.connections) {
      ZS_TRY_ASSIGN(const WirePoint point,
                    measure_wire_point(context, wire, size, connections, steps));
      report_point(context.report, name, size, point);
      const double x = connections;
      rate.points.push_back({x, point.rate.median(), point.rate.least(), point.rate.most()});
      latency.points.push_back({x, point.p50.median(), point.p50.least(), point.p50.most()});
    }
    rates.series.push_back(std::move(rate));
    latencies.series.push_back(std::move(latency));
  }
  return {};
}

/// One connection, 64 B, over memif, nothing tuned.
Result<void> measure_round_trip(BenchContext& context, const ProcessWire& wire) {
  Figure p50, p99, p999;
  for (std::uint32_t round = 0; round < context.rounds(); ++round) {
    ZS_TRY_ASSIGN(const LoadFigures f, run_wire(context, wire, {"--echo"},
                                                {"--echo", "--size", "64", "--connections", "1"}));
    p50.add(wire_us(f.p50));
    p99.add(wire_us(f.p99));
    p999.add(wire_us(f.p999));
  }
  context.report.note(fmt::format(
      "round trip of one connection over memif, 64 B echo: p50 {:.2f} us ({:.2f}-{:.2f}), p99 "
      "{:.1f} us, p99.9 {:.1f} us",
      p50.median(), p50.least(), p50.most(), p99.median(), p999.median()));
  context.report.summary("rtt_p50_us", p50.median());
  context.report.summary("rtt_p999_us", p999.median());
  return {};
}

}  // namespace

Result<void> run_processes(BenchContext& context) {
  if (!context.has_two_cpus()) return {};
  Report& report = context.report;
  std::size_t points = 0;
  for (const ProcessLink link : kProcessLinks) {
    const WireNumbers numbers = numbers_of(context, link);
    points += numbers.sizes.size() * numbers.connections.size();
  }
  Steps steps(report, points * wire_rounds(context));
  Chart rates{.id = "processes_throughput",
              .title = "Between two processes: throughput",
              .x_label = "connections",
              .y_label = "requests a second",
              .x_scale = ChartScale::kLog};
  Chart latencies{.id = "processes_latency",
                  .title = "Between two processes: latency, median",
                  .x_label = "connections",
                  .y_label = "microseconds",
                  .x_scale = ChartScale::kLog,
                  .y_scale = ChartScale::kLog};
  report.begin_table("HTTP between two processes", {{"link", -6},
                                                    {"bytes", 5},
                                                    {"connections", 11},
                                                    {"requests/s", 32},
                                                    {"latency us, mean / p50 / p99", 30}});
  for (const ProcessLink link : kProcessLinks) {
    const auto wire = ProcessWire::create(link, context.why);
    if (!wire) {
      if (link == kProcessLinks.front()) {
        report.skip(context.why);
        return {};
      }
      report.note(std::string(name_of(link)) + " is not measured: " + context.why);
      context.why.clear();
      continue;
    }
    ZS_TRY(measure_wire(context, link, *wire, steps, rates, latencies));
    if (link == ProcessLink::kMemif) ZS_TRY(measure_round_trip(context, *wire));
  }
  report.chart(std::move(rates));
  report.chart(std::move(latencies));
  return {};
}

}  // namespace zs::bench
