#include "stack/egress.hpp"

#include <utility>

#include "base/assert.hpp"
#include "base/byte_order.hpp"
#include "stack/fragment_output.hpp"
#include "wire/ethernet.hpp"
#include "wire/nd.hpp"

namespace zs::stack {
namespace {

constexpr std::uint16_t ether_type_of(IpFamily family) {
  return family == IpFamily::kV4 ? wire::ether_type::kIpv4 : wire::ether_type::kIpv6;
}

/// The payload may be a received buffer on its way back, or one that was sent before: what devices
/// said or were asked of it then means nothing now.
void ask_for_offloads(const tcp::OutPacket& out) {
  rte_mbuf* const m = out.packet.get();
  buf::clear_metadata(m);
  m->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM;
  m->tx_offload = std::uint64_t{out.header_bytes} << RTE_MBUF_L4_LEN_OFS;
  if (out.tso_segment == 0) return;
  m->tso_segsz = out.tso_segment;
  m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
}

}  // namespace

ip::HeaderSpec Egress::spec_of(const FlowKey& flow) const {
  ip::HeaderSpec spec{
      .src = flow.local.address, .dst = flow.remote.address, .protocol = wire::ip_protocol::kTcp};
  if (spec.src.is_v6()) {
    label(spec, std::uint32_t{flow.local.port} << 16 | flow.remote.port);
  }
  return spec;
}

bool prepend_ethernet(buf::Mbuf& packet, const MacAddress& dst, const MacAddress& src,
                      IpFamily family) {
  const auto room = packet.prepend(wire::EthernetView::kHeader);
  if (!room) return false;
  wire::EthernetSpec{.dst = dst, .src = src, .ether_type = ether_type_of(family)}.write(*room);
  packet->l2_len = wire::EthernetView::kHeader;
  return true;
}

template <IpFamily kFamily>
void Egress::write_headers_of(const tcp::SteadyPacket& packet, const FlowKey& flow,
                              const MacAddress& dst, const MacAddress& src) {
  constexpr bool kIsV4 = kFamily == IpFamily::kV4;
  constexpr std::uint16_t kIpSize = ip::header_size(kFamily);
  constexpr std::uint32_t kL2L3 = wire::EthernetView::kHeader + std::uint32_t{kIpSize};
  const std::uint32_t segment = std::uint32_t{packet.header_bytes} + packet.payload_bytes;
  rte_mbuf* const m = packet.packet;
  m->data_off = static_cast<std::uint16_t>(packet.payload_off - packet.header_bytes - kL2L3);
  m->nb_segs = 1;
  m->next = nullptr;
  m->pkt_len = kL2L3 + segment;
  m->data_len = static_cast<std::uint16_t>(kL2L3 + segment);
  m->packet_type = 0;
  // It lies in memory of its own, so there is no flag to be kept.
  m->ol_flags = RTE_MBUF_F_TX_TCP_CKSUM |
                (kIsV4 ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM : RTE_MBUF_F_TX_IPV6);
  m->tx_offload = std::uint64_t{wire::EthernetView::kHeader} << RTE_MBUF_L2_LEN_OFS |
                  std::uint64_t{kIpSize} << RTE_MBUF_L3_LEN_OFS |
                  std::uint64_t{packet.header_bytes} << RTE_MBUF_L4_LEN_OFS;
  std::byte* const at = buf::data(m);
  wire::store_mac(at, dst);
  wire::store_mac(at + 6, src);
  store_be(at + 12, kIsV4 ? wire::ether_type::kIpv4 : wire::ether_type::kIpv6);
  if constexpr (kIsV4) {
    ip::write_ipv4_header(at + wire::EthernetView::kHeader, packet.ipv4_start, flow.local.address,
                          flow.remote.address, wire::ip_protocol::kTcp, ip::kDefaultHopLimit,
                          segment);
  } else {
    ip::HeaderSpec spec = spec_of(flow);
    spec.ecn = wire::ecn_of(packet.ipv4_start);
    ip::write_header(at + wire::EthernetView::kHeader, spec, segment);
  }
}

void Egress::write_headers(const tcp::SteadyPacket& packet, const FlowKey& flow,
                           const MacAddress& dst, const MacAddress& src) {
  if (flow.remote.address.is_v4()) [[likely]] {
    write_headers_of<IpFamily::kV4>(packet, flow, dst, src);
  } else {
    write_headers_of<IpFamily::kV6>(packet, flow, dst, src);
  }
}

[[gnu::flatten]] std::size_t Egress::pull_steady(std::uint16_t interface,
                                                 std::span<rte_mbuf*> out) {
  Interface& self = *core_.interfaces[interface];
  std::uint64_t last_way = UINT64_MAX;  // of the packet before, none yet: most go the same
  const MacAddress* mac = nullptr;
  bool is_confirmed = false;
  std::size_t used = 0;
  std::uint64_t bytes = 0;
  while (used < out.size()) {
    tcp::Connection* const connection = core_.tcp.next_to_send();
    if (connection == nullptr) break;
    if (connection->egress_hint().word() != last_way) [[unlikely]] {
      const EgressHint hint = connection->egress_hint();
      if (hint.generation != core_.egress_generation() || hint.interface != interface) break;
      mac = core_.neighbors.usable(hint.neighbor, core_.now);
      if (mac == nullptr) break;
      last_way = hint.word();
      is_confirmed = false;
    }
    ZS_ASSERT(mac != nullptr);
    tcp::SteadyPacket packet;
    if (!connection->poll_steady(packet, core_.now)) break;
    core_.tcp.sent_steadily(*connection);
    if (packet.confirms_neighbor && !is_confirmed) [[unlikely]] {
      core_.neighbors.on_progress(connection->egress_hint().neighbor, core_.now);
      is_confirmed = true;
    }
    write_headers(packet, connection->flow(), *mac, self.device.mac);
    bytes += packet.packet->pkt_len;
    out[used++] = packet.packet;
  }
  self.stats.tx_packets += used;
  self.stats.tx_bytes += bytes;
  return used;
}

bool Egress::frame(tcp::OutPacket& out, std::uint16_t& interface) {
  const FlowKey& flow = *out.flow;
  EgressHint fresh;
  EgressHint& hint = out.hint != nullptr ? *out.hint : fresh;
  if (hint.generation != core_.egress_generation()) [[unlikely]] {
    if (!resolve(flow.remote.address, hint)) {
      out.packet = {};
      return false;
    }
  }
  if (out.confirms_neighbor && hint.interface != kLoopback) {
    core_.neighbors.on_progress(hint.neighbor, core_.now);
  }
  interface = hint.interface;
  ask_for_offloads(out);
  ip::HeaderSpec spec = spec_of(flow);
  spec.ecn = out.ecn;
  return transmit(out.packet, spec, hint);
}

std::optional<Frame> Egress::frame(udp::OutPacket&& out) {
  ip::HeaderSpec spec{.src = out.local, .dst = out.remote, .protocol = wire::ip_protocol::kUdp};
  // It begins at its ports.
  if (spec.src.is_v6()) label(spec, load_be<std::uint32_t>(buf::data(out.packet.get())));
  if (out.hop_limit != 0) spec.hop_limit = out.hop_limit;
  return transmit_datagram(std::move(out.packet), spec, {out.loops, out.group_interface});
}

void Egress::send(buf::Mbuf transport, ip::HeaderSpec spec) {
  if (spec.src.is_v6()) spec.hop_limit = core_.ipv6_hop_limit;
  if (auto f = transmit_datagram(std::move(transport), spec, {})) {
    core_.push_ready(f->interface, std::move(f->packet));
  }
}

std::optional<Frame> Egress::transmit_datagram(buf::Mbuf transport, const ip::HeaderSpec& spec,
                                               const GroupManner& manner) {
  auto hop = core_.next_hop(spec.dst);
  if (manner.interface && spec.dst.is_multicast()) hop = NextHop{*manner.interface, spec.dst};
  const bool broadcast =
      hop && core_.addresses.classify(hop->interface, spec.dst) == ip::Destination::kBroadcast;
  // To many at once there is nobody to resolve.
  const bool to_many = broadcast || spec.dst.is_multicast();
  std::optional<MacAddress> group;
  if (to_many) group = broadcast ? MacAddress::broadcast() : wire::multicast_mac(spec.dst);
  const std::uint32_t size = transport.length() + ip::header_size(spec.src.family());
  if (hop && size > core_.mtu_to(hop->interface, spec.dst) && !core_.addresses.is_local(spec.dst)) {
    const bool loops = manner.loops && core_.groups.is_member(hop->interface, spec.dst);
    transmit_in_fragments(std::move(transport), spec, *hop, group, loops);
    return std::nullopt;
  }
  if (!to_many) {
    EgressHint hint;
    if (!resolve(spec.dst, hint) || !transmit(transport, spec, hint)) return std::nullopt;
    return Frame{hint.interface, std::move(transport)};
  }
  const Interface& interface = *core_.interfaces[hop->interface];
  if (!ip::prepend_header(transport, spec)) {
    core_.drops += Drop::kIpTooBig;
    return std::nullopt;
  }
  if (manner.loops && core_.groups.is_member(hop->interface, spec.dst)) push_looped(transport);
  if (!prepend_ethernet(transport, *group, interface.device.mac, spec.src.family())) {
    core_.drops += Drop::kIpTooBig;
    return std::nullopt;
  }
  return Frame{hop->interface, std::move(transport)};
}

void Egress::transmit_in_fragments(buf::Mbuf transport, const ip::HeaderSpec& spec,
                                   const NextHop& hop, const std::optional<MacAddress>& group,
                                   bool loops) {
  finish_checksum(transport);
  if (!ip::prepend_header(transport, spec)) {
    core_.drops += Drop::kIpTooBig;
    return;
  }
  if (loops) push_looped(transport);
  if (group) return send_in_fragments(core_, hop.interface, *group, std::move(transport));
  EgressHint hint;
  if (!resolve(spec.dst, hint)) return;
  if (const MacAddress* const mac = core_.neighbors.usable(hint.neighbor, core_.now)) {
    return send_in_fragments(core_, hop.interface, *mac, std::move(transport));
  }
  // It waits in one piece, and is cut when the neighbour has answered. The queue counts packets and
  // not the buffers of a large one.
  if (core_.pools.data->supply() != buf::Supply::kPlenty) {
    core_.drops += Drop::kBuffersScarce;
    return;
  }
  core_.neighbors.enqueue(hint.neighbor, std::move(transport));
}

bool Egress::resolve(const IpAddress& remote, EgressHint& hint) {
  hint.generation = 0;
  if (core_.addresses.is_local(remote)) {
    hint = {core_.egress_generation(), kLoopback, 0};
    return true;
  }
  const auto hop = core_.next_hop(remote);
  if (!hop) {
    core_.drops += Drop::kIpNoRoute;
    return false;
  }
  const auto neighbor = core_.neighbors.find_or_start(hop->interface, hop->neighbor, core_.now);
  if (!neighbor) {
    core_.drops += Drop::kNeighborTableFull;
    return false;
  }
  // Read after the lookup, which may have evicted somebody and so moved the generation on.
  hint = {core_.egress_generation(), hop->interface, *neighbor};
  return true;
}

bool Egress::transmit(buf::Mbuf& packet, const ip::HeaderSpec& spec, EgressHint hint) {
  if (hint.interface == kLoopback) {
    loop_back(std::move(packet), spec);
    return false;
  }
  const Interface& interface = *core_.interfaces[hint.interface];
  const IpFamily family = spec.src.family();
  const MacAddress* const mac = core_.neighbors.usable(hint.neighbor, core_.now);
  const std::uint32_t payload = packet.length();
  if (!ip::fits_packet(family, payload)) [[unlikely]] {
    core_.drops += Drop::kIpTooBig;
    packet = {};
    return false;
  }
  if (mac == nullptr) [[unlikely]] {
    wait_for_neighbor(std::move(packet), spec, hint);
    return false;
  }
  // The usual case: both headers in one go, nothing but stores.
  const std::uint16_t ip_size = ip::header_size(family);
  const auto room =
      packet.prepend(static_cast<std::uint16_t>(wire::EthernetView::kHeader + ip_size));
  if (!room) [[unlikely]] {
    core_.drops += Drop::kNoBuffers;
    packet = {};
    return false;
  }
  std::byte* const at = room->data();
  wire::store_mac(at, *mac);
  wire::store_mac(at + 6, interface.device.mac);
  store_be(at + 12, ether_type_of(family));
  ip::write_header(at + wire::EthernetView::kHeader, spec, payload);
  rte_mbuf* const m = packet.get();
  constexpr std::uint64_t kL2L3 = (1 << RTE_MBUF_L4_LEN_OFS) - 1;
  m->tx_offload = (m->tx_offload & ~kL2L3) |
                  std::uint64_t{wire::EthernetView::kHeader} << RTE_MBUF_L2_LEN_OFS |
                  std::uint64_t{ip_size} << RTE_MBUF_L3_LEN_OFS;
  m->ol_flags |=
      family == IpFamily::kV4 ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM : RTE_MBUF_F_TX_IPV6;
  return true;
}

void Egress::wait_for_neighbor(buf::Mbuf packet, const ip::HeaderSpec& spec, EgressHint hint) {
  if (ip::prepend_header(packet, spec)) {
    core_.neighbors.enqueue(hint.neighbor, std::move(packet));
  } else {
    core_.drops += Drop::kNoBuffers;
  }
}

void Egress::loop_back(buf::Mbuf transport, const ip::HeaderSpec& spec) {
  if (!ip::prepend_header(transport, spec)) {
    core_.drops += Drop::kIpTooBig;
    return;
  }
  push_looped(transport);
}

void Egress::push_looped(const buf::Mbuf& packet) {
  const std::uint64_t flags = packet->ol_flags;
  const std::uint16_t segment = packet->tso_segsz;
  // TCP keeps what it sends until that is acknowledged, and a shared buffer is read-only: the
  // receiver, which trims and links, gets descriptors of its own.
  auto copy = packet.clone(*core_.pools.indirect);
  if (!copy) {
    core_.drops += Drop::kNoBuffers;
    return;
  }
  rte_mbuf* const m = copy->get();
  buf::clear_metadata(m);
  // No wire, no damage: the checksums count as good though nobody filled them in.
  m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_NONE;
  if ((flags & RTE_MBUF_F_TX_TCP_SEG) != 0) {
    m->ol_flags |= RTE_MBUF_F_RX_LRO;
    m->tso_segsz = segment;
  }
  if (!core_.loopback.try_push(std::move(*copy))) core_.drops += Drop::kTxQueueFull;
}

}  // namespace zs::stack
