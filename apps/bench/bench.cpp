#include "bench/bench.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <ctime>
#include <fstream>
#include <memory>
#include <string>

#include "bench/context.hpp"
#include "bench/instructions.hpp"
#include "bench/overhead.hpp"
#include "bench/page.hpp"
#include "bench/sections.hpp"
#include "bench/targets.hpp"
#include "runtime/eal.hpp"
#include "runtime/log.hpp"

namespace zs::apps {
namespace {

using bench::BenchContext;
using bench::BenchOptions;
using bench::Report;
using bench::Section;

constexpr const char* kBenchCommand = "bench";
constexpr const char* kBenchHelp =
    "Measure zstack on this machine: the figures 5 to 9 of the Z-stack paper and our own. Each "
    "thing\n"
    "in several rounds, alternately with what it is compared with; medians, with the least and "
    "the\n"
    "most. docs/performance.md explains each figure.";
constexpr std::uint32_t kBenchMemoryMb = 512;

Result<std::unique_ptr<runtime::Eal>> start_bench_eal(const runtime::Machine& machine,
                                                      std::string& why) {
  runtime::Config config;
  const std::size_t cores = std::min<std::size_t>(machine.cpus.size(), 2);
  config.runtime.lcores.assign(machine.cpus.end() - static_cast<std::ptrdiff_t>(cores),
                               machine.cpus.end());
  config.runtime.memory_mb = kBenchMemoryMb;
  config.runtime.hugepages = runtime::Hugepages::kNever;
  config.runtime.log_level = runtime::LogLevel::kWarning;
  config.device.kind = runtime::DeviceKind::kDpdk;  // none is opened; EAL probes no PCI
  runtime::start_log(config.runtime.log_level);
  ZS_TRY_ASSIGN(const runtime::EalPlan plan,
                runtime::plan_eal(config, machine, {}, static_cast<unsigned>(getpid()), why));
  return runtime::Eal::start(plan, why);
}

double expected_seconds(const BenchContext& context, const Section& section) {
  if (context.options.quick) return section.quick_seconds * context.rounds() / 2;
  return section.full_seconds * context.rounds() / 5;
}

/// "[2 of 9, 3 min left]"
std::string place_in_run(const BenchContext& context, const std::vector<const Section*>& sections,
                         std::size_t at) {
  double left = 0;
  for (std::size_t i = at; i < sections.size(); ++i) {
    left += expected_seconds(context, *sections[i]);
  }
  const std::string time = left < 90 ? fmt::format("{:.0f} s", std::max(left, 1.0))
                                     : fmt::format("{:.0f} min", left / 60);
  return fmt::format("[{} of {}, about {} left]", at + 1, sections.size(), time);
}

void run_sections(BenchContext& context, const std::vector<const Section*>& sections) {
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const Section& section = *sections[i];
    context.report.begin_section({.name = std::string(section.name),
                                  .title = std::string(section.title),
                                  .about = std::string(section.about),
                                  .paper = std::string(section.paper)},
                                 place_in_run(context, sections, i));
    context.why.clear();
    if (!section.run(context)) context.report.fail(context.why);
  }
}

std::string cpu_model() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown CPU";
}

/// What a reader must know to judge the figures.
void tell_facts(BenchContext& context) {
  const BenchOptions& options = context.options;
  const std::time_t now = std::time(nullptr);
  std::tm utc{};
  gmtime_r(&now, &utc);
  std::string command = "zstack bench";
  if (options.quick) command += " --quick";
  if (options.rounds > 0) command += fmt::format(" --rounds {}", options.rounds);
  if (!options.only.empty()) command += fmt::format(" --only {}", fmt::join(options.only, ","));
  context.report.fact("zstack", ZS_VERSION);
  context.report.fact("when", fmt::format("{:%Y-%m-%d %H:%M} UTC", utc));
  context.report.fact("machine",
                      fmt::format("{}, {} CPUs", cpu_model(), context.machine.cpus.size()));
  context.report.fact("command", command);
  context.report.fact("quick", options.quick);
  context.report.fact("rounds", context.rounds());
}

