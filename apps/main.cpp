#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "iperf3.hpp"
#include "serve.hpp"

int main(int argc, char** argv) {
  constexpr int kExitFailed = 1;
  constexpr int kExitUsage = 2;
  try {
    CLI::App zstack{"zstack: a userspace TCP/IP stack whose sockets never copy a payload byte"};
    zstack.name("zstack");
    zstack.set_version_flag("--version", "zstack " ZS_VERSION);
    zstack.require_subcommand(1);
    zstack.footer("Each subcommand has --help. Configuration: docs/configuration.md");
    zs::apps::Action action;
    zs::apps::add_serve(zstack, action);
    zs::apps::add_iperf3(zstack, action);
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
