// z_init() and z_run(): the way from a C main() to the runtime.
#include <zstack/zstack.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "api/call.hpp"
#include "api/run/loop_application.hpp"
#include "api/run/program.hpp"
#include "runtime/command_line.hpp"
#include "runtime/log.hpp"
#include "runtime/runtime.hpp"

namespace {

using zs::Errc;
using zs::Result;

using zs::api::Program;
using zs::api::program;

/// Up to and without `--`.
std::span<char*> own_part(int argc, char** argv) {
  const std::span all{argv, static_cast<std::size_t>(argc)};
  const auto end =
      std::find_if(all.begin(), all.end(), [](const char* a) { return std::strcmp(a, "--") == 0; });
  return all.first(static_cast<std::size_t>(end - all.begin()));
}

Result<void> read_options(std::span<char*> own, Program& p) {
  CLI::App app{"The options of zstack, up to --; docs/configuration.md"};
  zs::runtime::CommandLine options;
  options.add_to(app);
  try {
    app.parse(static_cast<int>(own.size()), own.data());
  } catch (const CLI::CallForHelp&) {
    p.why = app.help();
    return Errc::kInvalid;
  } catch (const CLI::ParseError& e) {
    p.why = e.what();
    return Errc::kInvalid;
  }
  zs::runtime::LoadedConfig loaded = options.load(zs::runtime::this_machine());
  if (!loaded.problems.empty()) {
    for (const auto& problem : loaded.problems) {
      p.why += (p.why.empty() ? "" : "\n") + problem.to_string();
    }
    return Errc::kInvalid;
  }
  p.config = std::move(loaded.config);
  return {};
}

Result<void> run_all_shards(zs::api::LoopApplication::Loop loop, void* arg, Program& p) {
  if (p.has_run) {
    p.why = "z_run() works once in a process";
    return Errc::kAlready;
  }
  if (loop == nullptr || !p.config) {
    p.why = loop == nullptr ? "z_run() needs a loop function" : "z_init() comes before z_run()";
    return Errc::kInvalid;
  }
  p.has_run = true;
  zs::runtime::start_log(p.config->runtime.log_level);
  const auto factory = [=](zs::runtime::ShardContext& shard) {
    return std::make_unique<zs::api::LoopApplication>(loop, arg, shard);
  };
  return zs::runtime::run(*p.config, zs::runtime::this_machine(), factory, p.why);
}

}  // namespace

int z_init(int argc, char** argv) {
  return zs::api::to_c<int>([=]() -> Result<int> {
    Program& p = program();
    p.why.clear();
    if (p.has_run) {
      p.why = "z_init() comes before z_run()";
      return Errc::kAlready;
    }
    if (argc < 1 || argv == nullptr) {
      p.why = "z_init() needs the arguments of main()";
      return Errc::kInvalid;
    }
    const std::span<char*> own = own_part(argc, argv);
    ZS_TRY(read_options(own, p));
    return std::min(static_cast<int>(own.size()) + 1, argc);  // `--` is ours too
  });
}

int z_run(int (*loop)(void* arg), void* arg) {
  return zs::api::to_c<int>([=]() -> Result<void> {
    Program& p = program();
    p.why.clear();
    return run_all_shards(loop, arg, p);
  });
}

const char* z_why(void) { return program().why.c_str(); }
