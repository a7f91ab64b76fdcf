#include "stack/rx_pipeline.hpp"

#include <algorithm>
#include <utility>

#include "wire/ethernet.hpp"
#include "wire/vlan.hpp"

namespace zs::stack {

bool RxPipeline::pull_up(buf::Mbuf& packet, std::size_t bytes) {
  // Nearly always a comparison: devices put all headers into the first segment.
  if (packet->data_len >= bytes) [[likely]] {
    return true;
  }
  if (!packet.pull_up(static_cast<std::uint16_t>(bytes), *core_.pools.data)) {
    core_.drops += Drop::kNoBuffers;
    return false;
  }
  return true;
}

void RxPipeline::on_frame(std::uint16_t interface, buf::Mbuf frame) {
  if (frame.length() < wire::EthernetView::kHeader) {
    core_.drops += Drop::kEthTruncated;
    return;
  }
  if (!pull_up(frame, wire::EthernetView::kHeader)) return;
  const auto ethernet = wire::EthernetView::parse(frame.first());
  const MacAddress dst = ethernet->dst();
  std::uint16_t type = ethernet->ether_type();
  const MacAddress& own_mac = core_.interfaces[interface]->device.mac;
  const Arrival arrival{.interface = interface,
                        .link_multicast = dst.is_multicast(),
                        .own_echo = ethernet->src() == own_mac};
  if (!arrival.link_multicast && dst != own_mac) {
    core_.drops += Drop::kEthNotForUs;
    return;
  }
  // A tag of VLAN 0 carries a priority only (IEEE 802.1Q §9.6); others belong to interfaces that
  // this release does not have.
  const bool stripped = (frame->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0;
  if (stripped && (frame->vlan_tci & 0xfff) != 0) {
    core_.drops += Drop::kVlanUnknown;
    return;
  }
  std::uint16_t header = wire::EthernetView::kHeader;
  if (type == wire::ether_type::kVlan) {
    header += wire::VlanView::kTag;
    if (frame.length() < header) {
      core_.drops += Drop::kEthTruncated;
      return;
    }
    if (!pull_up(frame, header)) return;
    const auto tag = wire::VlanView::parse(frame.first().subspan(wire::EthernetView::kHeader));
    if (tag->id() != 0) {
      core_.drops += Drop::kVlanUnknown;
      return;
    }
    type = tag->ether_type();
  }
  frame.trim_front(header);
  switch (type) {
    case wire::ether_type::kIpv4:
      return on_ip(arrival, std::move(frame), IpFamily::kV4);
    case wire::ether_type::kIpv6:
      return on_ip(arrival, std::move(frame), IpFamily::kV6);
    case wire::ether_type::kArp:
      return neighbors_.on_arp(interface, std::move(frame));
    default:
      core_.drops += Drop::kEthUnknownType;
  }
}

void RxPipeline::on_looped(buf::Mbuf packet) {
  const bool v4 = (packet.first()[0] >> 4) == std::byte{4};
  on_ip({.interface = 0, .origin = Origin::kLoopback}, std::move(packet),
        v4 ? IpFamily::kV4 : IpFamily::kV6);
}

void RxPipeline::on_ip(const Arrival& arrival, buf::Mbuf packet, IpFamily family) {
  if (packet.length() == 0) {
    core_.drops += Drop::kIpMalformed;
    return;
  }
  ip::ParseResult result = parse(packet, family);
  if (!result.packet) [[unlikely]] {
    // A header that goes on in the next segment looks cut off: once more, in one piece.
    const auto whole = std::min<std::uint32_t>(
        family == IpFamily::kV4 ? ip::kContiguousV4 : ip::kContiguousV6, packet.length());
    if (packet->data_len < whole && !result.fragment) {
      if (!pull_up(packet, whole)) return;
      result = parse(packet, family);
    }
    if (result.fragment) return on_fragment(arrival, std::move(packet), result);
    if (!result.packet) return on_bad_packet(arrival, packet, result);
  }
  Received received{.ip = *result.packet, .arrival = arrival};
  if (!check_addresses(received)) return;
  // What the link added to reach its minimum frame is not ours.
  if (packet.length() > received.ip.total_bytes()) packet.truncate(received.ip.total_bytes());
  dispatch(received, std::move(packet));
}

ip::ParseResult RxPipeline::parse(const buf::Mbuf& packet, IpFamily family) const {
  if (family == IpFamily::kV6) return ip::parse_ipv6(packet.first(), packet.length());
  const bool known =
      (packet->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD;
  return ip::parse_ipv4(packet.first(), packet.length(),
                        known ? ip::HeaderChecksum::kKnownGood : ip::HeaderChecksum::kVerify);
}

void RxPipeline::on_bad_packet(const Arrival& arrival, const buf::Mbuf& packet,
                               const ip::ParseResult& result) {
  core_.drops += result.drop;
  if (!result.problem || arrival.origin == Origin::kLoopback) return;
  const IpAddress& src = result.addresses.src;
  const auto destination = core_.classify(arrival.interface, result.addresses.dst);
  if (destination == ip::Destination::kForeign ||
      !core_.addresses.is_valid_source(arrival.interface, src)) {
    return;
  }
  const bool to_many = arrival.link_multicast || destination != ip::Destination::kOurs;
  const Received received{.ip = result.addresses,
                          .arrival = arrival,
                          .delivery = to_many ? ip::Delivery::kToMany : ip::Delivery::kToUs};
  icmp_.send_error(received, packet, ip::ErrorKind::kParameterProblem, *result.problem);
}

void RxPipeline::on_fragment(const Arrival& arrival, buf::Mbuf packet,
                             const ip::ParseResult& result) {
  const ip::Fragment& fragment = *result.fragment;
  Received received{.ip = result.addresses, .arrival = arrival};
  if (arrival.reassembled) {  // nobody cuts a fragment, and it would be work without end
    core_.drops += Drop::kFragmentMalformed;
    return;
  }
  if (!check_addresses(received)) return;
  // The first to do without when buffers run short: whoever sends fragments sends them again.
  if (core_.pools.data->supply() >= buf::Supply::kScarce) {
    core_.drops += Drop::kBuffersScarce;
    return;
  }
  packet.truncate(fragment.header_bytes + fragment.part_bytes);
  auto whole = core_.reassembler.add(
      received.ip, fragment, std::move(packet),
      {.interface = arrival.interface, .to_many = received.delivery == ip::Delivery::kToMany},
      core_.now);
  if (!whole) return;
  const IpFamily family = received.ip.src.family();
  if (family == IpFamily::kV4) (*whole)->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
  Arrival again = arrival;
  again.reassembled = true;
  on_ip(again, std::move(*whole), family);
}

void RxPipeline::expire_fragments() {
  while (auto expired = core_.reassembler.poll_expired(core_.now)) {
    if (!expired->first) continue;  // RFC 792, RFC 4443 §3.3: only who sent the first is told
    const Received received{
        .ip = expired->ip,
        .arrival = {.interface = expired->arrival.interface},
        .delivery = expired->arrival.to_many ? ip::Delivery::kToMany : ip::Delivery::kToUs};
    icmp_.send_error(received, expired->first, ip::ErrorKind::kReassemblyTime);
  }
}

bool RxPipeline::check_addresses(Received& received) {
  const ip::Incoming& ip = received.ip;
  if (received.arrival.origin == Origin::kLoopback) {  // we wrote them ourselves
    if (ip.dst.is_multicast()) received.delivery = ip::Delivery::kToMany;
    return true;
  }
  const std::uint16_t interface = received.arrival.interface;
  const auto destination = core_.classify(interface, ip.dst);
  if (destination == ip::Destination::kForeign) {
    core_.drops += Drop::kIpNotForUs;
    return false;
  }
  // The unspecified address is a source in duplicate detection only (RFC 4862 §5.4.2).
  const bool anonymous = ip.src == IpAddress{} && ip.protocol == wire::ip_protocol::kIcmpv6;
  if (!anonymous && !core_.addresses.is_valid_source(interface, ip.src)) {
    core_.drops += Drop::kIpBadSource;
    return false;
  }
  const bool to_many = received.arrival.link_multicast || destination != ip::Destination::kOurs;
  received.delivery = to_many ? ip::Delivery::kToMany : ip::Delivery::kToUs;
  return true;
}

void RxPipeline::dispatch(const Received& received, buf::Mbuf packet) {
  const ip::Incoming& ip = received.ip;
  const std::uint8_t icmp = ip.src.is_v4() ? wire::ip_protocol::kIcmp : wire::ip_protocol::kIcmpv6;
  if (ip.protocol == wire::ip_protocol::kTcp) [[likely]] {
    return on_tcp(received, std::move(packet));
  }
  if (ip.protocol == wire::ip_protocol::kUdp) return on_udp(received, std::move(packet));
  if (ip.protocol == icmp) return icmp_.on_message(received, std::move(packet));
  if (ip.protocol == wire::ip_protocol::kIgmp && ip.src.is_v4()) {
    return multicast_.on_igmp(received, std::move(packet));
  }
  core_.drops += Drop::kIpNoProtocol;
  icmp_.send_error(received, packet, ip::ErrorKind::kProtocolUnreachable,
                   {.pointer = ip.protocol_pointer});
}

}  // namespace zs::stack
