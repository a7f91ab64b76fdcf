#pragma once

#include <cstdint>

namespace zs::wire {

/// The two bits of IPv4's type of service and IPv6's traffic class (RFC 3168 §5).
enum class EcnField : std::uint8_t {
  kNotEct = 0,
  kEct1 = 1,
  kEct0 = 2,
  kCongested = 3,  ///< CE
};

/// The first word of an IPv4 header of 20 bytes with this field, to which the payload's length is
/// to be added: what headers that are written by the million begin with.
constexpr std::uint32_t ipv4_start(EcnField ecn) noexcept {
  return 0x45u << 24 | static_cast<std::uint32_t>(ecn) << 16 | 20u;
}
/// The field again.
constexpr EcnField ecn_of(std::uint32_t ipv4_start) noexcept {
  return static_cast<EcnField>(ipv4_start >> 16 & 3);
}

}  // namespace zs::wire
