#include "ip/address_table.hpp"

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

/// Larger is a better source for `destination`; compared member by member.
std::tuple<bool, bool, bool, int> merit(const LocalAddress& candidate, std::uint16_t interface,
                                        const IpAddress& destination) {
  const IpAddress& source = candidate.prefix.address;
  const bool destination_on_link = destination.is_link_local() || destination.is_multicast();
  return {source == destination, candidate.interface == interface,
          source.is_link_local() == destination_on_link, common_prefix(source, destination)};
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
  addresses_.push_back({prefix, interface, prefix.broadcast().value_or(prefix.address)});
  return {};
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
    if (a.interface == interface && a.prefix.contains(address)) return true;
  }
  return address.is_v6() && address.is_link_local();
}

std::optional<IpAddress> AddressTable::select_source(std::uint16_t interface,
                                                     const IpAddress& destination) const {
  if (destination.is_loopback()) return destination;
  const LocalAddress* best = nullptr;
  for (const LocalAddress& a : addresses_) {
    if (a.prefix.address.family() != destination.family()) continue;
    if (best == nullptr ||
        merit(a, interface, destination) > merit(*best, interface, destination)) {
      best = &a;
    }
  }
  if (best == nullptr) return std::nullopt;
  return best->prefix.address;
}

}  // namespace zs::ip
