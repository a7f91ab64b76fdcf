#pragma once

#include <cstdint>

#include "base/address.hpp"
#include "base/result.hpp"
#include "buf/mbuf.hpp"
#include "wire/ecn.hpp"

namespace zs::ip {

inline constexpr std::uint8_t kDefaultHopLimit = 64;  ///< IANA's recommended default

struct HeaderSpec {
  IpAddress src;
  IpAddress dst;  ///< of src's family
  std::uint8_t protocol = 0;
  std::uint8_t hop_limit = kDefaultHopLimit;
  wire::EcnField ecn = wire::EcnField::kNotEct;
  std::uint32_t flow_label = 0;  ///< IPv6: 20 bits (RFC 6437)
};

constexpr std::uint16_t header_size(IpFamily family) { return family == IpFamily::kV4 ? 20 : 40; }

/// Whether so much fits the header's length field, which in IPv4 counts the header too.
constexpr bool fits_packet(IpFamily family, std::uint32_t payload_bytes) {
  return payload_bytes <= (family == IpFamily::kV4 ? 65'535u - 20u : 65'535u);
}

/// Puts an IP header in front of a transport packet and says so in the mbuf (l3_len, ol_flags), by
/// dev/queue.hpp's transmit contract. kMessageSize beyond 65,535 bytes, kNoBuffers without the
/// headroom; the packet is then unchanged.
///
/// Nothing of ours is ever fragmented on the way: IPv4 packets carry DF, which also makes them
/// atomic, so that the identification means nothing and is 0 (RFC 6864 §4.1). What is longer than
/// the path carries is cut here, by a Fragmenter.
Result<void> prepend_header(buf::Mbuf& packet, const HeaderSpec& spec) noexcept;

/// The same into room that exists: `at` has header_size() bytes, `payload_bytes` follow.
void write_header(std::byte* at, const HeaderSpec& spec, std::uint32_t payload_bytes) noexcept;

/// write_header() where it is IPv4's: stores of constants and registers only, since every data
/// packet passes here. `start` is wire::ipv4_start(). The checksum field stays 0, for the device
/// (or its stand-in) fills it in.
inline void write_ipv4_header(std::byte* at, std::uint32_t start, const IpAddress& src,
                              const IpAddress& dst, std::uint8_t protocol, std::uint8_t hop_limit,
                              std::uint32_t payload_bytes) noexcept {
  constexpr std::uint32_t kDontFragment = 0x4000;
  store_be(at, start + payload_bytes);
  store_be(at + 4, kDontFragment);
  store_be(at + 8, std::uint32_t{hop_limit} << 24 | std::uint32_t{protocol} << 16);
  store_be(at + 12, src.v4_value());
  store_be(at + 16, dst.v4_value());
}

}  // namespace zs::ip
