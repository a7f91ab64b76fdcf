#pragma once

#include <string_view>

#include "runtime/config.hpp"

namespace zs::runtime {

/// Sends spdlog's default logger to stderr in our format, and nothing below `level` to it. What
/// programs print for their users goes to stdout and is no log.
void start_log(LogLevel level);

/// One line of DPDK's own log, at the level its text suggests.
void log_dpdk_line(std::string_view line);

}  // namespace zs::runtime
