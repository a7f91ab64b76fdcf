#include "command.hpp"

#include <cstdio>

#include "runtime/log.hpp"

namespace zs::apps {

int complain(std::string_view command, int code, std::string_view what) {
  std::fprintf(stderr, "zstack %.*s: %.*s\n", static_cast<int>(command.size()), command.data(),
               static_cast<int>(what.size()), what.data());
  return code;
}

std::optional<runtime::Config> load_or_complain(std::string_view command,
                                                const runtime::CommandLine& options) {
  const runtime::LoadedConfig loaded = options.load(runtime::this_machine());
  for (const auto& problem : loaded.problems) complain(command, kExitUsage, problem.to_string());
  if (!loaded.problems.empty()) return std::nullopt;
  return loaded.config;
}

int run_or_complain(std::string_view command, const runtime::Config& config,
                    const runtime::ApplicationFactory& make_application) {
  runtime::start_log(config.runtime.log_level);
  std::string why;
  if (runtime::run(config, runtime::this_machine(), make_application, why)) return kExitOk;
  return complain(command, kExitFailed, why.empty() ? "did not start" : why);
}

}  // namespace zs::apps
