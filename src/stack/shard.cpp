#include "stack/shard.hpp"

#include <algorithm>
#include <utility>

#include "stack/config_check.hpp"
#include "stack/core.hpp"
#include "stack/egress.hpp"
#include "stack/icmp_service.hpp"
#include "stack/multicast_service.hpp"
#include "stack/neighbor_service.hpp"
#include "stack/router_service.hpp"
#include "stack/rx_pipeline.hpp"

namespace zs::stack {

/// The rooms of one shard and the order of work between them.
struct Shard::Impl {
  Impl(const ShardConfig& shard_config, buf::Pools pools, Instant start)
      : config(shard_config),
        core(shard_config, pools, start),
        egress(core),
        neighbors(core),
        routers(core, shard_config.seed),
        multicast(core),
        icmp(core, egress, neighbors, routers, multicast),
        rx(core, neighbors, icmp, multicast) {}

  void advance(Instant time) {
    ZS_ASSERT(time >= core.now);
    core.now = time;
  }
  void deliver_looped();
  void settle();
  /// A datagram in fragments waits in a ready queue: no other passes it, and none is cut that would
  /// not find room, whichever interface it is for.
  bool has_room_for_datagram(const Interface& polled) const {
    constexpr std::size_t kMostWaiting = Interface::kReadyPackets / 4;
    for (const auto& i : core.interfaces) {
      if (i->link_up && i->ready.size() > kMostWaiting) return false;
    }
    return polled.ready.empty();
  }
  std::size_t drain_ready(Interface& interface, std::span<rte_mbuf*> out);
  /// Puts the frame into `out` if it is for the interface that is being polled, else aside.
  void place(buf::Mbuf frame, std::uint16_t to, std::size_t interface, std::span<rte_mbuf*> out,
             std::size_t& used);

