#include "bench/bench.hpp"

#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/figure.hpp"
#include "bench/instructions.hpp"
#include "bench/stack_only.hpp"
#include "bench/two_cores.hpp"
#include "runtime/eal.hpp"
#include "runtime/log.hpp"

namespace zs::apps {
namespace {

using namespace std::chrono_literals;
using bench::EchoApi;
using bench::Figure;

constexpr const char* kBenchCommand = "bench";
constexpr const char* kBenchHelp =
    "Measure zstack on this machine, without a network: an echo server's stack and its client's "
    "on\n"
    "two cores, joined by a cable that passes the buffers themselves, and the kernel's loopback\n"
    "beside them. Alternately, several rounds; medians, with the least and the most.\n"
    "docs/performance.md explains each figure.";
constexpr std::array<std::uint32_t, 4> kSizes = {64, 1'024, 4'096, 8'192};
constexpr std::uint32_t kLargeSize = 65'536;

struct BenchArguments {
  bool stack_only = false;
  bool quick = false;
  bool as_json = false;
  int count = -1;  ///< hidden: see bench/instructions.hpp
  std::uint32_t size = 64;
  std::uint32_t connections = 50;
  std::uint32_t rounds = 5;
  std::string out;
};

std::string size_name(std::uint32_t bytes) {
  return bytes < 1'024 ? std::to_string(bytes) : std::to_string(bytes / 1'024) + "k";
}

/// The whole run: what was asked for, and the figures so far.
class BenchRun {
 public:
  explicit BenchRun(const BenchArguments& a)
      : a_(a), rounds_(a.quick ? 2 : a.rounds), measured_(a.quick ? 300ms : 1'000ms) {}

  int run();

 private:
  Result<void> start_eal();
  Result<void> measure_stack_only();
  Result<void> measure_instructions();
  Result<void> measure_cores();
  Result<void> compare_calls(std::uint32_t size, bench::CableOffloads offloads);
  Result<void> compare_kernel(std::uint32_t size);
  Result<double> two_cores(EchoApi api, std::uint32_t size, bench::CableOffloads offloads);
  bool write_results() const;

  template <typename... Args>
  void say(fmt::format_string<Args...> text, Args&&... args) const {
    if (!a_.as_json) fmt::print(text, std::forward<Args>(args)...);
    std::fflush(stdout);
  }

  const BenchArguments& a_;
  std::uint32_t rounds_;
  Duration measured_;
  runtime::Machine machine_ = runtime::this_machine();
  std::unique_ptr<runtime::Eal> eal_;
  std::uint64_t copied_z_ = 0;
  nlohmann::ordered_json summary_;
  nlohmann::ordered_json figures_ = nlohmann::ordered_json::array();
  std::string why_;
};

Result<void> BenchRun::start_eal() {
  runtime::Config config;
  const std::size_t cores = std::min<std::size_t>(machine_.cpus.size(), 2);
  config.runtime.lcores.assign(machine_.cpus.end() - static_cast<std::ptrdiff_t>(cores),
                               machine_.cpus.end());
  config.runtime.memory_mb = 512;
  config.runtime.hugepages = runtime::Hugepages::kNever;
  config.runtime.log_level = runtime::LogLevel::kWarning;
  config.device.kind = runtime::DeviceKind::kDpdk;  // none is opened; EAL probes no PCI
  runtime::start_log(config.runtime.log_level);
  ZS_TRY_ASSIGN(const runtime::EalPlan plan,
                runtime::plan_eal(config, machine_, {}, static_cast<unsigned>(getpid()), why_));
  ZS_TRY_ASSIGN(eal_, runtime::Eal::start(plan, why_));
  return {};
}

Result<void> BenchRun::measure_stack_only() {
  say("\nOne core, client and server in turn, {} connections: cycles a request at the server\n"
      "  {:>6}  {:>6}  {:>8} {:>8} {:>8} {:>8}   {}\n",
      a_.connections, "calls", "bytes", "driver", "receive", "sockets", "transmit",
      "stack and API");
  for (const EchoApi api : {EchoApi::kZeroCopy, EchoApi::kCopy}) {
    for (const std::uint32_t size : {kSizes[0], kSizes[1], kSizes[2], kSizes[3], kLargeSize}) {
      bench::StackOnlyOptions options;
      options.api = api;
      options.client = {.connections = a_.connections, .request_bytes = size};
      options.requests = (a_.quick ? 4'000'000u : 20'000'000u) / (size + 200) + 1'000;
      options.warm_up = options.requests / 10;
      std::array<Figure, bench::kParts> parts;
      Figure stack;
      for (std::uint32_t round = 0; round < rounds_; ++round) {
        ZS_TRY_ASSIGN(const auto result, bench::run_stack_only(options, why_));
        for (std::size_t i = 0; i < bench::kParts; ++i) parts[i].add(result.cycles[i]);
        stack.add(result.stack_cycles());
        if (api == EchoApi::kZeroCopy) copied_z_ += result.copied_bytes;
      }
      const bool is_z = api == EchoApi::kZeroCopy;
      say("  {:>6}  {:>6}  {:>8.0f} {:>8.0f} {:>8.0f} {:>8.0f}   {:.0f} ({:.0f}-{:.0f})\n",
          is_z ? "z" : "copy", size_name(size), parts[0].median(), parts[1].median(),
          parts[2].median(), parts[3].median(), stack.median(), stack.least(), stack.most());
      if (is_z && size == 64) summary_["cycles_per_request_64"] = stack.median();
      figures_.push_back({{"figure", "stack_only"},
                          {"api", is_z ? "z" : "copy"},
                          {"bytes", size},
                          {"cycles", stack.median()},
                          {"least", stack.least()},
                          {"most", stack.most()}});
    }
  }
  return {};
}

Result<void> BenchRun::measure_instructions() {
  say("\nInstructions of a {} B request at the server, by callgrind\n", a_.size);
  const auto counted = bench::count_instructions(a_.size, why_);
  if (!counted) {
    say("  not counted: {}\n", why_);
    why_.clear();
    return {};
  }
  for (std::size_t i = 0; i < bench::kParts; ++i) {
    say("  {:>8.0f}  {}\n", (*counted)[i], bench::kPartNames[i]);
  }
  const double stack = (*counted)[1] + (*counted)[2] + (*counted)[3];
  say("  {:>8.0f}  stack and API\n", stack);
  if (a_.size == 64) summary_["instructions_per_request_64"] = stack;
  return {};
}

Result<double> BenchRun::two_cores(EchoApi api, std::uint32_t size, bench::CableOffloads offloads) {
  bench::TwoCoresOptions options;
  options.api = api;
  options.client = {.connections = a_.connections, .request_bytes = size};
  options.offloads = offloads;
  options.measured = measured_;
  ZS_TRY_ASSIGN(const auto result, bench::run_two_cores(options, why_));
  if (api == EchoApi::kZeroCopy && offloads == bench::CableOffloads::kAll) {
    copied_z_ += result.copied_bytes;
  }
  return result.requests_per_second;
}

Result<void> BenchRun::compare_calls(std::uint32_t size, bench::CableOffloads offloads) {
  Figure z, read, copy;
  for (std::uint32_t round = 0; round < rounds_; ++round) {
    ZS_TRY_ASSIGN(const double by_z, two_cores(EchoApi::kZeroCopy, size, offloads));
    ZS_TRY_ASSIGN(const double by_read, two_cores(EchoApi::kZeroCopyRead, size, offloads));
    ZS_TRY_ASSIGN(const double by_copy, two_cores(EchoApi::kCopy, size, offloads));
    z.add(by_z);
    read.add(by_read);
    copy.add(by_copy);
  }
  const double ratio = z.median() / copy.median();
  const bool offloaded = offloads == bench::CableOffloads::kAll;
  say("  {:>5} {:>9}  {:>10} ({}-{})  {:>10}  {:>10} ({}-{})  {:.2f}x\n", size_name(size),
      offloaded ? "TSO, LRO" : "none", bench::with_commas(z.median()),
      bench::with_commas(z.least()), bench::with_commas(z.most()),
      bench::with_commas(read.median()), bench::with_commas(copy.median()),
      bench::with_commas(copy.least()), bench::with_commas(copy.most()), ratio);
  if (offloaded) summary_["z_over_copy_" + size_name(size)] = ratio;
  figures_.push_back({{"figure", "z_over_copy"},
                      {"bytes", size},
                      {"offloads", offloaded},
                      {"z", z.median()},
                      {"z_reading_all", read.median()},
                      {"copy", copy.median()},
                      {"ratio", ratio}});
  return {};
}

Result<void> BenchRun::compare_kernel(std::uint32_t size) {
  Figure ours, kernel;
  for (std::uint32_t round = 0; round < rounds_; ++round) {
    ZS_TRY_ASSIGN(const double z, two_cores(EchoApi::kZeroCopy, size, bench::CableOffloads::kAll));
    bench::TwoCoresOptions options;
    options.client = {.connections = a_.connections, .request_bytes = size};
    options.measured = measured_;
    const std::size_t cpus = machine_.cpus.size();
    ZS_TRY_ASSIGN(const auto k, bench::run_kernel_loopback(options, machine_.cpus[cpus - 2],
                                                           machine_.cpus[cpus - 1], why_));
    ours.add(z);
    kernel.add(k.requests_per_second);
  }
  const double ratio = ours.median() / kernel.median();
  say("  {:>5}  {:>10} ({}-{})  {:>10} ({}-{})  {:.2f}x\n", size_name(size),
      bench::with_commas(ours.median()), bench::with_commas(ours.least()),
      bench::with_commas(ours.most()), bench::with_commas(kernel.median()),
      bench::with_commas(kernel.least()), bench::with_commas(kernel.most()), ratio);
  summary_["kernel_ratio_" + size_name(size)] = ratio;
  figures_.push_back({{"figure", "kernel_ratio"},
                      {"bytes", size},
                      {"zstack", ours.median()},
                      {"kernel", kernel.median()},
                      {"ratio", ratio}});
  return {};
}

Result<void> BenchRun::measure_cores() {
  if (machine_.cpus.size() < 2) {
    say("\nTwo cores: not measured, this process may use one CPU only\n");
    return {};
  }
  say("\nTwo cores, {} connections, requests/s: the z calls, the same looking at every byte, the "
      "copying calls\n",
      a_.connections);
  using bench::CableOffloads;
  for (const auto offloads : {CableOffloads::kAll, CableOffloads::kNone}) {
    for (const std::uint32_t size : {kSizes[3], kLargeSize}) ZS_TRY(compare_calls(size, offloads));
  }
  say("\nTwo cores, {} connections, requests/s: zstack over the cable, the kernel over its "
      "loopback\n",
      a_.connections);
  for (const std::uint32_t size : kSizes) ZS_TRY(compare_kernel(size));
  return {};
}

bool BenchRun::write_results() const {
  const nlohmann::ordered_json all = {{"summary", summary_}, {"figures", figures_}};
  if (a_.as_json) fmt::print("{}\n", all.dump(2));
  if (a_.out.empty()) return true;
  std::error_code error;
  std::filesystem::create_directories(a_.out, error);
  const std::filesystem::path path = std::filesystem::path(a_.out) / "results.json";
  std::ofstream file(path);
  file << all.dump(2) << '\n';
  if (!file.flush()) return false;
  say("\nwritten: {}\n", path.string());
  return true;
}

int BenchRun::run() {
  const auto measure = [this]() -> Result<void> {
    ZS_TRY(start_eal());
    if (a_.count >= 0) return bench::run_counted(static_cast<bench::Part>(a_.count), a_.size, why_);
    ZS_TRY(measure_stack_only());
    ZS_TRY(measure_instructions());
    if (!a_.stack_only) ZS_TRY(measure_cores());
    summary_["copied_bytes_z"] = copied_z_;
    say("\npayload bytes that the stack copied on the z path: {}\n", copied_z_);
    return {};
  };
  if (!measure()) return complain(kBenchCommand, kExitFailed, why_);
  if (a_.count >= 0) return kExitOk;
  if (!write_results()) {
    return complain(kBenchCommand, kExitFailed, "--out: cannot write results.json into " + a_.out);
  }
  return kExitOk;
}

}  // namespace

void add_bench(CLI::App& zstack, Action& action) {
  auto arguments = std::make_shared<BenchArguments>();
  BenchArguments& a = *arguments;
  auto* command = zstack.add_subcommand("bench", kBenchHelp);
  command->add_flag("--quick", a.quick, "two short rounds instead of --rounds");
  command->add_flag("--stack-only", a.stack_only, "only what a request costs on one core");
  command->add_option("--rounds", a.rounds, "how often each thing is measured")
      ->check(CLI::Range(1, 100));
  command->add_option("-c,--connections", a.connections, "of the client")
      ->check(CLI::Range(1, 4'000));
  command->add_option("--size", a.size, "request whose instructions are counted, in bytes")
      ->check(CLI::Range(1, 65'536));
  command->add_option("--out", a.out, "write results.json into this folder")->type_name("DIR");
  command->add_flag("--json", a.as_json, "print the results as JSON only");
  command->add_option("--count", a.count)->group("")->check(CLI::Range(0, 3));
  command->callback(
      [arguments, &action] { action = [arguments] { return BenchRun(*arguments).run(); }; });
}

}  // namespace zs::apps
