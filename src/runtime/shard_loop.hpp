#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "dev/queue.hpp"
#include "runtime/application.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/idle_governor.hpp"
#include "runtime/relay.hpp"
#include "stack/shard.hpp"

namespace zs::dev {
class FaultQueue;
}

namespace zs::runtime {

/// Everything that one shard's loop drives; all borrowed.
struct ShardParts {
  std::size_t index = 0;
  const Config* config = nullptr;
  buf::Pools pools;
  dev::PacketQueue* queue = nullptr;  ///< the outermost
  dev::FaultQueue* fault = nullptr;   ///< in it, if one is configured
  stack::Shard* shard = nullptr;
  sock::SocketTable* sockets = nullptr;
  Application* application = nullptr;
  Relay* relay = nullptr;
  const DispatcherChoice* dispatcher = &kNoDispatcher;
  std::atomic<std::size_t>* finished = nullptr;  ///< how many applications are finished
  Waker* control = nullptr;                      ///< to be woken when that changes
};

/// Figures of one loop, written by it and read by the control thread as a racy snapshot.
struct LoopStats {
  std::uint64_t turns = 0;
  std::uint64_t sleeps = 0;
  std::uint64_t naps = 0;  ///< sleeps that the device could not have ended
  std::uint64_t rx_packets = 0;
  std::uint64_t tx_packets = 0;
};

/// One pass after the other: receive a burst, run it through the stack, let the application react,
/// send what both produced. Nothing waits for a tick.
class ShardLoop {
 public:
  enum class Turn : std::uint8_t { kIdle, kBusy };

  explicit ShardLoop(const ShardParts& parts);
  ~ShardLoop();
  ShardLoop(const ShardLoop&) = delete;
  ShardLoop& operator=(const ShardLoop&) = delete;

  /// One pass at `now`.
  Turn turn(Instant now);
  /// When turn() must be called again even if nothing arrives.
  Instant next_deadline() const;

  /// Passes until `stop` is set and the connections have ended, or Config::drain is over.
  void run(const std::atomic<bool>& stop);

  const LoopStats& stats() const { return stats_; }

 private:
  static constexpr std::size_t kMaxBurst = 256;
  static constexpr int kMaxBurstsSent = 64;  ///< in one pass

  std::size_t receive(Instant now);
  bool serve(Instant now);
  bool fire_timers(Instant now);
  std::size_t transmit(Instant now);
  void check_link(Instant now);
  void tell_if_finished();
  bool has_unsent() const { return unsent_count_ > 0 || parts_.queue->tx_pending(); }
  bool has_nothing_to_do() const;
  void rest(Instant deadline, Instant now);
  void sleep(dev::Wake wake, Duration wait);
  IdleGovernor::Woken wait_for_signal(int device, Duration wait);
  void drain(Instant now);
  bool is_flushing() const;

  ShardParts parts_;
  std::size_t burst_;
  IdleGovernor governor_;
  std::array<rte_mbuf*, kMaxBurst> unsent_{};  ///< refused by the device, oldest first
  std::size_t unsent_count_ = 0;
  Instant next_link_check_;
  bool link_up_ = true;
  bool told_finished_ = false;
  LoopStats stats_;
};

}  // namespace zs::runtime
