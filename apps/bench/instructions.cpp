#include "bench/instructions.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>

namespace zs::bench {
namespace {

constexpr std::uint64_t kCountedRequests = 5'000;

struct ClosePipe {
  void operator()(std::FILE* f) const { pclose(f); }
};

/// The number behind `word` at the beginning of a line.
std::optional<double> number_behind(const std::string& line, const std::string& word) {
  if (!line.starts_with(word)) return std::nullopt;
  return std::strtod(line.c_str() + word.size(), nullptr);
}

/// callgrind over this program.
struct CountingRun {
  std::filesystem::path profile;
  std::unique_ptr<std::FILE, ClosePipe> output;
};

/// `number` tells the profiles of this process apart.
CountingRun start_counting(const std::string& arguments, std::size_t number) {
  namespace fs = std::filesystem;
  std::error_code error;
  const fs::path self = fs::read_symlink("/proc/self/exe", error);
  const std::string name =
      "zstack-callgrind-" + std::to_string(getpid()) + "-" + std::to_string(number);
  CountingRun run{fs::temp_directory_path(error) / name, nullptr};
  const std::string command =
      "valgrind --tool=callgrind --collect-atstart=no --callgrind-out-file='" +
      run.profile.string() + "' '" + self.string() + "' bench " + arguments + " 2>/dev/null";
  run.output.reset(popen(command.c_str(), "re"));
  return run;
}

/// Waits for its end.
std::optional<double> requests_of(CountingRun& run) {
  if (run.output == nullptr) return std::nullopt;
  std::optional<double> requests;
  std::array<char, 512> line{};
  while (std::fgets(line.data(), static_cast<int>(line.size()), run.output.get()) != nullptr) {
    if (const auto n = number_behind(line.data(), "requests ")) requests = n;
  }
  run.output.reset();  // only now is the profile whole
  return requests;
}

std::optional<double> total_of(const std::filesystem::path& profile) {
  std::ifstream file(profile);
  std::optional<double> total;
  for (std::string line; std::getline(file, line);) {
    if (const auto n = number_behind(line, "totals: ")) total = n;
  }
  return total;
}

}  // namespace

Result<std::vector<double>> count_runs(const std::vector<std::string>& arguments,
                                       std::string& why) {
  std::vector<CountingRun> runs;  // at the same time: what is counted is not disturbed
  runs.reserve(arguments.size());
  for (const std::string& each : arguments) runs.push_back(start_counting(each, runs.size()));
  std::vector<double> instructions;
  for (CountingRun& run : runs) {
    const auto requests = requests_of(run);
    const auto total = total_of(run.profile);
    std::error_code error;
    std::filesystem::remove(run.profile, error);
    if (requests && total) instructions.push_back(*total / *requests);
  }
  if (instructions.size() == arguments.size()) return instructions;
  why = "callgrind did not run: is valgrind installed, and was zstack built with its headers?";
  return Errc::kNotFound;
}

Result<std::array<double, kParts>> count_instructions(std::uint32_t request_bytes,
                                                      std::string& why) {
  std::vector<std::string> arguments;
  for (std::size_t part = 0; part < kParts; ++part) {
    arguments.push_back("--count " + std::to_string(part) + " --size " +
                        std::to_string(request_bytes));
  }
  ZS_TRY_ASSIGN(const std::vector<double> counted, count_runs(arguments, why));
  std::array<double, kParts> instructions{};
  std::copy(counted.begin(), counted.end(), instructions.begin());
  return instructions;
}

Result<void> run_counted(Part part, std::uint32_t request_bytes, bool visits, std::string& why) {
  count_instructions_of({&part, 1});
  StackOnlyOptions options;
  options.client.request_bytes = request_bytes;
  if (visits) options.visit = Visit::kAskOnce;
  options.requests = kCountedRequests;
  options.warm_up = kCountedRequests / 5;
  ZS_TRY_ASSIGN(const StackOnlyResult result, run_stack_only(options, why));
  std::printf("requests %llu\n", static_cast<unsigned long long>(result.requests));
  return {};
}

}  // namespace zs::bench
