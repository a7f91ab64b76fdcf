#pragma once

#include <cstdint>

namespace zs::wire {

/// EtherTypes (IEEE 802 numbers, IANA "ether-types"), host order.
namespace ether_type {
inline constexpr std::uint16_t kIpv4 = 0x0800;
inline constexpr std::uint16_t kArp = 0x0806;
inline constexpr std::uint16_t kVlan = 0x8100;         ///< 802.1Q customer tag
inline constexpr std::uint16_t kServiceVlan = 0x88a8;  ///< 802.1ad service tag
inline constexpr std::uint16_t kIpv6 = 0x86dd;
/// Below this the field is an IEEE 802.3 length and not a type (IEEE 802.3 §3.2.6).
inline constexpr std::uint16_t kFirst = 0x0600;
}  // namespace ether_type

/// IPv4 protocol and IPv6 next-header values (IANA "protocol-numbers").
namespace ip_protocol {
inline constexpr std::uint8_t kHopByHop = 0;
inline constexpr std::uint8_t kIcmp = 1;
inline constexpr std::uint8_t kIgmp = 2;
inline constexpr std::uint8_t kTcp = 6;
inline constexpr std::uint8_t kUdp = 17;
inline constexpr std::uint8_t kRouting = 43;
inline constexpr std::uint8_t kFragment = 44;
inline constexpr std::uint8_t kEsp = 50;
inline constexpr std::uint8_t kAuthentication = 51;
inline constexpr std::uint8_t kIcmpv6 = 58;
inline constexpr std::uint8_t kNoNext = 59;
inline constexpr std::uint8_t kDestination = 60;
}  // namespace ip_protocol

}  // namespace zs::wire
