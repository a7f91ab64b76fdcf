// What a request costs the server's stack on one core, by the TSC.

#include <fmt/format.h>

#include "bench/context.hpp"
#include "bench/sections.hpp"
#include "bench/stack_only.hpp"

namespace zs::bench {
namespace {

constexpr std::array<std::uint32_t, 5> kStackSizes = {64, 1'024, 4'096, 8'192, 65'536};

struct StackCost {
  std::array<Figure, kParts> parts;
  Figure stack;
  std::uint64_t copied_bytes = 0;
};

Result<StackCost> measure_stack(BenchContext& context, EchoApi api, std::uint32_t size) {
  StackOnlyOptions options;
  options.api = api;
  options.client = {.connections = context.options.connections, .request_bytes = size};
  options.requests = (context.options.quick ? 4'000'000u : 20'000'000u) / (size + 200) + 1'000;
  options.warm_up = options.requests / 10;
  StackCost cost;
  for (std::uint32_t round = 0; round < context.rounds(); ++round) {
    ZS_TRY_ASSIGN(const auto result, run_stack_only(options, context.why));
    for (std::size_t i = 0; i < kParts; ++i) cost.parts[i].add(result.cycles[i]);
    cost.stack.add(result.stack_cycles());
    cost.copied_bytes += result.copied_bytes;
  }
  return cost;
}

void report_stack(Report& report, bool is_z, std::uint32_t size, const StackCost& cost) {
  std::vector<std::string> cells = {is_z ? "z" : "copying", size_text(size)};
  for (const Figure& part : cost.parts) cells.push_back(fmt::format("{:.0f}", part.median()));
  cells.push_back(with_spread(cost.stack));
  report.add_row(std::move(cells));
  Json record = {{"figure", "stack"},
                 {"api", is_z ? "z" : "copy"},
                 {"bytes", size},
                 {"cycles", json_of(cost.stack)}};
  constexpr std::array<const char*, kParts> kKeys = {"driver", "receive", "sockets", "transmit"};
  for (std::size_t i = 0; i < kParts; ++i) record["parts"][kKeys[i]] = cost.parts[i].median();
  report.figure(std::move(record));
  if (is_z && size == 64) report.summary("cycles_per_request_64", cost.stack.median());
}

}  // namespace

Result<void> run_stack(BenchContext& context) {
  Report& report = context.report;
  report.begin_table(fmt::format("cycles a request, {} connections", context.options.connections),
                     {{"calls", -8},
                      {"bytes", 6},
                      {"driver", 8},
                      {"receive", 8},
                      {"sockets", 8},
                      {"transmit", 8},
                      {"stack and API", 22}});
  std::uint64_t copied_z = 0;
  Steps steps(report, 2 * kStackSizes.size());
  for (const EchoApi api : {EchoApi::kZeroCopy, EchoApi::kCopy}) {
    const bool is_z = api == EchoApi::kZeroCopy;
    for (const std::uint32_t size : kStackSizes) {
      ZS_TRY_ASSIGN(const StackCost cost, measure_stack(context, api, size));
      report_stack(report, is_z, size, cost);
      if (is_z) copied_z += cost.copied_bytes;
      steps.done();
    }
  }
  report.add_to_summary("copied_bytes_z", copied_z);
  report.note(fmt::format("payload bytes that the stack copied for the z calls: {}", copied_z));
  return {};
}

}  // namespace zs::bench
