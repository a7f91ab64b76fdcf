#pragma once

#include <linux/if_packet.h>
#include <sys/socket.h>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "buf/pool.hpp"
#include "dev/kernel_interface.hpp"
#include "dev/queue.hpp"
#include "dev/rx_slot.hpp"
#include "dev/unique_fd.hpp"

namespace zs::dev {

/// One AF_PACKET socket of a `Packet` device, reading and writing in batches.
class PacketSocketQueue final : public PacketQueue {
 public:
  static constexpr std::uint16_t kMaxTxSegments = 256;

  /// Takes a socket that was bound to `interface`, which had `index` then. Borrows the rest.
  PacketSocketQueue(UniqueFd fd, int index, const KernelInterface& interface,
                    const Capabilities& capabilities, buf::Pool& pool);

  const Capabilities& capabilities() const noexcept override { return *capabilities_; }
  std::size_t rx_burst(std::span<rte_mbuf*> out) noexcept override;
  std::size_t tx_burst(std::span<rte_mbuf* const> packets) noexcept override;
  int wake_fd() const noexcept override { return fd_.get(); }
  bool link_up() const noexcept override { return interface_->link_state() == LinkState::kUp; }
  QueueStats stats() const noexcept override;

 private:
  static constexpr std::size_t kBatch = 32;
  /// Buffers that may lie posted: with large frames fewer slots are in use.
  static constexpr std::size_t kPostedBuffers = 256;
  static constexpr std::size_t kTxVectors = 1'024;
  static_assert(kTxVectors >= kMaxTxSegments + 2);

  struct alignas(cmsghdr) Control {
    std::array<std::byte, CMSG_SPACE(sizeof(tpacket_auxdata))> bytes;
  };

  std::size_t arm_slots(std::size_t wanted) noexcept;
  rte_mbuf* take(std::size_t i) noexcept;
  void on_receive_error(int error) noexcept;
  void reattach() noexcept;
  std::size_t fill_batch(std::span<rte_mbuf* const> packets) noexcept;
  std::size_t send_batch(std::span<rte_mbuf* const> packets, std::size_t messages) noexcept;
  void on_sent(rte_mbuf* packet) noexcept;
  void on_refused(rte_mbuf* packet) noexcept;

  UniqueFd fd_;
  int index_;
  const KernelInterface* interface_;
  const Capabilities* capabilities_;
  buf::Pool* pool_;
  QueueStats stats_;
  mutable std::atomic<std::uint64_t> kernel_drops_{0};  ///< the kernel resets its own when read
  bool detached_ = false;  ///< the interface went down or away: look for it

  std::unique_ptr<std::byte[]> overflow_;
  std::vector<RxSlot> slots_;
  std::array<mmsghdr, kBatch> rx_messages_{};
  std::array<Control, kBatch> rx_controls_{};
  RxSizer sizer_;
  std::uint32_t armed_bytes_ = 0;  ///< the frame size for which the slots from used_slots_ on stand
  std::size_t used_slots_ = kBatch;  ///< slots before this one want new buffers

  std::array<mmsghdr, kBatch> tx_messages_{};
  std::array<VirtioTxFrame, kBatch> tx_frames_;
  std::array<iovec, kTxVectors> tx_vectors_;
};

/// Joins the socket to `index`: from here on it receives what is addressed to `mac`, and every
/// multicast frame. Also after the interface was made anew.
Result<void> bind_to_interface(int fd, int index, const MacAddress& mac) noexcept;

}  // namespace zs::dev
