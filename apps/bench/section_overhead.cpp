// What each face of the stack adds to a request, counted and timed.

#include <fmt/format.h>

#include "bench/context.hpp"
#include "bench/overhead.hpp"
#include "bench/sections.hpp"

namespace zs::bench {
namespace {

using Counted = std::array<double, kEchoPrograms>;

double percent_over(const Counted& counted, EchoProgram program, EchoProgram base) {
  const double least = counted[static_cast<std::size_t>(base)];
  return 100 * (counted[static_cast<std::size_t>(program)] - least) / least;
}

}  // namespace

Result<void> run_overhead(BenchContext& context) {
  Report& report = context.report;
  const std::uint32_t size = context.options.size;
  const auto counted = count_programs(size, context.why);
  if (!counted) {
    report.skip(std::exchange(context.why, {}));
    return {};
  }
  std::array<Figure, kEchoPrograms> cycles;
  for (std::uint32_t round = 0; round < context.rounds(); ++round) {
    for (std::size_t i = 0; i < kEchoPrograms; ++i) {
      ZS_TRY_ASSIGN(const double each,
                    time_program(static_cast<EchoProgram>(i), size, context.why));
      cycles[i].add(each);
    }
  }
  report.begin_table(fmt::format("a request of {} B in stack, API and program", size),
                     {{"program", -20}, {"instructions", 12}, {"cycles", 22}});
  for (std::size_t i = 0; i < kEchoPrograms; ++i) {
    report.add_row({std::string(kEchoProgramNames[i]), fmt::format("{:.0f}", (*counted)[i]),
                    with_spread(cycles[i])});
    report.figure({{"figure", "overhead"},
                   {"program", kEchoProgramNames[i]},
                   {"bytes", size},
                   {"instructions", (*counted)[i]},
                   {"cycles", json_of(cycles[i])}});
  }
  const double api = percent_over(*counted, EchoProgram::kEpoll, EchoProgram::kInternal);
  const double coroutines =
      percent_over(*counted, EchoProgram::kCoroutines, EchoProgram::kCallbacks);
  report.note(
      fmt::format("instructions: the C API adds {:.1f} % to internal calls, coroutines {:.1f} % to "
                  "callbacks",
                  api, coroutines));
  if (size == 64) {
    report.summary("api_over_internal_percent", api);
    report.summary("coroutines_over_callbacks_percent", coroutines);
  }
  return {};
}

}  // namespace zs::bench
