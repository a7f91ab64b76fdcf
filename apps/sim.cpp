#include "sim.hpp"

#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

namespace zs::apps {
namespace {

constexpr const char* kSimCommand = "sim";
constexpr const char* kSimulator = "zstack-sim";

/// The simulator's buffers come from the heap and ours from DPDK (ADR 9), so it is a program of its
/// own; it lies where this one does.
int become_simulator(const std::vector<std::string>& arguments) {
  std::error_code error;
  const auto here = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  const std::string program = (here / kSimulator).string();
  std::vector<std::string> words{program};
  words.insert(words.end(), arguments.begin(), arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  execv(program.c_str(), argv.data());
  return complain(kSimCommand, kExitFailed,
                  program + " does not start: " + std::strerror(errno) +
                      "; it is built and installed with zstack");
}

}  // namespace

void add_sim(CLI::App& zstack, Action& action) {
  auto* command = zstack.add_subcommand(
      kSimCommand, "Live through randomised worlds in virtual time, and check every byte.");
  // Whatever follows is the simulator's to understand, --help too.
  command->prefix_command();
  command->set_help_flag();
  command->callback([command, &action] {
    action = [arguments = command->remaining()] { return become_simulator(arguments); };
  });
}

}  // namespace zs::apps
