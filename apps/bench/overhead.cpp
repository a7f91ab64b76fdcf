#include "bench/overhead.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <vector>

#include "bench/child.hpp"
#include "bench/instructions.hpp"
#include "bench/stack_only.hpp"

namespace zs::bench {
namespace {

constexpr std::uint64_t kCountedProgramRequests = 5'000;
constexpr std::uint64_t kTimedProgramRequests = 500'000;
constexpr std::array kAllButDriver = {Part::kReceive, Part::kSocket, Part::kTransmit};
constexpr std::string_view kCyclesWord = "cycles ";

}  // namespace

Result<std::array<double, kEchoPrograms>> count_programs(std::uint32_t request_bytes,
                                                         std::string& why) {
  std::vector<std::string> arguments;
  for (std::size_t program = 0; program < kEchoPrograms; ++program) {
    arguments.push_back("--count 0 --program " + std::to_string(program) + " --size " +
                        std::to_string(request_bytes));
  }
  ZS_TRY_ASSIGN(const std::vector<double> counted, count_runs(arguments, why));
  std::array<double, kEchoPrograms> instructions{};
  std::copy(counted.begin(), counted.end(), instructions.begin());
  return instructions;
}

Result<double> time_program(EchoProgram program, std::uint32_t request_bytes, std::string& why) {
  const ChildOptions self = {.command = {own_program(), "bench", "--program",
                                         std::to_string(static_cast<unsigned>(program)), "--size",
                                         std::to_string(request_bytes)}};
  ZS_TRY_ASSIGN(const std::string output, run_command(self, std::chrono::seconds{60}, why));
  const std::size_t at = output.find(kCyclesWord);
  if (at != std::string::npos) {
    return std::strtod(output.c_str() + at + kCyclesWord.size(), nullptr);
  }
  why = "a timed echo program says no cycles";
  return Errc::kConnReset;
}

Result<void> run_program(EchoProgram program, std::uint32_t request_bytes, bool is_counted,
                         std::string& why) {
  if (is_counted) count_instructions_of(kAllButDriver);
  StackOnlyOptions options;
  options.program = program;
  options.client.request_bytes = request_bytes;
  options.requests = is_counted ? kCountedProgramRequests : kTimedProgramRequests;
  options.warm_up = options.requests / 5;
  ZS_TRY_ASSIGN(const StackOnlyResult result, run_stack_only(options, why));
  std::printf("requests %llu\n%s%.1f\n", static_cast<unsigned long long>(result.requests),
              kCyclesWord.data(), result.stack_cycles());
  return {};
}

}  // namespace zs::bench
