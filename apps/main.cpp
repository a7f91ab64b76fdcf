#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "bench/bench.hpp"
#include "command.hpp"
#include "iperf3.hpp"
#include "load.hpp"
#include "serve.hpp"
#include "sim.hpp"

int main(int argc, char** argv) {
  using namespace zs::apps;
  try {
    CLI::App zstack{"zstack: a userspace TCP/IP stack whose sockets never copy a payload byte"};
    zstack.name("zstack");
    zstack.set_version_flag("--version", "zstack " ZS_VERSION);
    zstack.require_subcommand(1);
    zstack.footer("Each subcommand has --help. Configuration: docs/configuration.md");
    Action action;
    add_serve(zstack, action);
    add_iperf3(zstack, action);
    add_load(zstack, action);
    add_bench(zstack, action);
    add_sim(zstack, action);
    try {
      zstack.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
      return zstack.exit(e) == 0 ? 0 : kExitUsage;
    }
    return action();
  } catch (const std::exception& e) {
    std::fprintf(stderr, "zstack: %s\n", e.what());
    return kExitFailed;
  }
}
