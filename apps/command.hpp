#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "runtime/command_line.hpp"
#include "runtime/runtime.hpp"

namespace zs::apps {

inline constexpr int kExitOk = 0;
inline constexpr int kExitFailed = 1;
inline constexpr int kExitUsage = 2;  ///< the command line or the configuration is wrong

/// What a subcommand does once the command line is understood; the process' exit code.
using Action = std::function<int()>;

/// Writes "zstack <command>: <what>" to stderr, and returns `code`.
int complain(std::string_view command, int code, std::string_view what);

/// The configuration that `options` make, or nothing after complaining of all that is wrong in it.
std::optional<runtime::Config> load_or_complain(std::string_view command,
                                                const runtime::CommandLine& options);

/// Runs applications on the shards of `config` until they stop; the exit code.
int run_or_complain(std::string_view command, const runtime::Config& config,
                    const runtime::ApplicationFactory& make_application);

}  // namespace zs::apps
