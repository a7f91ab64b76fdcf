// One TCP flow between two processes, beside what testpmd carries over the same link.

#include <fmt/format.h>

#include <array>

#include "bench/context.hpp"
#include "bench/process_wire.hpp"
#include "bench/sections.hpp"

namespace zs::bench {
namespace {

constexpr std::array kBulkLinks = {ProcessLink::kMemif, ProcessLink::kVirtio};
constexpr double kGigabit = 1e9 / 8;

Result<double> measure_link(BenchContext& context, ProcessLink link, const ProcessWire& wire) {
  Figure ours, testpmd;
  const std::uint32_t rounds = context.options.quick ? 1 : context.rounds();
  const std::string length = context.options.quick ? "1s" : "2s";
  for (std::uint32_t round = 0; round < rounds; ++round) {
    ZS_TRY_ASSIGN(const LoadFigures f,
                  wire.run({"--sink"},
                           {"--bulk", "send", "--connections", "1", "--duration", length,
                            "--warmup", "300ms"},
                           context.server_cpu(), context.client_cpu(), context.why));
    ours.add(f.sent_bytes_per_second / kGigabit);
    ZS_TRY_ASSIGN(const double forwarded,
                  wire.run_testpmd(context.server_cpu(), context.client_cpu(),
                                   std::chrono::seconds{1}, context.why));
    testpmd.add(forwarded / kGigabit);
  }
  const double ratio = ours.median() / testpmd.median();
  const std::string name(name_of(link));
  context.report.add_row(
      {name, fmt::format("{:.2f} ({:.2f}-{:.2f})", ours.median(), ours.least(), ours.most()),
       fmt::format("{:.2f} ({:.2f}-{:.2f})", testpmd.median(), testpmd.least(), testpmd.most()),
       fmt::format("{:.0f} %", 100 * ratio)});
  context.report.figure({{"figure", "testpmd"},
                         {"link", name},
                         {"zstack_gbit_per_second", ours.median()},
                         {"testpmd_gbit_per_second", testpmd.median()},
                         {"ratio", ratio}});
  context.report.summary("bulk_over_testpmd_" + name, ratio);
  return ratio;
}

}  // namespace

Result<void> run_testpmd(BenchContext& context) {
  if (!context.has_two_cpus()) return {};
  Report& report = context.report;
  if (find_program("dpdk-testpmd").empty()) {
    report.skip("it takes dpdk-testpmd, of the package dpdk-dev");
    return {};
  }
  report.begin_table("one flow's payload, and testpmd's frames of 1514 bytes, in Gbit/s",
                     {{"link", -6}, {"zstack", 24}, {"testpmd", 24}, {"zstack/testpmd", 15}});
  bool has_any = false;
  for (const ProcessLink link : kBulkLinks) {
    const auto wire = ProcessWire::create(link, context.why);
    if (!wire) {
      report.note(std::string(name_of(link)) + " is not measured: " + context.why);
      context.why.clear();
      continue;
    }
    ZS_TRY_ASSIGN(const double ratio, measure_link(context, link, *wire));
    // The one with the offloads of a NIC comes last and counts.
    report.summary("bulk_over_testpmd", ratio);
    has_any = true;
  }
  if (!has_any) report.skip("no link between two processes can be made");
  return {};
}

}  // namespace zs::bench
