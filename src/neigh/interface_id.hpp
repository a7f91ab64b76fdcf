#pragma once

#include <cstdint>
#include <optional>

#include "base/address.hpp"
#include "base/siphash.hpp"

namespace zs::neigh {

/// Where the last 64 bits of an address that we make ourselves come from.
enum class IdentifierKind : std::uint8_t {
  kEui64,   ///< the MAC address (RFC 4291 appendix A): known to all who meet it anywhere
  kOpaque,  ///< a secret, the prefix and the MAC (RFC 7217): stable here, unlinkable elsewhere
};

struct IdentifierPolicy {
  IdentifierKind kind = IdentifierKind::kEui64;
  SipKey secret;  ///< kOpaque: the same after a restart, else the address is not
};

/// RFC 7217 §6: how many other identifiers are tried when somebody has ours already.
inline constexpr std::uint8_t kIdentifierRetries = 3;

/// The address of an interface in a /64. `duplicates`: how many of them somebody else had. nullopt
/// where there is no other to try, or the prefix has not 64 bits (RFC 2464 §4).
std::optional<IpPrefix> make_address(const IdentifierPolicy& policy, const IpPrefix& prefix,
                                     const MacAddress& mac, std::uint8_t duplicates = 0);

/// The same in fe80::/64.
std::optional<IpPrefix> make_link_local(const IdentifierPolicy& policy, const MacAddress& mac,
                                        std::uint8_t duplicates = 0);

}  // namespace zs::neigh