  ShardConfig config;
  Core core;
  Egress egress;
  NeighborService neighbors;
  RouterService routers;
  MulticastService multicast;
  IcmpService icmp;
  RxPipeline rx;
  bool look_due =
      false;  ///< packets came; what became of them shows when the application had its turn
};

Shard::Shard(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Shard::~Shard() = default;

Result<std::unique_ptr<Shard>> Shard::create(const ShardConfig& config, buf::Pools pools,
                                             Instant now, std::string* why) {
  if (std::string wrong = check_config(config, pools); !wrong.empty()) {
    if (why != nullptr) *why = std::move(wrong);
    return Errc::kInvalid;
  }
  return std::unique_ptr<Shard>(new Shard(std::make_unique<Impl>(config, pools, now)));
}

void Shard::on_burst(std::size_t interface, std::span<rte_mbuf* const> packets, Instant now) {
  ZS_ASSERT(interface < impl_->core.interfaces.size());
  impl_->advance(now);
  impl_->look_due = true;
  impl_->rx.on_burst(static_cast<std::uint16_t>(interface), packets);
  impl_->settle();
}

void Shard::on_deadline(Instant now) {
  impl_->advance(now);
  impl_->core.pools.data->look();
  impl_->deliver_looped();
  impl_->rx.expire_fragments();
  impl_->core.neighbors.on_deadline(now);
  impl_->core.claims.on_deadline(now);
  impl_->neighbors.note_duplicates();
  impl_->routers.on_deadline();
  impl_->multicast.on_deadline();
  impl_->core.tcp.on_deadline(now);
  impl_->settle();
}

void Shard::Impl::deliver_looped() {
  // Only what waits now: what the answers add has its turn in the next round, so that two of our
  // own sockets cannot keep the loop here.
  for (std::size_t n = core.loopback.size(); n > 0; --n) rx.on_looped(core.loopback.pop());
}

/// What the tables want to say after anything has happened.
void Shard::Impl::settle() {
  routers.look_after_routers();
  neighbors.flush();
  icmp.report_undeliverable();
}

Instant Shard::next_deadline() const {
  const Core& core = impl_->core;
  if (!core.loopback.empty()) return core.now;
  for (const auto& interface : core.interfaces) {
    if (interface->link_up && !interface->ready.empty()) return core.now;
  }
  return std::min({core.tcp.next_deadline(), core.neighbors.next_deadline(),
                   core.claims.next_deadline(), core.reassembler.next_deadline(),
                   impl_->routers.next_deadline(), core.groups.next_deadline()});
}

std::size_t Shard::poll_transmit(std::size_t interface, std::span<rte_mbuf*> out, Instant now) {
  impl_->advance(now);
  Core& core = impl_->core;
  Interface& self = *core.interfaces[interface];
  if (std::exchange(impl_->look_due, false)) core.pools.data->look();
  if (!self.link_up) return 0;
  std::size_t used = impl_->drain_ready(self, out);
  // The device pulls: nothing is made before there is room for it. One of each in turn, so that
  // neither transport starves the other.
  tcp::OutPacket segment;
  for (bool more = true; more && used < out.size();) {
    const std::size_t room = core.udp.has_output() ? 1 : out.size() - used;
    used +=
        impl_->egress.pull_steady(static_cast<std::uint16_t>(interface), out.subspan(used, room));
    if (used == out.size()) break;
    more = core.tcp.poll_transmit(segment, now);
    std::uint16_t to = 0;
    if (more && impl_->egress.frame(segment, to)) {
      impl_->place(std::move(segment.packet), to, interface, out, used);
    }
    if (used == out.size()) break;
    if (!impl_->has_room_for_datagram(self)) continue;
    if (auto packet = core.udp.poll_transmit()) {
      if (auto frame = impl_->egress.frame(std::move(*packet))) {
        impl_->place(std::move(frame->packet), frame->interface, interface, out, used);
      }
      more = true;
    }
  }
  // Sending may have asked for neighbours.
  impl_->settle();
  used += impl_->drain_ready(self, out.subspan(used));
  return used;
}

std::size_t Shard::Impl::drain_ready(Interface& interface, std::span<rte_mbuf*> out) {
  std::size_t used = 0;
  while (used < out.size() && !interface.ready.empty()) {
    out[used++] = interface.ready.pop().release();
    interface.stats.count_sent(out[used - 1]->pkt_len);
  }
  return used;
}

void Shard::Impl::place(buf::Mbuf frame, std::uint16_t to, std::size_t interface,
                        std::span<rte_mbuf*> out, std::size_t& used) {
  if (to == interface) [[likely]] {
    out[used++] = std::move(frame).release();
    core.interfaces[interface]->stats.count_sent(out[used - 1]->pkt_len);
  } else {
    core.push_ready(to, std::move(frame));
  }
}

void Shard::on_link(std::size_t interface, bool up, Instant now) {
  impl_->advance(now);
  Core& core = impl_->core;
  Interface& self = *core.interfaces[interface];
  self.link_up = up;
  if (up) {
    core.claims.on_link_up(static_cast<std::uint16_t>(interface), now);
    core.claims.on_deadline(now);
    core.routers.on_link_up(static_cast<std::uint16_t>(interface), now);
    core.groups.on_link_up(static_cast<std::uint16_t>(interface), now);
  } else {
    // Who is there when the cable comes back is anybody's guess; what waited is stale.
    core.neighbors.flush(static_cast<std::uint16_t>(interface));
    self.ready.clear();
  }
  impl_->settle();
}

Instant Shard::now() const { return impl_->core.now; }
tcp::Engine& Shard::tcp() { return impl_->core.tcp; }
udp::Table& Shard::udp() { return impl_->core.udp; }
const DropCounters& Shard::drops() const { return impl_->core.drops; }
buf::Pools Shard::pools() const { return impl_->core.pools; }
bool Shard::is_local(const IpAddress& a) const { return impl_->core.addresses.is_local(a); }

Result<PathInfo> Shard::route_for(const IpAddress& remote,
                                  std::optional<std::size_t> group_interface) const {
  const Core& core = impl_->core;
  if (core.addresses.is_local(remote)) {
    const ip::LocalAddress* const own = core.addresses.find(remote);
    const std::size_t interface = own != nullptr ? own->interface : 0;
    return PathInfo{
        .source = remote, .mtu = core.interfaces[interface]->device.mtu, .interface = interface};
  }
  auto hop = core.next_hop(remote);
  if (group_interface && remote.is_multicast()) {
    hop = NextHop{static_cast<std::uint16_t>(*group_interface), remote};
  }
  if (!hop) return Errc::kNoRoute;
  const Interface& interface = *core.interfaces[hop->interface];
  if (!interface.link_up) return Errc::kNetDown;
  const auto source = core.addresses.select_source(hop->interface, remote);
  if (!source) return Errc::kNoRoute;
  const bool broadcast =
      core.addresses.classify(hop->interface, remote) == ip::Destination::kBroadcast;
  return PathInfo{.source = *source,
                  .mtu = core.mtu_to(hop->interface, remote),
                  .interface = hop->interface,
                  .to_many = broadcast || remote.is_multicast()};
}

Result<void> Shard::join_group(std::size_t interface, const IpAddress& group) {
  Core& core = impl_->core;
  if (interface >= core.interfaces.size()) return Errc::kNoDevice;
  return core.groups.join(static_cast<std::uint16_t>(interface), group, core.now);
}

Result<void> Shard::leave_group(std::size_t interface, const IpAddress& group) {
  Core& core = impl_->core;
  return core.groups.leave(static_cast<std::uint16_t>(interface), group, core.now);
}

std::optional<std::size_t> Shard::interface_of(const IpAddress& address) const {
  const ip::LocalAddress* const own = impl_->core.addresses.find(address);
  if (own == nullptr) return std::nullopt;
  return own->interface;
}

std::size_t Shard::interface_count() const { return impl_->core.interfaces.size(); }

Result<void> Shard::add_route(const RouteConfig& route) {
  if (!check_route(route, impl_->config.interfaces).empty()) return Errc::kInvalid;
  return impl_->core.routes.add(
      {route.destination, route.gateway, static_cast<std::uint16_t>(route.interface)});
}

Result<void> Shard::remove_route(const RouteConfig& route) {
  return impl_->core.routes.remove(
      {route.destination, route.gateway, static_cast<std::uint16_t>(route.interface)});
}

std::vector<InterfaceInfo> Shard::interfaces() const {
  const Core& core = impl_->core;
  std::vector<InterfaceInfo> out;
  for (const auto& interface : core.interfaces) {
    out.push_back({.name = interface->name,
                   .device = interface->device.name,
                   .mac = interface->device.mac,
                   .mtu = interface->device.mtu,
                   .link_up = interface->link_up,
                   .addresses = {},
                   .stats = interface->stats});
  }
  for (const auto& claim : core.claims.all()) {
    out[claim.interface].addresses.push_back({.prefix = core.addresses.find(claim.address)->prefix,
                                              .state = neigh::to_string(claim.state),
                                              .conflicts = claim.conflicts});
  }
  return out;
}

std::vector<RouteConfig> Shard::routes() const {
  std::vector<RouteConfig> out;
  for (const ip::Route& r : impl_->core.routes.routes()) {
    out.push_back({r.destination, r.gateway, r.interface});
  }
  return out;
}

std::vector<NeighborInfo> Shard::neighbors() const {
  std::vector<NeighborInfo> out;
  for (const auto& n : impl_->core.neighbors.snapshot()) {
    out.push_back({n.address, n.mac, n.interface, neigh::to_string(n.state)});
  }
  return out;
}

}  // namespace zs::stack
