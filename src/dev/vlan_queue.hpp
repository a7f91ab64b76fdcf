#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "buf/pool.hpp"
#include "dev/queue.hpp"

namespace zs::dev {

/// Makes a stack that knows of no tags live in one VLAN (IEEE 802.1Q): what it sends is tagged,
/// what it hears is what carried the tag, without it. By the device where that has kVlan, else
/// here. Frames without the tag, or with another, are dropped and counted.
///
/// A tag goes into the headroom of the packet that the stack has just made, and only there. One is
/// taken off by moving the addresses, in a buffer that nobody else sees.
class VlanQueue final : public PacketQueue {
 public:
  static constexpr std::uint16_t kMaxId = 4094;  ///< 0 is no VLAN, 4095 is reserved

  /// `inner` and the pools outlive it. Precondition: 1 <= id <= kMaxId.
  VlanQueue(PacketQueue& inner, std::uint16_t id, buf::Pools pools);

  const Capabilities& capabilities() const noexcept override { return inner_.capabilities(); }
  std::size_t rx_burst(std::span<rte_mbuf*> out) noexcept override;
  std::size_t tx_burst(std::span<rte_mbuf* const> packets) noexcept override;
  bool tx_pending() const noexcept override { return inner_.tx_pending(); }
  int wake_fd() const noexcept override { return inner_.wake_fd(); }
  bool link_up() const noexcept override { return inner_.link_up(); }
  /// Those of the queue behind it, and foreign_frames() among the rx_errors.
  QueueStats stats() const noexcept override;

  /// Received frames of other VLANs, or of none.
  std::uint64_t foreign_frames() const noexcept { return foreign_; }

 private:
  bool is_ours(const rte_mbuf& frame) const noexcept;
  bool strip(rte_mbuf*& frame) noexcept;
  bool tag(rte_mbuf& packet) const noexcept;
  void untag(rte_mbuf& packet) const noexcept;

  PacketQueue& inner_;
  buf::Pools pools_;
  std::uint16_t id_;
  bool by_device_;
  std::uint64_t foreign_ = 0;
  std::uint64_t no_buffers_ = 0;
};

}  // namespace zs::dev
