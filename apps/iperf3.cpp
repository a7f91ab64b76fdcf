#include "iperf3.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>
#include <string>

#include "iperf3_server.hpp"
#include "runtime/command_line.hpp"
#include "runtime/log.hpp"
#include "runtime/runtime.hpp"

namespace zs::apps {
namespace {

constexpr int kExitOk = 0;
constexpr int kExitFailed = 1;
constexpr int kExitUsage = 2;

struct Iperf3Arguments {
  runtime::CommandLine config;
  std::uint16_t port = 5201;
  std::string bind = "0.0.0.0";
};

constexpr const char* kHelp =
    "Serve the kernel's iperf3 client from zstack's own TCP/IP stack.\n\n"
    "TCP in either direction or both (-R, --bidir), up to 128 streams (-P), with -t, -n, -O, -l\n"
    "and -b. One test at a time. Try: iperf3 -c 10.99.0.2\n"
    "Stop it with Ctrl-C; twice, if it must be at once.";

int fail(int code, const std::string& what) {
  std::fprintf(stderr, "zstack iperf3: %s\n", what.c_str());
  return code;
}

int serve_iperf3(const Iperf3Arguments& a) {
  const runtime::Machine machine = runtime::this_machine();
  const runtime::LoadedConfig loaded = a.config.load(machine);
  for (const auto& problem : loaded.problems) fail(kExitUsage, problem.to_string());
  if (!loaded.problems.empty()) return kExitUsage;
  const auto address = IpAddress::parse(a.bind);
  if (!address) {
    return fail(kExitUsage,
                "--bind: found \"" + a.bind + "\", expected an address such as 10.99.0.2");
  }
  if (loaded.config.runtime.lcores.size() > 1) {
    return fail(kExitUsage,
                "--lcores: found several, expected one: the connections of a test must meet on "
                "one shard");
  }
  Iperf3Options options;
  options.listen = {*address, a.port};
  runtime::start_log(loaded.config.runtime.log_level);
  const auto make_application = [&](runtime::ShardContext& shard) {
    return std::make_unique<Iperf3Server>(shard, options);
  };
  std::string why;
  const auto result = runtime::run(loaded.config, machine, make_application, why);
  if (result) return kExitOk;
  return fail(kExitFailed, why.empty() ? "did not start" : why);
}

}  // namespace

void add_iperf3(CLI::App& zstack, Action& action) {
  auto arguments = std::make_shared<Iperf3Arguments>();
  auto* command = zstack.add_subcommand("iperf3", kHelp);
  command->add_option("-p,--port", arguments->port, "TCP port")->check(CLI::Range(1, 65'535));
  command->add_option("--bind", arguments->bind, "listen on this address only")
      ->type_name("ADDRESS");
  arguments->config.add_to(*command);
  command->callback(
      [arguments, &action] { action = [arguments] { return serve_iperf3(*arguments); }; });
}

}  // namespace zs::apps
