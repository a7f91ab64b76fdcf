#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/result.hpp"
#include "buf/mbuf.hpp"

namespace zs::dev {

/// The header that TAP and AF_PACKET put before a frame: "legacy" struct virtio_net_hdr of the
/// VIRTIO specification §5.1.6, fields in the machine's byte order.
struct VirtioNetHeader {
  static constexpr std::uint8_t kNeedsChecksum = 1;  ///< the L4 checksum is for others to finish
  static constexpr std::uint8_t kDataValid = 2;      ///< it was verified, or never left the machine
  static constexpr std::uint8_t kGsoNone = 0;
  static constexpr std::uint8_t kGsoTcpV4 = 1;
  static constexpr std::uint8_t kGsoTcpV6 = 4;
  static constexpr std::uint8_t kGsoEcn = 0x80;  ///< beside kGsoTcpV*: CWR belongs to the first cut

  std::uint8_t flags = 0;
  std::uint8_t gso_type = kGsoNone;
  std::uint16_t header_bytes = 0;     ///< Ethernet, IP and TCP headers together
  std::uint16_t gso_size = 0;         ///< payload bytes a segment
  std::uint16_t checksum_start = 0;   ///< first byte that is summed
  std::uint16_t checksum_offset = 0;  ///< from there, where the sum belongs
};
static_assert(sizeof(VirtioNetHeader) == 10, "the kernel reads these ten bytes");

/// A packet as the kernel wants it. `headers` stands for the packet's first `replaced_bytes`: a
/// copy, because the packet's own bytes may be shared with a send buffer, and because a packet that
/// the kernel did not take yet must look the same when it is tried again.
struct VirtioTxFrame {
  /// Ethernet with two tags, IPv6 with extension headers, TCP with all options, and some.
  static constexpr std::size_t kMaxHeaderBytes = 256;

  VirtioNetHeader virtio;
  std::uint16_t replaced_bytes = 0;
  std::uint16_t headers_length = 0;  ///< more than `replaced_bytes` when a VLAN tag was inserted
  std::array<std::byte, kMaxHeaderBytes> headers;  // not initialised: it is filled for each packet

  std::span<const std::byte> header_span() const noexcept {
    return std::span{headers}.first(headers_length);
  }
};

/// Translates the transmit contract of PacketQueue: checksum and segmentation requests become the
/// virtio header, the IPv4 header checksum is computed, a VLAN tag inserted. The packet is not
/// changed. kInvalid when its metadata contradict its bytes.
Result<void> make_virtio_tx(const rte_mbuf& m, VirtioTxFrame& out) noexcept;

/// Translates what the kernel says of a received frame into the receive contract of PacketQueue.
/// `packet` holds the frame without the header, pkt_len set. kInvalid when the header contradicts
/// the frame or speaks of something that was not negotiated (UDP fragments): the packet is then
/// unusable.
Result<void> apply_virtio_rx(const VirtioNetHeader& h, rte_mbuf& m) noexcept;

}  // namespace zs::dev
