// The same, counted by callgrind: the figure without noise.

#include <fmt/format.h>

#include "bench/context.hpp"
#include "bench/instructions.hpp"
#include "bench/sections.hpp"

namespace zs::bench {

Result<void> run_instructions(BenchContext& context) {
  Report& report = context.report;
  const std::uint32_t size = context.options.size;
  const auto counted = count_instructions(size, context.why);
  if (!counted) {
    report.skip(std::exchange(context.why, {}));
    return {};
  }
  report.begin_table(fmt::format("instructions a request of {} B", size),
                     {{"instructions", 12}, {"where", -52}});
  Json record = {{"figure", "instructions"}, {"bytes", size}};
  for (std::size_t i = 0; i < kParts; ++i) {
    report.add_row({fmt::format("{:.0f}", (*counted)[i]), std::string(kPartNames[i])});
    record["parts"].push_back((*counted)[i]);
  }
  const double stack = (*counted)[1] + (*counted)[2] + (*counted)[3];
  report.add_row({fmt::format("{:.0f}", stack), "stack and API: the last three"});
  record["instructions"] = stack;
  report.figure(std::move(record));
  if (size == 64) report.summary("instructions_per_request_64", stack);
  return {};
}

}  // namespace zs::bench
