#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "base/spsc_ring.hpp"
#include "buf/pool.hpp"
#include "runtime/port_plan.hpp"

namespace zs::runtime {

/// Whether every shard must see this frame, whichever queue it came in on: ARP, neighbour
/// discovery, IGMP and MLD, and ICMP errors, whose flow may live anywhere.
bool concerns_every_shard(std::span<const std::byte> frame);

/// The port that a TCP or UDP packet is for; none for fragments, whose rest would have no port.
std::optional<std::uint16_t> destination_port(std::span<const std::byte> frame);

/// A descriptor that wakes a sleeping shard. Any thread may wake it; one sleeps on fd().
class Waker {
 public:
  Waker();
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  int fd() const noexcept { return fd_; }
  /// Async-signal-safe.
  void wake() noexcept;
  /// wake(), without a system call while its owner is awake.
  void wake_sleeper() noexcept {
    if (asleep_.exchange(false, std::memory_order_acq_rel)) wake();
  }
  /// Of the owner, who then looks for work once more: from here on whoever brings some wakes it.
  void fall_asleep() noexcept { asleep_.exchange(true, std::memory_order_acq_rel); }
  /// Of the owner.
  void rise() noexcept { asleep_.store(false, std::memory_order_relaxed); }
  void drain() noexcept;

 private:
  int fd_ = -1;
  /// Changed by exchanges only, which are in one order for all: either a visitor sees that we
  /// sleep, or we see what it brought.
  std::atomic<bool> asleep_{false};
};

/// Messages that one shard sent to others.
struct RelayStats {
  std::uint64_t passed = 0;   ///< the frame itself: of another shard's connection, or dispatched
  std::uint64_t copied = 0;   ///< of frames that concern every shard
  std::uint64_t dropped = 0;  ///< of both, since a ring was full
};

/// Between shards: copies of the frames that concern every shard, and the frames themselves that
/// came in at one shard and are for the ephemeral port of another, which opened the connection.
/// Bounded: when a ring is full the frame is dropped; ARP asks again, and TCP sends again.
class Relay {
 public:
  Relay(std::size_t shards, const PortPlan& ports);
  ~Relay();

  /// Called by shard `from` for what it received; `pool` is its own. Takes what is for others out
  /// of `packets` and returns how many are left, in front.
  std::size_t offer(std::size_t from, std::span<rte_mbuf*> packets, buf::Pool& pool);
  /// A frame that shard `from` has for shard `to`, which the next offer() wakes.
  void pass(std::size_t from, std::size_t to, rte_mbuf* packet) {
    if (push(from, to, packet)) ++stats_[from].value.passed;
  }
  std::size_t shards() const noexcept { return shards_; }
  /// Fills a prefix of `out` for shard `to`, which owns the packets then.
  std::size_t take(std::size_t to, std::span<rte_mbuf*> out);
  bool has_work(std::size_t to) const;
  Waker& waker(std::size_t shard) { return *wakers_[shard]; }
  /// Of what `from` sent; a racy snapshot while it runs.
  const RelayStats& stats(std::size_t from) const { return stats_[from].value; }

 private:
  using Ring = SpscRing<rte_mbuf*>;
  Ring& ring(std::size_t from, std::size_t to) const { return *rings_[from * shards_ + to]; }
  void copy_to_others(std::size_t from, const rte_mbuf* packet, buf::Pool& pool);
  bool push(std::size_t from, std::size_t to, rte_mbuf* packet);

  struct alignas(64) OwnLine {
    RelayStats value;
  };

  std::size_t shards_;
  PortPlan ports_;
  std::vector<OwnLine> stats_;  ///< each written by one shard
  /// Like rings_, each read and written by `from` only: `to` has to be woken.
  std::vector<std::uint8_t> has_pushed_;
  std::vector<std::unique_ptr<Ring>> rings_;
  std::vector<std::unique_ptr<Waker>> wakers_;
};

}  // namespace zs::runtime
