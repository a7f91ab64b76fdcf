// Two shards against one.

#include <fmt/format.h>

#include "bench/context.hpp"
#include "bench/sections.hpp"
#include "bench/shard_scaling.hpp"

namespace zs::bench {

Result<void> run_shard_scaling(BenchContext& context) {
  if (!context.has_two_cpus()) return {};
  Report& report = context.report;
  ShardScalingOptions options;
  options.client = {.connections = context.options.connections, .request_bytes = 64};
  options.measured = 2 * context.measured();
  Figure one, two, ratios;
  std::uint64_t passed = 0, copied = 0;
  Steps steps(report, context.rounds());
  for (std::uint32_t round = 0; round < context.rounds(); ++round) {
    options.shards = 1;
    ZS_TRY_ASSIGN(const ShardScalingResult alone, run_shards(options, context.why));
    options.shards = 2;
    ZS_TRY_ASSIGN(const ShardScalingResult both, run_shards(options, context.why));
    one.add(alone.requests_per_second);
    two.add(both.requests_per_second);
    ratios.add(both.requests_per_second / alone.requests_per_second);
    context.note_core_share(both.core_share);
    passed += both.passed_packets;
    copied += both.copied_packets;
    steps.done();
  }
  report.begin_table(fmt::format("64 B echo, {} connections a shard", options.client.connections),
                     {{"shards", 6}, {"requests/s", 32}, {"against one", 20}});
  report.add_row({"1", with_spread(one), ""});
  report.add_row(
      {"2", with_spread(two),
       fmt::format("{:.2f}x ({:.2f}-{:.2f})", ratios.median(), ratios.least(), ratios.most())});
  report.note(
      fmt::format("messages between the shards while it was measured: {} packets of "
                  "connections that another shard opened, {} copies for all shards",
                  passed, copied));
  report.summary("shards_2_over_1", ratios.median());
  report.summary("cross_shard_packets", passed + copied);
  report.figure({{"figure", "shards"},
                 {"one", json_of(one)},
                 {"two", json_of(two)},
                 {"ratio", json_of(ratios)},
                 {"passed_packets", passed},
                 {"copied_packets", copied}});
  return {};
}

}  // namespace zs::bench
