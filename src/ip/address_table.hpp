#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/address.hpp"
#include "base/result.hpp"

namespace zs::ip {

/// What a packet's destination is to this host.
enum class Destination : std::uint8_t {
  kOurs,  ///< a unicast address of ours, on whichever interface (RFC 1122 §3.3.4.2 weak model)
  kBroadcast,  ///< limited, or directed to a subnet of the interface that it came in by
  kMulticast,  ///< a group that we belong to: all nodes, our solicited-node groups
  kForeign,
};

struct LocalAddress {
  IpPrefix prefix;  ///< the address with its on-link prefix length
  std::uint16_t interface = 0;
  /// prefix.broadcast(), asked for with every packet; the address itself where there is none.
  IpAddress broadcast;
};

/// The addresses of this host. A handful: a linear search over a few cache lines is what a hash
/// would cost.
class AddressTable {
 public:
  /// kAlready for an address that is there, kInvalid for one that cannot be an interface's:
  /// unspecified, multicast, broadcast, loopback, a subnet's network or broadcast address.
  Result<void> add(std::uint16_t interface, const IpPrefix& prefix);

  /// nullptr when it is not ours. Loopback addresses are not in the table: see is_local().
  const LocalAddress* find(const IpAddress& address) const;
  /// Ours, or loopback: packets to it never leave the host.
  bool is_local(const IpAddress& address) const {
    return address.is_loopback() || find(address) != nullptr;
  }
  Destination classify(std::uint16_t interface, const IpAddress& destination) const;
  /// False for what cannot be a sender on a wire (RFC 1122 §3.2.1.3, RFC 4291 §2.5): multicast,
  /// broadcast, loopback, our own addresses, 0/8 and 240/4. The unspecified IPv6 address passes
  /// only as ND uses it, which is the caller's to know.
  bool is_valid_source(std::uint16_t interface, const IpAddress& source) const;
  /// True when the address lies in a prefix of the interface.
  bool is_on_link(std::uint16_t interface, const IpAddress& address) const;

  /// The address to send from when the socket has none (RFC 6724 §5, of which a host with static
  /// addresses needs rules 1, 2, 5 and 8: same address, scope, outgoing interface, longest prefix).
  /// nullopt when the host has no address of the family.
  std::optional<IpAddress> select_source(std::uint16_t interface,
                                         const IpAddress& destination) const;

  std::span<const LocalAddress> all() const { return addresses_; }

 private:
  std::vector<LocalAddress> addresses_;
};

}  // namespace zs::ip
