// How many connections a second one core accepts, serves and ends.

#include <fmt/format.h>
#include <rte_cycles.h>

#include "bench/cable_run.hpp"
#include "bench/context.hpp"
#include "bench/echo.hpp"
#include "bench/sections.hpp"
#include "bench/stack_only.hpp"
#include "bench/two_cores.hpp"
#include "bench/visits.hpp"

namespace zs::bench {
namespace {

struct VisitFigures {
  Figure rate, cycles, server_busy, client_busy;
};

double busy_share(const CoreUse& use) {
  if (use.total_cycles == 0) return 0;
  return static_cast<double>(use.busy_cycles) / static_cast<double>(use.total_cycles);
}

Result<void> measure_visits(BenchContext& context, Visit visit, VisitFigures& figures) {
  ZS_TRY_ASSIGN(const auto world, CableWorld::create({}, context.why));
  const VisitorOptions options{.visit = visit};
  EchoServer server(*world->server().sockets, EchoApi::kZeroCopy, options.ports);
  Visitor client(*world->client().sockets, world->client().pools(), options);
  CableRun run(*world, server, client);
  ZS_TRY(run.start(context.why));
  const bool does_begin = wait_until([&] { return client.visits() > 0; });
  const CoreUse client_before = run.client_use();
  const Interval interval = measure_interval(
      context.warm_up(), context.measured(),
      {.count = [&] { return client.visits(); }, .server_use = [&] { return run.server_use(); }});
  const CoreUse client_use = run.client_use() - client_before;
  run.stop();
  if (!does_begin || client.broken() > 0) {
    context.why = fmt::format("{} connections of the benchmark broke", client.broken());
    return Errc::kConnReset;
  }
  context.note_core_share(interval.server_cpu());
  figures.rate.add(interval.per_second());
  figures.cycles.add(interval.busy_cycles());
  figures.server_busy.add(interval.server_busy());
  figures.client_busy.add(busy_share(client_use));
  return {};
}

void report_visits(Report& report, const char* what, const char* key, const VisitFigures& f) {
  const double one_core = static_cast<double>(rte_get_tsc_hz()) / f.cycles.median();
  report.add_row({what, with_spread(f.rate), with_spread(f.cycles), with_commas(one_core),
                  fmt::format("{:.0f} %", 100 * f.server_busy.median()),
                  fmt::format("{:.0f} %", 100 * f.client_busy.median())});
  report.figure({{"figure", "connections"},
                 {"visit", key},
                 {"connections_per_second", json_of(f.rate)},
                 {"server_cycles", json_of(f.cycles)},
                 {"server_busy", f.server_busy.median()},
                 {"client_busy", f.client_busy.median()}});
}

/// Where the server's time goes, on one core.
Result<void> report_parts(BenchContext& context) {
  context.report.begin_table(
      "open, one request answered, close, on one thread: cycles of the server's turns",
      {{"driver", 8},
       {"receive", 8},
       {"sockets", 8},
       {"transmit", 8},
       {"stack and API", 22},
       {"a second", 10}});
  StackOnlyOptions options;
  options.visit = Visit::kAskOnce;
  options.client.connections = 100;
  options.requests = context.options.quick ? 20'000 : 100'000;
  options.warm_up = options.requests / 10;
  std::array<Figure, kParts> parts;
  Figure stack;
  for (std::uint32_t round = 0; round < context.rounds(); ++round) {
    ZS_TRY_ASSIGN(const auto result, run_stack_only(options, context.why));
    for (std::size_t i = 0; i < kParts; ++i) parts[i].add(result.cycles[i]);
    stack.add(result.stack_cycles());
  }
  std::vector<std::string> cells;
  double all = 0;
  for (const Figure& part : parts) {
    cells.push_back(with_commas(part.median()));
    all += part.median();
  }
  cells.push_back(with_spread(stack));
  const double a_second = static_cast<double>(rte_get_tsc_hz()) / all;
  cells.push_back(with_commas(a_second));
  context.report.summary("connections_per_second_one_thread", a_second);
  context.report.add_row(std::move(cells));
  context.report.figure({{"figure", "connections_on_one_thread"},
                         {"server_cycles", all},
                         {"stack_cycles", json_of(stack)},
                         {"connections_per_second", a_second}});
  return {};
}

}  // namespace

Result<void> run_connections(BenchContext& context) {
  if (!context.has_two_cpus()) return {};
  VisitFigures opened, asked;
  Steps steps(context.report, 2 * context.rounds());
  for (std::uint32_t round = 0; round < context.rounds(); ++round) {
    ZS_TRY(measure_visits(context, Visit::kOpenAndClose, opened));
    steps.done();
    ZS_TRY(measure_visits(context, Visit::kAskOnce, asked));
    steps.done();
  }
  Report& report = context.report;
  report.begin_table("100 at once; the client closes first", {{"a visit", -36},
                                                              {"connections a second", 28},
                                                              {"server's cycles for one", 24},
                                                              {"were it always busy", 20},
                                                              {"server busy", 12},
                                                              {"client busy", 12}});
  report_visits(report, "open, close", "open", opened);
  report_visits(report, "open, one request answered, close", "ask", asked);
  report.summary("connections_per_second", opened.rate.median());
  report.summary("connections_per_second_with_request", asked.rate.median());
  ZS_TRY(report_parts(context));
  report.note(
      "The cycles are those of the server's busy passes; \"were it always busy\" is what they "
      "allow "
      "on one core when the client is not the bottleneck.");
  return {};
}

}  // namespace zs::bench
