#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"

namespace zs::bench {

/// TSC ticks that moving a request's bytes takes the copying calls, and nothing else: once from
/// buffers such as the client's into an application's memory, and once from there into a stack's
/// own buffers: all of a pool in turn, as they come back from the other core, so they are in no
/// cache. On this thread; EAL must be running.
Result<double> copy_cycles(std::uint32_t bytes, std::string& why);

}  // namespace zs::bench
