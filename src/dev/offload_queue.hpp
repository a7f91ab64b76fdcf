#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "buf/pool.hpp"
#include "dev/queue.hpp"
#include "dev/segmentation.hpp"

namespace zs::dev {

/// Lets the stack see checksums, segmentation and chains on every device: it passes through what
/// the queue behind it does by itself, and does the rest in software.
///
/// It never writes a byte that others may hold, and allocates from the pools only. Without buffers
/// it accepts less, as a full device would. What it can hold back is bounded: one burst of finished
/// frames and one super-frame that is being cut (see tx_pending()).
///
/// On receive it joins the segments of a burst that follow one another (coalescing.hpp) where the
/// device does not; any other checksum of unknown standing is the stack's to verify.
class OffloadQueue final : public PacketQueue {
 public:
  /// Largest frame that it cuts where the device cuts none: what fits an IPv4 length field.
  static constexpr std::uint32_t kMaxTsoBytes = 65'535;

  /// `inner` and the pools outlive it.
  OffloadQueue(PacketQueue& inner, buf::Pools pools);
  ~OffloadQueue() override;
  OffloadQueue(const OffloadQueue&) = delete;
  OffloadQueue& operator=(const OffloadQueue&) = delete;

  const Capabilities& capabilities() const noexcept override { return capabilities_; }
  std::size_t rx_burst(std::span<rte_mbuf*> out) noexcept override;
  std::size_t tx_burst(std::span<rte_mbuf* const> packets) noexcept override;
  bool tx_pending() const noexcept override;
  int wake_fd() const noexcept override { return inner_.wake_fd(); }
  Wake arm_wake() noexcept override { return inner_.arm_wake(); }
  void disarm_wake() noexcept override { inner_.disarm_wake(); }
  bool link_up() const noexcept override { return inner_.link_up(); }
  /// Those of the queue behind it; packets that could not be made fit count as tx_errors.
  QueueStats stats() const noexcept override;

  /// Bytes copied for devices that take no chains (headers included).
  std::uint64_t copied_bytes() const noexcept { return copied_bytes_; }

 private:
  static constexpr std::size_t kReadyFrames = 64;
  enum class Need : std::uint8_t { kNothing, kChecksums, kLinear, kCut };
  enum class Taken : std::uint8_t { kYes, kTryLater };

  Need need_of(const rte_mbuf& packet) const noexcept;
  std::size_t untouched_run(std::span<rte_mbuf* const> packets) const noexcept;
  Taken take(rte_mbuf* packet) noexcept;
  Taken take_to_cut(buf::Mbuf packet) noexcept;
  bool make_linear(buf::Mbuf& packet) noexcept;
  void refill() noexcept;
  void push_ready(buf::Mbuf frame) noexcept;
  bool drain() noexcept;

  PacketQueue& inner_;
  buf::Pools pools_;
  Capabilities capabilities_;
  Offload by_device_;
  std::uint16_t max_segments_;
  std::uint32_t max_tso_bytes_;
  Segmenter segmenter_;
  std::array<rte_mbuf*, kReadyFrames> ready_{};  ///< finished, older than what is being cut
  std::size_t ready_count_ = 0;
  std::uint64_t errors_ = 0;
  std::uint64_t copied_bytes_ = 0;
};

}  // namespace zs::dev
