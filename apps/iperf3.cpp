#include "iperf3.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <string>

#include "command.hpp"
#include "iperf3_server.hpp"
#include "runtime/command_line.hpp"

namespace zs::apps {
namespace {

constexpr const char* kIperf3Command = "iperf3";

struct Iperf3Arguments {
  runtime::CommandLine config;
  std::uint16_t port = 5201;
  std::string bind = "0.0.0.0";
};

constexpr const char* kIperf3Help =
    "Serve the kernel's iperf3 client from zstack's own TCP/IP stack.\n\n"
    "TCP in either direction or both (-R, --bidir), up to 128 streams (-P), with -t, -n, -O, -l\n"
    "and -b. One test at a time. Try: iperf3 -c 10.99.0.2\n"
    "Stop it with Ctrl-C; twice, if it must be at once.";

int serve_iperf3(const Iperf3Arguments& a) {
  const auto config = load_or_complain(kIperf3Command, a.config);
  if (!config) return kExitUsage;
  const auto address = IpAddress::parse(a.bind);
  if (!address) {
    return complain(kIperf3Command, kExitUsage,
                    "--bind: found \"" + a.bind + "\", expected an address such as 10.99.0.2");
  }
  if (config->runtime.lcores.size() > 1) {
    return complain(kIperf3Command, kExitUsage,
                    "--lcores: found several, expected one: the connections of a test must meet on "
                    "one shard");
  }
  Iperf3Options options;
  options.listen = {*address, a.port};
  const auto make_application = [&](runtime::ShardContext& shard) {
    return std::make_unique<Iperf3Server>(shard, options);
  };
  return run_or_complain(kIperf3Command, *config, make_application);
}

}  // namespace

void add_iperf3(CLI::App& zstack, Action& action) {
  auto arguments = std::make_shared<Iperf3Arguments>();
  auto* command = zstack.add_subcommand("iperf3", kIperf3Help);
  command->add_option("-p,--port", arguments->port, "TCP port")->check(CLI::Range(1, 65'535));
  command->add_option("--bind", arguments->bind, "listen on this address only")
      ->type_name("ADDRESS");
  arguments->config.add_to(*command);
  command->callback(
      [arguments, &action] { action = [arguments] { return serve_iperf3(*arguments); }; });
}

}  // namespace zs::apps
