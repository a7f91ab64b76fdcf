// ff_init() and ff_run(): F-Stack's configuration, and a loop on the main thread.
#include <ff_api.h>
#include <ff_config.h>
#include <ff_log.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string>

#include "api/call.hpp"
#include "api/run/loop_application.hpp"
#include "api/run/program.hpp"
#include "runtime/fstack_config.hpp"
#include "runtime/log.hpp"
#include "runtime/runtime.hpp"

struct ff_config ff_global_cfg;

namespace {

using zs::Errc;
using zs::Result;
using zs::api::LoopApplication;
using zs::api::Program;
using zs::api::program;

/// For ff_stop_run(), which may be called in a signal handler.
std::atomic<zs::runtime::Prepared*> running{nullptr};
/// Of ff_regist_packet_dispatcher(), which may come before ff_init().
zs::runtime::DispatcherChoice dispatcher{nullptr};
static_assert(FF_DISPATCH_ERROR == zs::runtime::kDispatchDiscard &&
              FF_DISPATCH_RESPONSE == zs::runtime::kDispatchAnswer);

Result<void> refuse(Program& p, Errc error, const std::string& why) {
  p.why = why;
  std::fprintf(stderr, "zstack: %s\n", why.c_str());
  return error;
}

Result<void> refuse(Program& p, const std::vector<zs::runtime::Problem>& problems) {
  std::string text;
  for (const auto& problem : problems) text += (text.empty() ? "" : "\n") + problem.to_string();
  return refuse(p, Errc::kInvalid, text);
}

constexpr const char* kDefaultFile = "config.ini";

/// config.ini in our words; without a file, what is the default.
Result<zs::runtime::FstackConfig> read_file(Program& p, const zs::runtime::FstackOptions& options) {
  const std::string name = options.file.empty() ? kDefaultFile : options.file;
  if (access(name.c_str(), R_OK) != 0) {
    if (options.file.empty()) return zs::runtime::FstackConfig{};
    return refuse(p, static_cast<Errc>(errno), name + ": " + std::strerror(errno)).error();
  }
  zs::runtime::Problem problem;
  const auto file = zs::runtime::read_config_file(name, problem);
  if (!file) return refuse(p, {problem}).error();
  std::free(ff_global_cfg.filename);  // NOLINT: a C structure
  ff_global_cfg.filename = strdup(name.c_str());
  return zs::runtime::read_fstack_config(*file, options.process);
}

void publish(const zs::runtime::FstackConfig& file, const zs::runtime::FstackOptions& options) {
  static char primary[] = "primary";
  ff_global_cfg.dpdk.proc_type = primary;
  ff_global_cfg.dpdk.nb_procs = static_cast<int>(file.process_count);
  ff_global_cfg.dpdk.proc_id = static_cast<int>(options.process);
  ff_global_cfg.dpdk.nb_ports = 1;
  ff_global_cfg.freebsd.fd_reserve = static_cast<int>(file.first_descriptor);
  std::snprintf(FF_LOG_FILENAME_PREFIX, 64, "%s", file.log_prefix.c_str());
}

void name_ignored(const zs::runtime::FstackConfig& file) {
  if (file.ignored.empty()) return;
  std::string names;
  for (const std::string& key : file.ignored) names += (names.empty() ? "" : ", ") + key;
  std::fprintf(stderr, "zstack: without a meaning here: %s\n", names.c_str());
}

Result<void> read_configuration(std::span<char* const> arguments, Program& p) {
  const auto options = zs::runtime::read_fstack_options(arguments);
  if (!options.problems.empty()) return refuse(p, options.problems);
  if (options.is_secondary) {
    return refuse(p, Errc{ENOTSUP},
                  "--proc-type=secondary: one process serves all cores here; give the primary one "
                  "thread_mode=1");
  }
  ZS_TRY_ASSIGN(const zs::runtime::FstackConfig file, read_file(p, options));
  if (!file.problems.empty()) return refuse(p, file.problems);
  const auto loaded =
      zs::runtime::load_config(std::nullopt, file.overrides, zs::runtime::this_machine());
  if (!loaded.problems.empty()) return refuse(p, loaded.problems);
  p.config = loaded.config;
  p.config->runtime.first_descriptor = file.first_descriptor;
  publish(file, options);
  name_ignored(file);
  return {};
}

/// The calls of the main thread act on the first shard from now on.
Result<void> build(Program& p) {
  const auto factory = [&p](zs::runtime::ShardContext& shard) {
    auto application = std::make_unique<LoopApplication>(nullptr, nullptr, shard,
                                                         LoopApplication::EndsByValue::kNo);
    p.applications.push_back(application.get());
    return application;
  };
  std::string why;
  zs::runtime::start_log(p.config->runtime.log_level);
  auto prepared = zs::runtime::Prepared::build(*p.config, zs::runtime::this_machine(), factory, why,
                                               dispatcher);
  if (!prepared) {
    p.applications.clear();
    return refuse(p, prepared.error(), why);
  }
  p.prepared = *std::move(prepared);
  zs::api::Instance& first = p.applications.front()->instance();
  std::fill(std::begin(pktmbuf_pool), std::end(pktmbuf_pool), first.pools.data->mempool());
  p.turn = std::make_unique<zs::api::Turn>(first);
  running = p.prepared.get();
  return {};
}

}  // namespace

int ff_load_config(int argc, char* const argv[]) {
  return zs::api::to_c<int>([=]() -> Result<void> {
    if (argc < 0 || (argv == nullptr && argc > 0)) return Errc::kInvalid;
    return read_configuration({argv, static_cast<std::size_t>(argc)}, program());
  });
}

int ff_init(int argc, char* const argv[]) {
  return zs::api::to_c<int>([=]() -> Result<void> {
    Program& p = program();
    if (p.has_run || p.prepared) return refuse(p, Errc::kAlready, "ff_init() works once");
    p.why.clear();
    if (argc < 0 || (argv == nullptr && argc > 0)) {
      return refuse(p, Errc::kInvalid, "ff_init() needs the arguments of main()");
    }
    ZS_TRY(read_configuration({argv, static_cast<std::size_t>(argc)}, p));
    return build(p);
  });
}

void ff_run(loop_func_t loop, void* arg) {
  (void)zs::api::to_c<int>([=]() -> Result<void> {
    Program& p = program();
    if (loop == nullptr || !p.prepared || p.has_run) {
      return refuse(p, Errc::kInvalid,
                    loop == nullptr ? "ff_run() needs a loop function"
                                    : "ff_run() works once, after ff_init()");
    }
    p.has_run = true;
    p.turn.reset();
    for (LoopApplication* const application : p.applications) application->set_loop(loop, arg);
    std::string why;
    const auto done = p.prepared->run_here(why);
    running = nullptr;
    std::fill(std::begin(pktmbuf_pool), std::end(pktmbuf_pool), nullptr);
    p.applications.clear();
    p.prepared.reset();
    if (!done) return refuse(p, done.error(), why);
    return {};
  });
}

void ff_regist_packet_dispatcher(dispatch_func_t func) { dispatcher = func; }

void ff_stop_run(void) {
  if (zs::api::Instance* const here = zs::api::current()) here->is_stopping = true;
  if (zs::runtime::Prepared* const prepared = running) prepared->stop();
}
