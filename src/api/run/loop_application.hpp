#pragma once

#include <string>

#include "api/instance.hpp"
#include "runtime/application.hpp"

namespace zs::api {

/// The application of z_run() on one shard: the C loop function, once a pass.
class LoopApplication final : public runtime::Application {
 public:
  using Loop = int (*)(void* arg);

  LoopApplication(Loop loop, void* arg, const runtime::ShardContext& shard);

  Result<void> on_start(Instant now, std::string& why) override;
  bool on_turn(sock::SocketTable& sockets, Instant now) override;
  void on_stop(Instant now) override;
  bool is_stopped() const override { return true; }
  void on_abort(Instant) override {}

 private:
  Loop loop_;
  void* arg_;
  Instance instance_;
};

}  // namespace zs::api
