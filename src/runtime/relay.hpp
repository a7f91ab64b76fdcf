#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <span>
#include <vector>

#include "base/spsc_ring.hpp"
#include "buf/pool.hpp"

namespace zs::runtime {

/// Whether every shard must see this frame, whichever queue it came in on: ARP, neighbour
/// discovery, and ICMP errors, whose flow may live anywhere.
bool concerns_every_shard(std::span<const std::byte> frame);

/// A descriptor that wakes a sleeping shard. Any thread may wake(); one sleeps on fd().
class Waker {
 public:
  Waker();
  ~Waker();
  Waker(const Waker&) = delete;
  Waker& operator=(const Waker&) = delete;

  int fd() const noexcept { return fd_; }
  /// Async-signal-safe.
  void wake() noexcept;
  void drain() noexcept;

 private:
  int fd_ = -1;
};

/// Copies of the frames that concern every shard, from each shard to each other one. Bounded: when
/// a ring is full the copy is dropped, and ARP asks again.
class Relay {
 public:
  explicit Relay(std::size_t shards);
  ~Relay();

  /// Called by shard `from` for what it received; `pool` is its own.
  void offer(std::size_t from, std::span<rte_mbuf* const> packets, buf::Pool& pool);
  /// Fills a prefix of `out` for shard `to`, which owns the packets then.
  std::size_t take(std::size_t to, std::span<rte_mbuf*> out);
  bool has_work(std::size_t to) const;
  Waker& waker(std::size_t shard) { return *wakers_[shard]; }

 private:
  using Ring = SpscRing<rte_mbuf*>;
  Ring& ring(std::size_t from, std::size_t to) const { return *rings_[from * shards_ + to]; }

  std::size_t shards_;
  std::vector<std::unique_ptr<Ring>> rings_;
  std::vector<std::unique_ptr<Waker>> wakers_;
};

}  // namespace zs::runtime