void print_targets(const Report& report) {
  fmt::print("\nWhat must be shown\n");
  for (const bench::Target& target : bench::all_targets()) {
    const auto verdict = bench::judge(target, report.summary());
    fmt::print("  {:12}  {:>10}  {:<18}  {}\n", text_of(verdict),
               measured_text(target, report.summary()), wanted_text(target), target.what);
  }
}

/// A spinning thread gets all of its core, if nobody else wants it.
void tell_if_disturbed(BenchContext& context) {
  constexpr double kUndisturbed = 0.97;
  const auto& shares = context.core_shares;
  if (shares.runs() == 0) return;
  context.report.fact("core_share", bench::json_of(shares));
  if (shares.median() >= kUndisturbed) return;
  context.report.warn(
      fmt::format("Other programs ran meanwhile: the server's thread got {:.0f} % of its core "
                  "(median; {:.0f} % at "
                  "worst). Cycles and ratios are not to be trusted; repeat it on a quiet machine.",
                  100 * shares.median(), 100 * shares.least()));
}

int run_bench(const BenchOptions& options) {
  const runtime::Machine machine = runtime::this_machine();
  std::string why;
  const auto sections = bench::choose_sections(options.only, why);
  if (!sections) return complain(kBenchCommand, kExitUsage, why);
  const auto eal = start_bench_eal(machine, why);
  if (!eal) return complain(kBenchCommand, kExitFailed, why);
  if (options.program >= 0) {
    const auto program = static_cast<bench::EchoProgram>(options.program);
    if (bench::run_program(program, options.size, options.count >= 0, why)) return kExitOk;
    return complain(kBenchCommand, kExitFailed, why);
  }
  if (options.count >= 0) {
    const auto part = static_cast<bench::Part>(options.count);
    if (bench::run_counted(part, options.size, options.count_visits, why)) return kExitOk;
    return complain(kBenchCommand, kExitFailed, why);
  }
  Report report({.out = options.as_json ? nullptr : stdout,
                 .progress = isatty(STDERR_FILENO) == 1 ? stderr : nullptr});
  BenchContext context{options, machine, report};
  tell_facts(context);
  run_sections(context, *sections);
  tell_if_disturbed(context);
  if (options.as_json) {
    fmt::print("{}\n", report.results().dump(2));
  } else {
    print_targets(report);
  }
  if (!options.out.empty()) {
    if (!bench::write_report(report, options.out, why)) {
      return complain(kBenchCommand, kExitFailed, "--out: " + why);
    }
    if (!options.as_json) fmt::print("\nwritten: {0}/index.html, {0}/results.json\n", options.out);
  }
  return report.has_failed() ? complain(kBenchCommand, kExitFailed, "not all sections succeeded")
                             : kExitOk;
}

}  // namespace

void add_bench(CLI::App& zstack, Action& action) {
  auto options = std::make_shared<BenchOptions>();
  BenchOptions& o = *options;
  auto* command = zstack.add_subcommand("bench", kBenchHelp);
  command->add_flag("--quick", o.quick, "fewer points, two short rounds (four for ratios)");
  command->add_option("--only", o.only, "only these sections (NAME,NAME)")->delimiter(',');
  command->add_flag_callback(
      "--stack-only",
      [&o] {
        o.only = {"stack", "instructions"};
      },
      "only what a request costs on one core: --only stack,instructions");
  command->add_option("--rounds", o.rounds, "how often each thing is measured; 5, with --quick 2")
      ->check(CLI::Range(1, 100));
  command->add_option("-c,--connections", o.connections, "of the client, where a figure has no own")
      ->check(CLI::Range(1, 4'000));
  command->add_option("--size", o.size, "request whose instructions are counted, in bytes")
      ->check(CLI::Range(1, 65'536));
  command
      ->add_option("--out", o.out,
                   "write results.json, plots and a page that shows them into this folder")
      ->type_name("DIR");
  command->add_flag("--json", o.as_json, "print the results as JSON only");
  command->add_option("--count", o.count)->group("")->check(CLI::Range(0, 3));
  command->add_option("--program", o.program)->group("")->check(CLI::Range(0, 3));
  command->add_flag("--visits", o.count_visits)->group("");
  command->add_option("--milliseconds", o.milliseconds)->group("")->check(CLI::Range(1, 60'000));
  command->callback([options, &action] { action = [options] { return run_bench(*options); }; });
}

}  // namespace zs::apps
