#pragma once

#include <array>
#include <functional>
#include <memory>
#include <span>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "buf/pool.hpp"
#include "dev/queue.hpp"
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
  dev::PacketQueue& queue;     ///< what the shard's loop drives
  std::function<void()> stop;  ///< ends the run of all shards in order; any thread may
};

/// One instance a shard, called on the shard's thread only, between receiving and sending.
class Application {
 public:
  virtual ~Application() = default;
  /// Opens what it listens on. On an error `why` tells the user.
  virtual Result<void> on_start(Instant now, std::string& why) = 0;
  /// Its part of a pass. True if there was something to do, so that what it sent leaves and it is
  /// asked once more; in any case a shard whose sockets has_ready() does not sleep.
  virtual bool on_turn(sock::SocketTable& sockets, Instant now) {
    const std::size_t n = sockets.poll_ready(events_);
    if (n > 0) on_ready(std::span(events_).first(n), now);
    return n > 0;
  }
  /// What is ready, unless on_turn() is its own.
  virtual void on_ready(std::span<const sock::ReadyEvent> /*events*/, Instant /*now*/) {}
  virtual void on_deadline(Instant) {}
  virtual Instant next_deadline() const { return Instant::never(); }
  /// It has done what it came for, and stays so. When all shards' have, run() stops them.
  virtual bool is_finished() const { return false; }
  /// Take no new work and let connections end in order; is_stopped() tells when they have.
  virtual void on_stop(Instant now) = 0;
  virtual bool is_stopped() const = 0;
  /// The time for an orderly end is over: reset what is left.
  virtual void on_abort(Instant now) = 0;

 protected:
  static constexpr std::size_t kReadyBatch = 64;

 private:
  /// Here, since making it anew would be a good part of a pass in which nothing is ready.
  std::array<sock::ReadyEvent, kReadyBatch> events_;
};

using ApplicationFactory = std::function<std::unique_ptr<Application>(ShardContext& shard)>;

}  // namespace zs::runtime
