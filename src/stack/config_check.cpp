#include "stack/config_check.hpp"

#include <algorithm>

#include "ip/address_table.hpp"

namespace zs::stack {
namespace {

constexpr std::uint16_t kMinMtuV4 = 576;   // RFC 791 §3.2: what every host must take
constexpr std::uint16_t kMinMtuV6 = 1280;  // RFC 8200 §5
constexpr std::size_t kMaxInterfaces = 256;

std::string check_interface(const InterfaceConfig& interface, ip::AddressTable& seen) {
  const std::string who = "interface " + interface.name;
  if (interface.device.mac.is_zero() || interface.device.mac.is_multicast()) {
    return who + ": its device has no usable MAC address";
  }
  if (interface.device.mtu < kMinMtuV4) {
    return who + ": MTU " + std::to_string(interface.device.mtu) + " is below " +
           std::to_string(kMinMtuV4);
  }
  for (const IpPrefix& prefix : addresses_of(interface)) {
    if (prefix.address.is_v6() && interface.device.mtu < kMinMtuV6) {
      return who + ": IPv6 needs an MTU of at least " + std::to_string(kMinMtuV6);
    }
    const auto added = seen.add(0, prefix);
    if (added) continue;
    const std::string what = who + ": address " + prefix.to_string();
    if (added.error() == Errc::kAlready) return what + " is configured twice";
    return what + " cannot be a host's address";
  }
  return {};
}

}  // namespace

std::vector<IpPrefix> addresses_of(const InterfaceConfig& config,
                                   const neigh::IdentifierPolicy& identifier) {
  std::vector<IpPrefix> out = config.addresses;
  const auto is_v6 = [](const IpPrefix& p) { return p.address.is_v6(); };
  const auto is_v6_link_local = [](const IpPrefix& p) {
    return p.address.is_v6() && p.address.is_link_local();
  };
  const bool speaks_v6 = config.autoconf || std::any_of(out.begin(), out.end(), is_v6);
  if (speaks_v6 && std::none_of(out.begin(), out.end(), is_v6_link_local)) {
    if (const auto own = neigh::make_link_local(identifier, config.device.mac)) out.push_back(*own);
  }
  return out;
}

std::string check_route(const RouteConfig& route, const std::vector<InterfaceConfig>& interfaces) {
  const std::string what = "route " + route.destination.to_string();
  const IpAddress& to = route.destination.address;
  if (route.interface >= interfaces.size()) return what + ": there is no such interface";
  if (to.is_multicast() || to.is_loopback() || route.destination.length > (to.is_v4() ? 32 : 128)) {
    return what + ": not a destination for a route";
  }
  if (!route.gateway) return {};
  const std::string via = what + " via " + route.gateway->to_string();
  if (route.gateway->family() != to.family()) return via + ": the gateway is of another family";
  const InterfaceConfig& interface = interfaces[route.interface];
  const auto own = addresses_of(interface);
  const auto is_gateway = [&route](const IpPrefix& p) { return p.address == *route.gateway; };
  if (std::any_of(own.begin(), own.end(), is_gateway)) return via + ": that is our own address";
  const auto covers = [&route](const IpPrefix& p) { return p.contains(*route.gateway); };
  if (std::none_of(own.begin(), own.end(), covers)) {
    return via + ": the gateway is not on the link of interface " + interface.name;
  }
  return {};
}

std::string check_config(const ShardConfig& config, buf::Pools pools) {
  if (pools.data == nullptr || pools.indirect == nullptr) return "no buffer pools";
  if (config.interfaces.empty()) return "no interface is configured";
  if (config.interfaces.size() > kMaxInterfaces) return "too many interfaces";
  if (config.neighbor_entries == 0 || config.neighbor_entries > 65'535) {
    return "neighbor_entries must be 1 to 65535";
  }
  if (config.udp_sockets == 0) return "udp_sockets must not be 0";
  ip::AddressTable seen;
  for (const InterfaceConfig& interface : config.interfaces) {
    if (std::string why = check_interface(interface, seen); !why.empty()) return why;
  }
  for (const RouteConfig& route : config.routes) {
    if (std::string why = check_route(route, config.interfaces); !why.empty()) return why;
  }
  return {};
}

}  // namespace zs::stack
