#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace zs::bench {

/// TSC ticks that moving a request's bytes takes the copying calls, and nothing else: once from
/// buffers such as the client's into an application's memory, and once from there into a stack's
/// own buffers, of which `in_flight` answers are in use in turn. On this thread; EAL must be
/// running.
Result<double> copy_cycles(std::uint32_t bytes, std::uint32_t in_flight, std::string& why);

}  // namespace zs::bench
