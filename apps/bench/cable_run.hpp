#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "base/result.hpp"
#include "bench/cable_world.hpp"
#include "bench/meters.hpp"
#include "runtime/application.hpp"

namespace zs::bench {

/// Two applications at the ends of a cable, each on an lcore of its own in the passes of the
/// runtime's loop (runtime/shard_loop.hpp), which never sleeps here. EAL must have two worker
/// lcores. From start() to stop() the world belongs to these threads.
class CableRun {
 public:
  CableRun(CableWorld& world, runtime::Application& server, runtime::Application& client);
  /// Stops.
  ~CableRun();
  CableRun(const CableRun&) = delete;
  CableRun& operator=(const CableRun&) = delete;

  /// On failure `why` tells the user.
  Result<void> start(std::string& why);
  /// Both threads have ended when it returns.
  void stop();
  /// What the server's core did since start().
  CoreUse server_use() const;
  CoreUse client_use() const;

 private:
  struct Side;
  std::atomic<bool> stop_{false};
  std::unique_ptr<Side> server_;
  std::unique_ptr<Side> client_;
};

}  // namespace zs::bench
