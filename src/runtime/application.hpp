#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "buf/pool.hpp"
#include "runtime/config.hpp"
#include "sock/socket_table.hpp"

namespace zs::runtime {

/// What an application instance sees of its shard. Outlives the instance.
struct ShardContext {
  std::size_t index = 0;
  std::size_t count = 1;
  const Config& config;
  sock::SocketTable& sockets;
  buf::Pools pools;
};

/// One instance a shard, called on the shard's thread only, between receiving and sending.
class Application {
 public:
  virtual ~Application() = default;
  /// Opens what it listens on. On an error `why` tells the user.
  virtual Result<void> on_start(Instant now, std::string& why) = 0;
  virtual void on_ready(std::span<const sock::ReadyEvent> events, Instant now) = 0;
  virtual void on_deadline(Instant) {}
  virtual Instant next_deadline() const { return Instant::never(); }
  /// It has done what it came for, and stays so. When all shards' have, run() stops them.
  virtual bool is_finished() const { return false; }
  /// Take no new work and let connections end in order; is_stopped() tells when they have.
  virtual void on_stop(Instant now) = 0;
  virtual bool is_stopped() const = 0;
  /// The time for an orderly end is over: reset what is left.
  virtual void on_abort(Instant now) = 0;
};

using ApplicationFactory = std::function<std::unique_ptr<Application>(ShardContext& shard)>;

}  // namespace zs::runtime
