// The z calls against the copying ones, and what of the copying ones is copying.

#include <fmt/format.h>

#include "bench/context.hpp"
#include "bench/memcpy_cost.hpp"
#include "bench/sections.hpp"
#include "bench/two_cores.hpp"

namespace zs::bench {
namespace {

constexpr std::array<std::uint32_t, 2> kCallSizes = {8'192, 65'536};
constexpr std::array<EchoApi, 3> kCallApis = {EchoApi::kZeroCopy, EchoApi::kZeroCopyRead,
                                              EchoApi::kCopy};

/// What the three kinds of calls reach, in the order of kCallApis.
struct CallFigures {
  std::array<Figure, kCallApis.size()> rates;
  Figure busy_cycles_copy;  ///< a request, at the server

  double ratio() const { return rates[0].median() / rates[2].median(); }
};

Result<CallFigures> measure_calls(BenchContext& context, std::uint32_t size, CableOffloads offloads,
                                  Steps& steps) {
  CallFigures figures;
  for (std::uint32_t round = 0; round < context.ratio_rounds(); ++round) {
    for (std::size_t i = 0; i < kCallApis.size(); ++i) {
      TwoCoresOptions options;
      options.api = kCallApis[i];
      options.client = {.connections = context.options.connections, .request_bytes = size};
      options.cable.offloads = offloads;
      options.warm_up = context.warm_up();
      options.measured = context.ratio_measured();
      ZS_TRY_ASSIGN(const auto result, run_two_cores(options, context.why));
      figures.rates[i].add(result.requests_per_second());
      context.note_core_share(result.interval.server_cpu());
      if (options.api == EchoApi::kCopy) {
        figures.busy_cycles_copy.add(result.interval.busy_cycles());
      } else if (options.api == EchoApi::kZeroCopy && offloads == CableOffloads::kAll) {
        context.report.add_to_summary("copied_bytes_z", result.copied_bytes);
      }
      steps.done();
    }
  }
  return figures;
}

void report_calls(Report& report, std::uint32_t size, bool offloaded, const CallFigures& figures) {
  report.add_row({size_text(size), offloaded ? "TSO, LRO" : "none", with_spread(figures.rates[0]),
                  with_spread(figures.rates[1]), with_spread(figures.rates[2]),
                  fmt::format("{:.2f}x", figures.ratio())});
  if (offloaded) report.summary("z_over_copy_" + size_text(size), figures.ratio());
  report.figure({{"figure", "calls"},
                 {"bytes", size},
                 {"offloads", offloaded},
                 {"z", json_of(figures.rates[0])},
                 {"z_reading_all", json_of(figures.rates[1])},
                 {"copy", json_of(figures.rates[2])},
                 {"ratio", figures.ratio()}});
}

/// How much faster the copying calls were if copying took no time.
Result<void> report_limit(BenchContext& context, std::uint32_t size, const CallFigures& figures) {
  ZS_TRY_ASSIGN(const double copying, copy_cycles(size, context.why));
  const double all = figures.busy_cycles_copy.median();
  const double share = std::min(copying / all, 0.999);
  context.report.add_row({size_text(size), with_commas(copying), with_commas(all),
                          fmt::format("{:.0f} %", 100 * share),
                          fmt::format("{:.2f}x", 1 / (1 - share)),
                          fmt::format("{:.2f}x", figures.ratio())});
  context.report.summary("memcpy_share_" + size_text(size), share);
  context.report.figure({{"figure", "memcpy"},
                         {"bytes", size},
                         {"memcpy_cycles", copying},
                         {"request_cycles", json_of(figures.busy_cycles_copy)},
                         {"share", share}});
  return {};
}

}  // namespace

Result<void> run_calls(BenchContext& context) {
  if (!context.has_two_cpus()) return {};
  Report& report = context.report;
  report.begin_table(fmt::format("requests a second, {} connections", context.options.connections),
                     {{"bytes", 5},
                      {"offloads", 9},
                      {"z", 30},
                      {"z, every byte read", 30},
                      {"copying", 30},
                      {"z/copying", 9}});
  std::array<CallFigures, kCallSizes.size()> offloaded;
  Steps steps(report, 2 * kCallSizes.size() * kCallApis.size() * context.ratio_rounds());
  for (const auto offloads : {CableOffloads::kAll, CableOffloads::kNone}) {
    const bool has_offloads = offloads == CableOffloads::kAll;
    for (std::size_t i = 0; i < kCallSizes.size(); ++i) {
      ZS_TRY_ASSIGN(const CallFigures figures,
                    measure_calls(context, kCallSizes[i], offloads, steps));
      report_calls(report, kCallSizes[i], has_offloads, figures);
      if (has_offloads) offloaded[i] = figures;
    }
  }
  report.begin_table(
      "the limit of the gain, with TSO and LRO: cycles of a request at the server that copies",
      {{"bytes", 5},
       {"memcpy alone", 12},
       {"all of it", 10},
       {"share", 7},
       {"without memcpy", 14},
       {"z/copying", 9}});
  for (std::size_t i = 0; i < kCallSizes.size(); ++i) {
    ZS_TRY(report_limit(context, kCallSizes[i], offloaded[i]));
  }
  return {};
}

}  // namespace zs::bench
