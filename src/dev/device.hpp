#pragma once

#include <cstddef>

#include "dev/queue.hpp"

namespace zs::dev {

/// An opened device: its queue pairs, one a shard, live exactly as long as it does. Destroying it
/// stops traffic, frees every buffer it holds, and removes what it created (a TAP interface, a
/// virtual DPDK device). Destroy it after the shards stopped and before the pools go.
///
/// Thread rule: opened and destroyed by the control thread; each queue used by one shard. Their
/// stats() and link_up() may be called from the control thread too, as racy snapshots.
class Device {
 public:
  virtual ~Device() = default;
  virtual const Capabilities& capabilities() const noexcept = 0;
  virtual std::size_t queue_count() const noexcept = 0;
  /// Borrowed. Precondition: index < queue_count().
  virtual PacketQueue& queue(std::size_t index) noexcept = 0;
};

}  // namespace zs::dev
