#pragma once

#include <string>

#include "base/result.hpp"
#include "runtime/application.hpp"
#include "runtime/config.hpp"
#include "runtime/config_load.hpp"

namespace zs::runtime {

/// The composition root: starts EAL, opens the device, runs one shard with one application instance
/// on each lcore until SIGINT, SIGTERM or ShardContext::stop, or until all of them are finished,
/// and takes everything down in order. A second signal ends the process at once. Call it once, from
/// the main thread, before any other thread exists.
///
/// Returns when all is gone. On failure `why` is what to tell the user.
Result<void> run(const Config& config, const Machine& machine, const ApplicationFactory& factory,
                 std::string& why);

}  // namespace zs::runtime
