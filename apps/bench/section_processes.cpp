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

double in_us(Duration d) { return static_cast<double>(d.count()) / 1e3; }

std::vector<std::string> time_options(const BenchContext& context) {
  return {"--duration", std::to_string(context.options.quick ? 500 : 1'000) + "ms", "--warmup",
          "300ms"};
}

Result<LoadFigures> run_wire(BenchContext& context, const ProcessWire& wire,
                             std::vector<std::string> serve, std::vector<std::string> load) {
  for (auto& option : time_options(context)) load.push_back(std::move(option));
  return wire.run(serve, load, context.server_cpu(), context.client_cpu(), context.why);
}

Result<void> measure_wire(BenchContext& context, ProcessLink link, const ProcessWire& wire,
                          const std::vector<std::uint32_t>& sizes,
                          const std::vector<std::uint32_t>& connections, Steps& steps) {
  const std::string name(name_of(link));
  const std::uint32_t rounds = context.options.quick ? 1 : context.rounds();
  for (const std::uint32_t size : sizes) {
    for (const std::uint32_t count : connections) {
      Figure rate, mean, p50, p99;
      for (std::uint32_t round = 0; round < rounds; ++round) {
        ZS_TRY_ASSIGN(const LoadFigures f, run_wire(context, wire, {"--size", std::to_string(size)},
                                                    {"--connections", std::to_string(count)}));
        rate.add(f.requests_per_second);
        mean.add(in_us(f.mean));
        p50.add(in_us(f.p50));
        p99.add(in_us(f.p99));
        steps.done();
      }
      context.report.add_row(
          {name, size_text(size), std::to_string(count), with_spread(rate),
           fmt::format("{:.1f} / {:.1f} / {:.1f}", mean.median(), p50.median(), p99.median())});
      context.report.figure({{"figure", "processes"},
                             {"link", name},
                             {"bytes", size},
                             {"connections", count},
                             {"requests_per_second", json_of(rate)},
                             {"mean_us", mean.median()},
                             {"p50_us", p50.median()},
                             {"p99_us", p99.median()}});
    }
  }
  return {};
}

/// One connection, 64 B, over memif, nothing tuned.
Result<void> measure_round_trip(BenchContext& context, const ProcessWire& wire) {
  Figure p50, p99, p999;
  for (std::uint32_t round = 0; round < context.rounds(); ++round) {
    ZS_TRY_ASSIGN(const LoadFigures f, run_wire(context, wire, {"--echo"},
                                                {"--echo", "--size", "64", "--connections", "1"}));
    p50.add(in_us(f.p50));
    p99.add(in_us(f.p99));
    p999.add(in_us(f.p999));
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
  const bool quick = context.options.quick;
  using Numbers = std::vector<std::uint32_t>;
  const Numbers sizes = quick ? Numbers{64, 8'192} : Numbers{64, 1'024, 4'096, 8'192};
  const Numbers connections = quick ? Numbers{1, 50} : Numbers{1, 10, 50, 100, 200};
  const std::uint32_t rounds = quick ? 1 : context.rounds();
  Steps steps(report, kProcessLinks.size() * sizes.size() * connections.size() * rounds);
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
    ZS_TRY(measure_wire(context, link, *wire, sizes, connections, steps));
    if (link == ProcessLink::kMemif) ZS_TRY(measure_round_trip(context, *wire));
  }
  return {};
}

}  // namespace zs::bench
