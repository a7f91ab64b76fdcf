#pragma once

#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include "base/result.hpp"
#include "buf/pool.hpp"
#include "dev/virtio_net.hpp"

namespace zs::dev {

/// The largest frame that the kernel passes: an IP packet of 65,535 bytes, Ethernet, two VLAN tags.
inline constexpr std::uint32_t kMaxFrameBytes = 65'535 + 14 + 2 * 4;

/// Where the kernel writes one received frame: the virtio header, then posted buffers, then an
/// overflow area, so that a vector that is short (and cheap) for small frames truncates none.
/// Buffers stay posted between calls.
class RxSlot {
 public:
  static constexpr std::size_t kMaxPosted = 40;
  /// Beyond kMaxFrameBytes, so that a frame that fills everything is known to be truncated.
  static constexpr std::size_t kOverflowBytes = kMaxFrameBytes + 64;

  /// `overflow` is borrowed, and kOverflowBytes long.
  explicit RxSlot(std::span<std::byte> overflow) noexcept : overflow_(overflow) {}
  RxSlot(RxSlot&& other) noexcept;
  RxSlot& operator=(RxSlot&&) = delete;
  ~RxSlot() { post(0); }

  /// Buffers for frames of `bytes`, as far as `pool` has them; excess ones are given back. False
  /// when some are missing.
  bool arm(buf::Pool& pool, std::uint32_t bytes) noexcept;
  /// For readv() and friends; valid until the next call of anything else.
  std::span<iovec> vectors() noexcept;

  /// The frame of `length` bytes, behind the virtio header, that the kernel has put here, with the
  /// metadata of the receive contract. What lies in the overflow area is copied into buffers of
  /// `pool`. The caller owns it. kNoBuffers when there are none, kInvalid for a malformed frame:
  /// it is gone then, and the slot as good as before.
  Result<rte_mbuf*> take(std::size_t length, buf::Pool& pool) noexcept;

 private:
  void post(std::size_t keep) noexcept;
  Result<rte_mbuf*> take_chain(std::size_t length, buf::Pool& pool) noexcept;

  VirtioNetHeader header_;
  std::size_t posted_ = 0;
  std::size_t room_ = 0;                       ///< bytes in the posted buffers
  std::array<rte_mbuf*, kMaxPosted> buffers_;  // the first posted_ are valid
  std::array<iovec, kMaxPosted + 2> vectors_;
  std::span<std::byte> overflow_;
};

/// Overflow areas for `slots` slots, side by side. Pages that no frame touches cost nothing.
inline std::unique_ptr<std::byte[]> make_overflow(std::size_t slots) {
  return std::make_unique_for_overwrite<std::byte[]>(slots * RxSlot::kOverflowBytes);
}

/// Guesses the size of the next frame from the recent ones: wrong by too little costs a copy, by
/// too much a longer vector. Grows to the full size at once, shrinks after a quiet window.
class RxSizer {
 public:
  explicit RxSizer(std::uint32_t initial_bytes) noexcept : expected_(initial_bytes) {}
  std::uint32_t expected_bytes() const noexcept { return expected_; }
  void on_frame(std::uint32_t length) noexcept {
    if (length > expected_) {
      expected_ = kMaxFrameBytes;
      largest_ = frames_ = 0;
    }
    if (length > largest_) largest_ = length;
    if (++frames_ < kWindow) return;
    expected_ = largest_ > kSmallFrame ? largest_ : kSmallFrame;
    largest_ = frames_ = 0;
  }

 private:
  static constexpr std::uint32_t kWindow = 512;
  static constexpr std::uint32_t kSmallFrame = 1'518;  ///< fits one buffer of the usual pools
  std::uint32_t expected_;
  std::uint32_t largest_ = 0;
  std::uint32_t frames_ = 0;
};

/// What writev() and sendmsg() take for one packet: virtio header, rewritten headers, the rest of
/// the segments. Returns how many of `out` are filled; 0 if the packet has more segments than fit
/// or is shorter than it says. Borrows both arguments.
std::size_t gather(const VirtioTxFrame& frame, const rte_mbuf& packet,
                   std::span<iovec> out) noexcept;

}  // namespace zs::dev
