// One flow, as much as it takes.

#include <fmt/format.h>

#include "bench/bulk.hpp"
#include "bench/cable_run.hpp"
#include "bench/context.hpp"
#include "bench/sections.hpp"
#include "bench/two_cores.hpp"

namespace zs::bench {
namespace {

Result<double> measure_bulk(BenchContext& context, CableOffloads offloads) {
  ZS_TRY_ASSIGN(const auto world, CableWorld::create({.offloads = offloads}, context.why));
  BulkSink server(*world->server().sockets);
  BulkSource client(*world->client().sockets, world->client().pools());
  CableRun run(*world, server, client);
  ZS_TRY(run.start(context.why));
  const bool does_begin = wait_until([&] { return server.received() > 0; });
  const Interval interval = measure_interval(
      context.warm_up(), context.measured(),
      {.count = [&] { return server.received(); }, .server_use = [&] { return run.server_use(); }});
  run.stop();
  if (!does_begin || client.is_broken() || interval.count == 0) {
    context.why = "the bulk connection of the benchmark broke";
    return Errc::kConnReset;
  }
  context.note_core_share(interval.server_cpu());
  return interval.per_second();
}

}  // namespace

Result<void> run_bulk(BenchContext& context) {
  if (!context.has_two_cpus()) return {};
  struct Kind {
    CableOffloads offloads;
    const char* name;
    const char* key;
    Figure bytes = {};
  };
  std::array kinds = {
      Kind{CableOffloads::kAll, "TSO, LRO", "bulk_bytes_per_second"},
      Kind{CableOffloads::kNone, "none", "bulk_bytes_per_second_no_offloads"},
  };
  Steps steps(context.report, kinds.size() * context.rounds());
  for (std::uint32_t round = 0; round < context.rounds(); ++round) {
    for (Kind& kind : kinds) {
      ZS_TRY_ASSIGN(const double rate, measure_bulk(context, kind.offloads));
      kind.bytes.add(rate);
      steps.done();
    }
  }
  Report& report = context.report;
  report.begin_table(
      "one connection, the z calls, MTU 1500",
      {{"offloads", -9}, {"Gbit/s", 8}, {"least", 8}, {"most", 8}, {"bytes a second", 18}});
  for (const Kind& kind : kinds) {
    const auto gigabits = [](double bytes) { return fmt::format("{:.1f}", bytes * 8e-9); };
    report.add_row({kind.name, gigabits(kind.bytes.median()), gigabits(kind.bytes.least()),
                    gigabits(kind.bytes.most()), with_commas(kind.bytes.median())});
    report.summary(kind.key, kind.bytes.median());
    report.figure({{"figure", "bulk"},
                   {"offloads", kind.offloads == CableOffloads::kAll},
                   {"bytes_per_second", json_of(kind.bytes)}});
  }
  return {};
}

}  // namespace zs::bench
