#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "api/run/loop_application.hpp"
#include "runtime/config.hpp"
#include "runtime/runtime.hpp"

namespace zs::api {

/// What main() has said so far, by z_init() or ff_init(). Belongs to the main thread.
struct Program {
  std::optional<runtime::Config> config;  ///< of z_init()
  bool has_run = false;
  std::string why;
  std::unique_ptr<runtime::Prepared> prepared;  ///< of ff_init()
  std::vector<LoopApplication*> applications;   ///< its, by shard
  std::unique_ptr<Turn> turn;                   ///< of the main thread, until ff_run()
};

/// The one of this process. It is never destroyed: a program may end by exit() inside of its loop
/// function, where all of this is in use, and the kernel takes device and memory.
Program& program();

}  // namespace zs::api
