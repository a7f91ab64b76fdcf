#include "ip/address_table.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <tuple>

#include "wire/nd.hpp"

namespace zs::ip {
namespace {

/// ff02::1, every node on the link.
constexpr bool is_all_nodes(const IpAddress& a) {
  return a.high() == 0xff02'0000'0000'0000ull && a.low() == 1;
}
/// 224.0.0.1, every system on this subnet.
constexpr bool is_all_systems(const IpAddress& a) {
  return a.is_v4() && a.v4_value() == 0xe000'0001;
}

int common_prefix(const IpAddress& a, const IpAddress& b) {
  if (a.high() != b.high()) return std::countl_zero(a.high() ^ b.high());
  return 64 + std::countl_zero(a.low() ^ b.low());
}

/// Precedence aside, the policy table of RFC 6724 §2.1; the first match is the longest.
std::uint8_t label_of(const IpAddress& a) {
  if (a.is_v4()) return 4;
  if (a.is_loopback()) return 0;
  const std::uint64_t high = a.high();
  if (high == 0 && (a.low() >> 32) == 0) return 3;
  if ((high >> 32) == 0x2001'0000) return 5;
  if ((high >> 48) == 0x2002) return 2;
  if ((high >> 48) == 0x3ffe) return 12;
  if ((high >> 54) == (0xfec0u >> 6)) return 11;
  if ((high >> 57) == (0xfcu >> 1)) return 13;
  return 1;
}

/// RFC 6724 §3.1 and §3.2, on RFC 4291's scale.
int scope_of(const IpAddress& a) {
  constexpr int kLink = 2;
  constexpr int kSite = 5;
  constexpr int kGlobal = 14;
  if (a.is_link_local() || a.is_loopback()) return kLink;
  if (a.is_v4()) return (a.v4_value() >> 8) == 0xe00000 ? kLink : kGlobal;
  if (a.is_multicast()) return static_cast<int>((a.high() >> 48) & 0xf);
  return (a.high() >> 54) == (0xfec0u >> 6) ? kSite : kGlobal;
}

/// Rule 2 as a number: the narrowest scope that reaches, else the widest there is.
int reach(int source_scope, int destination_scope) {
  return source_scope >= destination_scope ? 32 - source_scope : source_scope - 32;
}

/// Larger is a better source for `destination`; compared member by member, which are the rules 1,
/// 2, 3, 5, 6 and 8 of RFC 6724 §5, behind one of our own: nobody answers to a duplicate.
std::tuple<bool, bool, int, bool, bool, bool, int> merit(const LocalAddress& candidate,
                                                         std::uint16_t interface,
                                                         const IpAddress& destination) {
  const IpAddress& source = candidate.prefix.address;
  const int width = candidate.prefix.length + (source.is_v4() ? 96 : 0);
  return {source == destination,
          !candidate.duplicate,
          reach(scope_of(source), scope_of(destination)),
          !candidate.deprecated,
          candidate.interface == interface,
          label_of(source) == label_of(destination),
          std::min(width, common_prefix(source, destination))};
}

bool is_assignable(const IpPrefix& prefix) {
  const IpAddress& a = prefix.address;
  if (a.is_unspecified() || a.is_multicast() || a.is_limited_broadcast() || a.is_loopback()) {
    return false;
  }
  if (a.is_v6()) return prefix.length <= 128;
  if (prefix.length == 0 || prefix.length > 32) return false;
  if ((a.v4_value() >> 24) == 0 || (a.v4_value() >> 28) == 0xf) return false;
  // A /31 has no network and broadcast address (RFC 3021), a /32 is only itself.
  return prefix.length >= 31 || (a != prefix.network() && a != prefix.broadcast());
}

}  // namespace

Result<void> AddressTable::add(std::uint16_t interface, const IpPrefix& prefix) {
  if (!is_assignable(prefix)) return Errc::kInvalid;
  if (find(prefix.address) != nullptr) return Errc::kAlready;
  ++generation_;
  addresses_.push_back({prefix, interface, prefix.broadcast().value_or(prefix.address)});
  return {};
}

Result<void> AddressTable::add_autonomous(std::uint16_t interface, const IpPrefix& prefix) {
  ZS_TRY(add(interface, prefix));
  addresses_.back().on_link = false;
  return {};
}

Result<void> AddressTable::remove(const IpAddress& address) {
  const auto gone =
      std::erase_if(addresses_, [&](const LocalAddress& a) { return a.prefix.address == address; });
  if (gone == 0) return Errc::kNotFound;
  ++generation_;
  return {};
}

void AddressTable::set_deprecated(const IpAddress& address, bool on) {
  if (LocalAddress* const a = entry(address)) a->deprecated = on;
}

void AddressTable::set_duplicate(const IpAddress& address, bool on) {
  if (LocalAddress* const a = entry(address)) a->duplicate = on;
}

void AddressTable::add_on_link(std::uint16_t interface, const IpPrefix& prefix) {
  on_link_.push_back({interface, prefix});
}

void AddressTable::remove_on_link(std::uint16_t interface, const IpPrefix& prefix) {
  const auto at = std::find(on_link_.begin(), on_link_.end(), OnLink{interface, prefix});
  if (at != on_link_.end()) on_link_.erase(at);
}

LocalAddress* AddressTable::entry(const IpAddress& address) {
  for (LocalAddress& a : addresses_) {
    if (a.prefix.address == address) return &a;
  }
  return nullptr;
}

const LocalAddress* AddressTable::find(const IpAddress& address) const {
  for (const LocalAddress& a : addresses_) {
    if (a.prefix.address == address) return &a;
  }
  return nullptr;
}

Destination AddressTable::classify(std::uint16_t interface, const IpAddress& destination) const {
  if (find(destination) != nullptr) return Destination::kOurs;
  if (destination.is_limited_broadcast()) return Destination::kBroadcast;
  if (destination.is_multicast()) {
    if (is_all_nodes(destination) || is_all_systems(destination)) return Destination::kMulticast;
    for (const LocalAddress& a : addresses_) {
      if (a.interface == interface && a.prefix.address.is_v6() &&
          wire::solicited_node_multicast(a.prefix.address) == destination) {
        return Destination::kMulticast;
      }
    }
    return Destination::kForeign;
  }
  for (const LocalAddress& a : addresses_) {
    if (a.interface == interface && a.broadcast == destination) return Destination::kBroadcast;
  }
  return Destination::kForeign;
}

bool AddressTable::is_valid_source(std::uint16_t interface, const IpAddress& source) const {
  if (source.is_multicast() || source.is_loopback() || source.is_unspecified()) return false;
  if (source.is_v4()) {
    const std::uint32_t v = source.v4_value();
    if ((v >> 24) == 0 || (v >> 28) == 0xf) return false;
  }
  for (const LocalAddress& a : addresses_) {
    if (a.prefix.address == source) return false;  // somebody pretends to be us (LAND)
    if (a.interface == interface && a.broadcast == source) return false;
  }
  return true;
}

bool AddressTable::is_on_link(std::uint16_t interface, const IpAddress& address) const {
  for (const LocalAddress& a : addresses_) {
    if (a.on_link && a.interface == interface && a.prefix.contains(address)) return true;
  }
  for (const OnLink& o : on_link_) {
    if (o.interface == interface && o.prefix.contains(address)) return true;
  }
  return address.is_v6() && address.is_link_local();
}

std::optional<IpAddress> AddressTable::select_source(std::uint16_t interface,
                                                     const IpAddress& destination) const {
  if (destination.is_loopback()) return destination;
  // RFC 6724 §4: what is to stay on the link leaves from an address of that link, if there is one.
  const bool link_only = destination.is_multicast() || destination.is_link_local();
  const LocalAddress* best = nullptr;
  for (const LocalAddress& a : addresses_) {
    if (a.prefix.address.family() != destination.family()) continue;
    if (link_only && best != nullptr && a.interface != interface) continue;
    if (link_only && best != nullptr && best->interface != interface) best = nullptr;
    if (best == nullptr ||
        merit(a, interface, destination) > merit(*best, interface, destination)) {
      best = &a;
    }
  }
  if (best == nullptr) return std::nullopt;
  return best->prefix.address;
}

}  // namespace zs::ip
