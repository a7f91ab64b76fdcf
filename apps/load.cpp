#include "load.hpp"

#include <sys/prctl.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "command.hpp"
#include "load_on_kernel.hpp"
#include "load_on_stack.hpp"
#include "load_plan.hpp"
#include "load_report.hpp"
#include "runtime/command_line.hpp"
#include "runtime/units.hpp"

namespace zs::apps {
namespace {

constexpr const char* kLoadCommand = "load";
constexpr const char* kKernel = "kernel";

struct LoadArguments {
  runtime::CommandLine config;
  std::string target;
  std::string transport = "zstack";
  std::string path = "/";
  bool echo = false;
  std::string size = "64";
  bool verify = false;
  std::string bulk;
  bool close = false;
  std::uint32_t connections = 50;
  std::string rate;
  std::uint64_t requests = 0;
  std::string duration = "10s";
  std::string warmup = "1s";
  std::string timeout = "5s";
  bool json = false;
};

constexpr const char* kLoadHelp =
    "Load a server from zstack's own TCP/IP stack, and measure it.\n\n"
    "A closed loop asks again as soon as it is answered; with --rate requests are due at fixed\n"
    "times, and latency counts from these. Try a server of this machine's kernel, across a TAP\n"
    "interface whose end at the kernel is 10.99.0.1: zstack load 10.99.0.1:8080\n"
    "Stop it early with Ctrl-C: it tells what it has measured. docs/load.md explains the figures.";

void add_load_options(CLI::App& command, LoadArguments& a) {
  command.add_option("TARGET", a.target, "the server: 10.99.0.1:80 or [fd00::1]:80")
      ->required()
      ->type_name("ADDRESS:PORT");
  command.add_option("--transport", a.transport, "whose sockets: zstack's, or to compare kernel's")
      ->check(CLI::IsMember({"zstack", kKernel}));
  auto* path = command.add_option("--path", a.path, "what to GET");
  auto* echo = command.add_flag("--echo", a.echo, "no HTTP: send bytes and wait for the same");
  auto* size = command.add_option("-s,--size", a.size, "bytes of an echo")->type_name("BYTES");
  auto* verify = command.add_flag("--verify", a.verify, "compare what an echo brings back");
  auto* bulk = command
                   .add_option("--bulk", a.bulk,
                               "no requests: send (to serve --sink) or receive (from serve "
                               "--source) without end")
                   ->check(CLI::IsMember({"send", "receive"}));
  auto* close = command.add_flag("--close", a.close, "a new connection for each request");
  command.add_option("-c,--connections", a.connections, "connections at a time")
      ->check(CLI::Range(1, 1'000'000));
  auto* rate = command.add_option("-r,--rate", a.rate, "requests/s in total, at fixed times")
                   ->type_name("RATE");
  auto* requests = command.add_option("-n,--requests", a.requests, "end after so many requests")
                       ->check(CLI::Range(std::uint64_t{1}, std::uint64_t{1} << 50));
  auto* duration = command.add_option("-d,--duration", a.duration, "how long to measure");
  auto* warmup = command.add_option("--warmup", a.warmup, "how long to load before measuring");
  command.add_option("--timeout", a.timeout, "patience with a server that says nothing");
  command.add_flag("--json", a.json, "print the figures as JSON");
  echo->excludes(path)->excludes(bulk);
  size->needs(echo);
  verify->needs(echo);
  bulk->excludes(path)->excludes(close)->excludes(rate)->excludes(requests);
  requests->excludes(duration)->excludes(warmup);
}

/// Fills what the options mean; a sentence for the user if one means nothing.
std::string interpret_load(const LoadArguments& a, LoadPlan& plan) {
  const auto wrong = [](const char* option, const std::string& found, const char* expected) {
    return std::string(option) + ": found \"" + found + "\", expected " + expected;
  };
  const auto target = Endpoint::parse(a.target);
  if (!target || target->port == 0 || target->address.is_unspecified()) {
    return wrong("TARGET", a.target, "an address and a port such as 10.99.0.1:80 or [fd00::1]:80");
  }
  plan.target = *target;
  plan.path = a.path;
  if (a.echo) plan.kind = LoadKind::kEcho;
  if (!a.bulk.empty()) {
    plan.kind = a.bulk == "send" ? LoadKind::kBulkSend : LoadKind::kBulkReceive;
  }
  const auto size = runtime::parse_bytes(a.size);
  if (!size || *size == 0) return wrong("--size", a.size, "bytes such as 64 or 1MiB");
  plan.echo_bytes = *size;
  plan.verify = a.verify;
  plan.close = a.close;
  plan.connections = a.connections;
  plan.requests = a.requests;
  if (!a.rate.empty()) {
    const auto rate = runtime::parse_rate(a.rate);
    if (!rate || *rate == 0)
      return wrong("--rate", a.rate, "requests a second such as 5000 or 20k");
    plan.rate = *rate;
  }
  const auto set_duration = [](const std::string& text, Duration& d) {
    const auto parsed = runtime::parse_duration(text);
    if (parsed) d = *parsed;
    return parsed.has_value();
  };
  constexpr const char* kExpected = "a duration such as 10s";
  if (!set_duration(a.duration, plan.duration)) return wrong("--duration", a.duration, kExpected);
  if (!set_duration(a.warmup, plan.warmup)) return wrong("--warmup", a.warmup, kExpected);
  if (!set_duration(a.timeout, plan.timeout)) return wrong("--timeout", a.timeout, kExpected);
  if (plan.requests > 0) plan.warmup = Duration{};  // all of them count
  return {};
}

/// Runs the load over the chosen sockets; an exit code, and what was measured if it is kExitOk.
int measure_load(const LoadArguments& a, const LoadPlan& plan, LoadResult& total) {
  // A request that is due in 80 us must not wait for 50 more because timers may be that late.
  prctl(PR_SET_TIMERSLACK, 1);
  if (a.transport == kKernel) {
    if (a.config.is_given()) {
      return complain(kLoadCommand, kExitUsage,
                      "--transport kernel: zstack's own options (devices, addresses, lcores, TCP, "
                      "--config) do not apply to the kernel's sockets; leave them out");
    }
    std::string why = problem_of(plan, 1);
    if (!why.empty()) return complain(kLoadCommand, kExitUsage, why);
    if (!load_on_kernel(plan, total, why)) return complain(kLoadCommand, kExitFailed, why);
    return kExitOk;
  }
  const auto config = load_or_complain(kLoadCommand, a.config);
  if (!config) return kExitUsage;
  const std::size_t shards = config->runtime.lcores.size();
  if (const auto problem = problem_of(plan, shards); !problem.empty()) {
    return complain(kLoadCommand, kExitUsage, problem);
  }
  std::vector<LoadResult> results(shards);
  const auto make_application = [&](runtime::ShardContext& shard) {
    return std::make_unique<LoadOnStack>(shard, plan, results[shard.index]);
  };
  const int code = run_or_complain(kLoadCommand, *config, make_application);
  for (const LoadResult& result : results) total.merge(result);
  return code;
}

int load(const LoadArguments& a) {
  LoadPlan plan;
  if (const auto problem = interpret_load(a, plan); !problem.empty()) {
    return complain(kLoadCommand, kExitUsage, problem);
  }
  const auto total = std::make_unique<LoadResult>();
  if (const int code = measure_load(a, plan, *total); code != kExitOk) return code;
  if (!total->unreachable || a.json) {
    const auto report = a.json ? json_report : text_report;
    std::fputs(report(plan, a.transport, *total).c_str(), stdout);
    std::fflush(stdout);  // before what is said of it on stderr
  }
  const std::string trouble = trouble_of(plan, *total);
  return trouble.empty() ? kExitOk : complain(kLoadCommand, kExitFailed, trouble);
}

}  // namespace

void add_load(CLI::App& zstack, Action& action) {
  auto arguments = std::make_shared<LoadArguments>();
  auto* command = zstack.add_subcommand("load", kLoadHelp);
  add_load_options(*command, *arguments);
  arguments->config.add_to(*command, "--config");
  command->callback([arguments, &action] { action = [arguments] { return load(*arguments); }; });
}

}  // namespace zs::apps
