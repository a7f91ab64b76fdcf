#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/address.hpp"
#include "buf/mbuf.hpp"

namespace zs::dev {

/// Ethernet with two tags, IPv6 with a few extension headers, TCP with all options.
inline constexpr std::uint16_t kMaxHeaderBytes = 256;

/// True when the frame's flags ask the device for this work.
inline bool asks_for(const rte_mbuf& m, std::uint64_t flag) noexcept {
  return (m.ol_flags & flag) != 0;
}

/// Where the headers of an IP frame begin and end, as offsets from its first byte. Each offset lies
/// inside the frame and inside kMaxHeaderBytes; `payload` of a transport other than TCP and UDP
/// equals `l4`.
struct FrameLayout {
  IpFamily family = IpFamily::kV4;
  std::uint8_t protocol = 0;
  bool is_fragment = false;  ///< then there is no transport header to speak of
  std::uint16_t l3 = 0;
  std::uint16_t l4 = 0;
  std::uint16_t payload = 0;
  std::uint32_t end = 0;  ///< of the IP packet; what lies behind is padding of the link

  std::uint32_t payload_bytes() const { return end - payload; }
  std::uint32_t l4_bytes() const { return end - l4; }
};

/// What the transmit contract of PacketQueue says of a frame. nullopt when that asks for nothing in
/// the transport, or contradicts the frame's length.
std::optional<FrameLayout> layout_of_tx(const rte_mbuf& frame) noexcept;

/// What the bytes say. nullopt for anything that is not a well-formed IP packet.
std::optional<FrameLayout> parse_layout(const rte_mbuf& frame) noexcept;

}  // namespace zs::dev
