#pragma once

#include <cstdint>

#include "base/result.hpp"
#include "buf/mbuf.hpp"
#include "buf/pool.hpp"
#include "dev/frame_layout.hpp"

namespace zs::dev {

enum class FrameShape : std::uint8_t {
  kScattered,  ///< a fresh header, and indirect slices of the payload: nothing is copied
  kLinear,     ///< one buffer a frame, for devices that take no chains
};

/// Cuts one large TCP frame into frames of at most `segment_bytes` of payload, one at a time: a
/// device that takes only some leaves the rest here, and not in a list of unknown length.
///
/// What comes out follows the transmit contract of PacketQueue: l2_len to l4_len and the address
/// family flag are set, the IPv4 header checksum is in, the TCP checksum is asked for and its field
/// holds the pseudo-header sum.
class Segmenter {
 public:
  /// True if there is a TCP segment in a frame of this layout, with headers that fit `pools`.
  static bool can_cut(const FrameLayout& at, std::uint16_t segment_bytes,
                      buf::Pools pools) noexcept;

  /// Preconditions: !active(), can_cut().
  void start(buf::Mbuf frame, const FrameLayout& at, std::uint16_t segment_bytes) noexcept;
  bool active() const noexcept { return static_cast<bool>(frame_); }

  /// The next frame; not active() any more after the last. kNoBuffers: nothing changed, try again.
  /// kMessageSize: kLinear, and no buffer is large enough.
  /// Precondition: active().
  Result<buf::Mbuf> next(buf::Pools pools, FrameShape shape) noexcept;

  /// Drops what is left.
  void cancel() noexcept { frame_ = {}; }

 private:
  struct Cursor {
    rte_mbuf* segment = nullptr;
    std::uint32_t offset = 0;
  };
  static Result<Cursor> attach_payload(buf::Mbuf& to, Cursor from, std::uint32_t bytes,
                                       buf::Pool& indirect) noexcept;
  void write_headers(rte_mbuf& frame, std::uint32_t payload_bytes) const noexcept;

  buf::Mbuf frame_;
  FrameLayout at_;
  std::uint16_t segment_bytes_ = 0;
  std::uint16_t index_ = 0;
  std::uint32_t done_ = 0;  ///< payload bytes that went out
  Cursor cursor_;           ///< where the next payload byte lies
};

}  // namespace zs::dev
