#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/drop.hpp"
#include "base/fixed_queue.hpp"
#include "base/time.hpp"
#include "buf/mbuf.hpp"
#include "ip/address_table.hpp"
#include "ip/fragment.hpp"
#include "ip/group_table.hpp"
#include "ip/icmp_limiter.hpp"
#include "ip/path_mtu.hpp"
#include "ip/reassembly.hpp"
#include "ip/route_table.hpp"
#include "neigh/address_claims.hpp"
#include "neigh/cache.hpp"
#include "neigh/router_discovery.hpp"
#include "stack/shard.hpp"
#include "tcp/engine.hpp"
#include "udp/table.hpp"

namespace zs::stack {

/// One attachment to a link.
struct Interface {
  /// Packets that were made outside of poll_transmit(), or while another interface was polled. The
  /// bound holds what one burst can cause: an answer to each packet, and the neighbours' queues.
  static constexpr std::size_t kReadyPackets = 1'024;

  explicit Interface(const InterfaceConfig& config)
      : name(config.name),
        device(config.device),
        ipv6_mtu(config.device.mtu),
        ready(kReadyPackets) {}

  std::string name;
  dev::Capabilities device;
  bool link_up = true;
  /// Of IPv6 packets: the device's, or less if a router says so (RFC 4861 §4.6.4).
  std::uint16_t ipv6_mtu;
  InterfaceStats stats;
  FixedQueue<buf::Mbuf> ready;  ///< whole frames
};

/// Where a packet to some address goes first.
struct NextHop {
  std::uint16_t interface = 0;
  IpAddress neighbor;  ///< the gateway, or the destination itself
};

/// What the rooms of a shard share: its tables and its transports. Each is a type of its own with
/// its own rules; this is only where they are kept together.
struct Core {
  /// Packets between our own addresses. TCP's windows are the real bound; what exceeds this one is
  /// lost as on any cable.
  static constexpr std::size_t kLoopbackPackets = 1'024;
  /// Groups of all interfaces, those of our own addresses included.
  static constexpr std::size_t kMostGroups = 256;

  Core(const ShardConfig& config, buf::Pools buffers, Instant start);

  /// nullopt: no route.
  std::optional<NextHop> next_hop(const IpAddress& destination) const;
  /// Changes when an EgressHint may have become wrong. Never 0.
  std::uint32_t egress_generation() const {
    const std::uint32_t sum = neighbors.generation() + routes.generation() + addresses.generation();
    return sum != 0 ? sum : 1;
  }
  /// AddressTable::classify(), and the groups that sockets have joined.
  ip::Destination classify(std::uint16_t interface, const IpAddress& destination) const {
    const auto d = addresses.classify(interface, destination);
    const bool joined = d == ip::Destination::kForeign && destination.is_multicast() &&
                        groups.is_member(interface, destination);
    return joined ? ip::Destination::kMulticast : d;
  }
  /// IP bytes of the largest packet that reaches `destination` by the interface, as far as known.
  std::uint16_t mtu_to(std::uint16_t interface, const IpAddress& destination) const {
    const Interface& i = *interfaces[interface];
    return path_mtu.lookup(destination, destination.is_v4() ? i.device.mtu : i.ipv6_mtu, now);
  }
  /// The link is told of the group by which an IPv6 address of ours is found (RFC 3810 §6, RFC 4861
  /// §7.2.1), unless the configuration wants nobody to be told of our addresses.
  void join_solicited_group(std::uint16_t interface, const IpAddress& address);
  void leave_solicited_group(std::uint16_t interface, const IpAddress& address);
  /// The whole frame waits for its device, or is dropped and counted.
  void push_ready(std::uint16_t interface, buf::Mbuf frame);

  buf::Pools pools;
  Instant now;
  DropCounters drops;
  std::vector<std::unique_ptr<Interface>> interfaces;
  ip::AddressTable addresses;
  ip::GroupTable groups;
  ip::RouteTable routes;
  ip::PathMtuCache path_mtu;
  ip::IcmpLimiter icmp_limiter;
  ip::Reassembler reassembler;
  ip::FragmentIds fragment_ids;
  neigh::Cache neighbors;
  neigh::AddressClaims claims;
  neigh::RouterDiscovery routers;
  std::uint8_t ipv6_hop_limit = ip::kDefaultHopLimit;  ///< as a router advertised it
  SipKey flow_label_key;
  bool tells_of_addresses;
  udp::Table udp;
  tcp::Engine tcp;
  FixedQueue<buf::Mbuf> loopback;  ///< begin at their IP header
};

}  // namespace zs::stack
