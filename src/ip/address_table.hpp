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
  bool on_link = true;      ///< the rest of the prefix is on the link too
  bool deprecated = false;  ///< better not for new connections (RFC 4862 §5.5.4)
  bool duplicate = false;   ///< somebody else has it as well
};

/// The addresses of this host. A handful: a linear search over a few cache lines is what a hash
/// would cost.
class AddressTable {
 public:
  /// kAlready for an address that is there, kInvalid for one that cannot be an interface's:
  /// unspecified, multicast, broadcast, loopback, a subnet's network or broadcast address.
  Result<void> add(std::uint16_t interface, const IpPrefix& prefix);

  /// An address that was made from an advertised prefix, which says nothing of who is on the link.
  Result<void> add_autonomous(std::uint16_t interface, const IpPrefix& prefix);
  /// kNotFound.
  Result<void> remove(const IpAddress& address);
  void set_deprecated(const IpAddress& address, bool on);
  void set_duplicate(const IpAddress& address, bool on);
  /// A prefix on the link in which we may have no address (RFC 5942 §4).
  void add_on_link(std::uint16_t interface, const IpPrefix& prefix);
  void remove_on_link(std::uint16_t interface, const IpPrefix& prefix);

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

  /// The address to send from when the socket has none, by the rules of RFC 6724 §5 (but those of
  /// mobile hosts and temporary addresses), which serve IPv4 as well. nullopt when the host has no
  /// address of the family.
  std::optional<IpAddress> select_source(std::uint16_t interface,
                                         const IpAddress& destination) const;

  std::span<const LocalAddress> all() const { return addresses_; }
  /// Changes when an address comes or goes.
  std::uint32_t generation() const { return generation_; }

 private:
  struct OnLink {
    std::uint16_t interface = 0;
    IpPrefix prefix;
    friend bool operator==(const OnLink&, const OnLink&) = default;
  };
  LocalAddress* entry(const IpAddress& address);

  std::vector<LocalAddress> addresses_;
  std::vector<OnLink> on_link_;
  std::uint32_t generation_ = 0;
};

}  // namespace zs::ip
