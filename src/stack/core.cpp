#include "stack/core.hpp"

#include <algorithm>
#include <array>

#include "base/byte_order.hpp"
#include "stack/config_check.hpp"
#include "wire/nd.hpp"

namespace zs::stack {
namespace {

/// A key of its own for each user of the shard's secret, so that what one table lets a stranger
/// measure says nothing about another.
SipKey derive(const SipKey& secret, std::uint64_t purpose) {
  std::array<std::byte, 8> label;
  store_be(label.data(), purpose);
  const std::uint64_t k0 = siphash(secret, label);
  store_be(label.data(), purpose | std::uint64_t{1} << 63);
  return {k0, siphash(secret, label)};
}
enum Purpose : std::uint64_t {
  kPathMtu = 1,
  kIcmp,
  kNeighbors,
  kUdp,
  kReassembly,
  kFragmentIds,
  kRouters,
  kLabels,
  kGroups
};

/// Room for headers in a TSO frame, beside what the device counts as its limit.
constexpr std::uint32_t kMaxHeaders = 14 + 4 + 60 + 60;

tcp::Config fit_tcp(tcp::Config tcp, const std::vector<InterfaceConfig>& interfaces) {
  for (const InterfaceConfig& i : interfaces) {
    const std::uint32_t most = i.device.max_tso_bytes > 2 * kMaxHeaders
                                   ? i.device.max_tso_bytes - kMaxHeaders
                                   : i.device.mtu;
    tcp.max_tso_bytes = std::min(tcp.max_tso_bytes, most);
  }
  return tcp;
}

neigh::ClaimConfig claim_config(const ShardConfig& config) {
  neigh::ClaimConfig claims;
  claims.probes_v4 = config.address_probes;
  claims.probes_v6 = std::min<std::uint8_t>(config.address_probes, claims.probes_v6);
  return claims;
}

/// Shards share the secret and count by themselves: the seed keeps their numbers apart.
SipKey fragment_key(const ShardConfig& config) {
  SipKey key = derive(config.secret, kFragmentIds);
  key.k1 ^= config.seed;
  return key;
}

udp::Config udp_config(const ShardConfig& config) {
  udp::Config udp;
  udp.max_sockets = config.udp_sockets;
  udp.ephemeral_low = config.tcp.ephemeral_low;
  udp.ephemeral_high = config.tcp.ephemeral_high;
  udp.seed = derive(config.secret, kUdp).k0;
  return udp;
}

}  // namespace

Core::Core(const ShardConfig& config, buf::Pools buffers, Instant start)
    : pools(buffers),
      now(start),
      groups(kMostGroups, derive(config.secret, kGroups).k0 ^ config.seed),
      path_mtu(derive(config.secret, kPathMtu)),
      icmp_limiter(config.icmp, derive(config.secret, kIcmp)),
      reassembler(config.reassembly, derive(config.secret, kReassembly), buffers, drops),
      fragment_ids(fragment_key(config)),
      neighbors({.entries = config.neighbor_entries}, derive(config.secret, kNeighbors), drops),
      claims(claim_config(config)),
      routers({.identifier = config.identifier}, derive(config.secret, kRouters).k0 ^ config.seed),
      flow_label_key(derive(config.secret, kLabels)),
      tells_of_addresses(config.address_probes > 0),
      udp(udp_config(config), buffers, drops),
      tcp({.config = fit_tcp(config.tcp, config.interfaces),
           .pools = buffers,
           .secret = config.secret,
           .seed = config.seed,
           .drops = &drops}),
      loopback(kLoopbackPackets) {
  for (std::size_t i = 0; i < config.interfaces.size(); ++i) {
    const auto interface = static_cast<std::uint16_t>(i);
    interfaces.push_back(std::make_unique<Interface>(config.interfaces[i]));
    for (const IpPrefix& prefix : addresses_of(config.interfaces[i], config.identifier)) {
      // check_config() has seen to it that none of this can be refused.
      ZS_CHECK(addresses.add(interface, prefix).has_value());
      claims.add(interface, prefix.address, start);
      join_solicited_group(interface, prefix.address);
      // Two addresses of one subnet make one route.
      (void)routes.add({prefix, std::nullopt, interface});
    }
    if (config.interfaces[i].autoconf) {
      routers.start(interface, config.interfaces[i].device.mac, start);
    }
  }
  for (const RouteConfig& r : config.routes) {
    (void)routes.add({r.destination, r.gateway, static_cast<std::uint16_t>(r.interface)});
  }
}

void Core::join_solicited_group(std::uint16_t interface, const IpAddress& address) {
  if (address.is_v4() || !tells_of_addresses) return;
  (void)groups.join(interface, wire::solicited_node_multicast(address), now);
}

void Core::leave_solicited_group(std::uint16_t interface, const IpAddress& address) {
  if (address.is_v4() || !tells_of_addresses) return;
  (void)groups.leave(interface, wire::solicited_node_multicast(address), now);
}

std::optional<NextHop> Core::next_hop(const IpAddress& destination) const {
  const ip::Route* const route = routes.lookup(destination);
  if (route == nullptr) {
    // Broadcast and link-local multicast need no route, only a link.
    if (destination.is_multicast() || destination.is_limited_broadcast()) {
      return NextHop{0, destination};
    }
    return std::nullopt;
  }
  return NextHop{route->interface, route->gateway.value_or(destination)};
}

void Core::push_ready(std::uint16_t interface, buf::Mbuf frame) {
  if (!interfaces[interface]->ready.try_push(std::move(frame))) drops += Drop::kTxQueueFull;
}

}  // namespace zs::stack
