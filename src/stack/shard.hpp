#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/drop.hpp"
#include "base/result.hpp"
#include "base/siphash.hpp"
#include "base/time.hpp"
#include "buf/pool.hpp"
#include "dev/queue.hpp"
#include "ip/icmp_limiter.hpp"
#include "ip/reassembly.hpp"
#include "neigh/interface_id.hpp"
#include "tcp/config.hpp"

namespace zs::tcp {
class Engine;
}
namespace zs::udp {
class Table;
}

namespace zs::stack {

struct InterfaceConfig {
  std::string name;                 ///< what `zstack show` calls it
  dev::Capabilities device;         ///< of the queue that serves it (after software stand-ins)
  std::vector<IpPrefix> addresses;  ///< ours, with their on-link prefixes
  /// Whether routers may tell us of default routes, prefixes and addresses (RFC 4861, RFC 4862).
  bool autoconf = false;
};

struct RouteConfig {
  IpPrefix destination;              ///< 0.0.0.0/0 or ::/0 for the default
  std::optional<IpAddress> gateway;  ///< none: on link
  std::size_t interface = 0;
};

struct ShardConfig {
  std::vector<InterfaceConfig> interfaces;
  std::vector<RouteConfig> routes;  ///< beside the connected ones
  tcp::Config tcp;
  std::uint32_t neighbor_entries = 1'024;
  std::uint32_t udp_sockets = 1'024;
  /// ARP probes for each of our IPv4 addresses (RFC 5227), and whether IPv6 ones are probed. 0:
  /// none are sent, nor announcements before on_link(). The addresses are usable at once in any
  /// case.
  std::uint8_t address_probes = 3;
  /// How IPv6 addresses that nobody configured are made: link-local and autonomous ones.
  neigh::IdentifierPolicy identifier;
  ip::IcmpLimits icmp;
  ip::ReassemblyLimits reassembly;
  SipKey secret;
  std::uint64_t seed = 1;
};

struct PathInfo {
  IpAddress source;  ///< what a socket without an address of its own sends from
  std::uint16_t mtu = 0;
  std::size_t interface = 0;
  bool to_many = false;  ///< a broadcast or multicast address: for datagrams only
};

struct InterfaceStats {
  std::uint64_t rx_packets = 0, rx_bytes = 0;
  std::uint64_t tx_packets = 0, tx_bytes = 0;

  void count_sent(std::uint32_t bytes) {
    ++tx_packets;
    tx_bytes += bytes;
  }
};

/// What is known about one of our addresses on the link (RFC 5227, RFC 4862 §5.4).
struct AddressInfo {
  IpPrefix prefix;
  std::string_view state;       ///< "tentative", "preferred", "duplicate"
  std::uint32_t conflicts = 0;  ///< packets from others that claimed it
};

struct InterfaceInfo {
  std::string name;
  std::string device;
  MacAddress mac;
  std::uint16_t mtu = 0;
  bool link_up = true;
  std::vector<AddressInfo> addresses;
  InterfaceStats stats;
};

struct NeighborInfo {
  IpAddress address;
  MacAddress mac;
  std::size_t interface = 0;
  std::string_view state;  ///< "reachable", "stale", …
};

/// A complete stack for one lcore, sans I/O.
///
///   in    on_burst()        packets from a device
///         on_deadline()     time passed
///         (sockets)         the application asked, through sock::SocketTable
///   out   poll_transmit()   packets for a device
///         next_deadline()   when to come back
///
/// The loop is: rx_burst → on_burst → (application) → poll_transmit until 0 → tx_burst.
/// Thread rule: everything of a shard belongs to one thread.
class Shard {
 public:
  /// kInvalid for a configuration that cannot work (no interface, duplicate or unusable address,
  /// gateway off link); `why`, if given, receives a sentence for the user.
  static Result<std::unique_ptr<Shard>> create(const ShardConfig& config, buf::Pools pools,
                                               Instant now, std::string* why = nullptr);
  ~Shard();

  /// Consumes every packet.
  void on_burst(std::size_t interface, std::span<rte_mbuf* const> packets, Instant now);
  void on_deadline(Instant now);
  /// Not later than now() while packets between our own addresses wait: on_deadline() delivers
  /// them.
  Instant next_deadline() const;
  /// Fills a prefix of `out` with packets ready for the interface's device (dev/queue.hpp's
  /// transmit contract); ownership passes to the caller.
  std::size_t poll_transmit(std::size_t interface, std::span<rte_mbuf*> out, Instant now);
  /// The cable was pulled or put back. Up announces our addresses (gratuitous ARP).
  void on_link(std::size_t interface, bool up, Instant now);

  // What sockets ask of the network.
  /// How a packet to `remote` would leave. kNoRoute, or kNetDown when the interface has no link.
  /// `group_interface`: where a multicast leaves, whatever the routes say.
  Result<PathInfo> route_for(const IpAddress& remote,
                             std::optional<std::size_t> group_interface = std::nullopt) const;
  /// One of our own addresses, loopback included: packets to it never leave the shard.
  bool is_local(const IpAddress& address) const;
  buf::Pools pools() const;
  /// From now on the group's packets are for us, and the link's querier is told so, until each
  /// join_group() had its leave_group(). kInvalid for no group, kNoDevice for no interface,
  /// kNoBuffers when there are too many; kNotFound for one that was not joined.
  Result<void> join_group(std::size_t interface, const IpAddress& group);
  Result<void> leave_group(std::size_t interface, const IpAddress& group);
  /// The interface that has the address.
  std::optional<std::size_t> interface_of(const IpAddress& address) const;
  std::size_t interface_count() const;

  // Changes at run time.
  /// kInvalid for an unknown interface or a gateway off link, kAlready for a route that exists.
  Result<void> add_route(const RouteConfig& route);
  /// Removes a route that add_route() or the configuration made. kNotFound.
  Result<void> remove_route(const RouteConfig& route);

  // Snapshots for `zstack show`.
  std::vector<InterfaceInfo> interfaces() const;
  std::vector<RouteConfig> routes() const;  ///< connected ones included
  std::vector<NeighborInfo> neighbors() const;

  /// Of the latest call that brought a time.
  Instant now() const;
  tcp::Engine& tcp();
  udp::Table& udp();
  const DropCounters& drops() const;

 private:
  struct Impl;
  explicit Shard(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace zs::stack
