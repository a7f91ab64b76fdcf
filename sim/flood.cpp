#include "sim/flood.hpp"

#include "base/byte_order.hpp"
#include "wire/arp.hpp"
#include "wire/ethernet.hpp"
#include "wire/icmp.hpp"
#include "wire/icmpv6.hpp"

namespace zs::sim {

std::string_view name_of(FloodKind kind) {
  switch (kind) {
    case FloodKind::kSyn:
      return "syn";
    case FloodKind::kFragments:
      return "fragments";
    case FloodKind::kResets:
      return "resets";
    case FloodKind::kAcks:
      return "acks";
    case FloodKind::kIcmp:
      return "icmp";
    case FloodKind::kArp:
      return "arp";
    case FloodKind::kNd:
      break;
  }
  return "nd";
}

Forger::Frame Flood::next() {
  switch (kind_) {
    case FloodKind::kSyn:
      return syn();
    case FloodKind::kFragments:
      return fragment();
    case FloodKind::kResets:
      return reset();
    case FloodKind::kAcks:
      return ack();
    case FloodKind::kIcmp:
      return icmp();
    case FloodKind::kArp:
      return arp();
    case FloodKind::kNd:
      break;
  }
  return nd();
}

/// 11.0.0.0 to 90.255.255.255: unicast, and none of ours.
Endpoint Flood::anybody() {
  return {IpAddress::v4((11 + random_.below(80)) << 24 | (word() >> 8)),
          static_cast<std::uint16_t>(1'024 + random_.below(64'000))};
}

Endpoint Flood::peer() {
  if (victim_.established.empty()) return anybody();
  return victim_.established[random_.below(static_cast<std::uint32_t>(victim_.established.size()))];
}

Forger::Frame Flood::syn() {
  wire::TcpHeaderSpec header;
  header.seq = word();
  header.flags = wire::tcp_flag::kSyn;
  header.window = 65'535;
  header.options.mss = 1'460;
  header.options.sack_permitted = true;
  header.options.window_scale = 7;
  header.options.timestamps = {word(), 0};
  return victim_.forger.segment(anybody(), target(), header, {});
}

Forger::Frame Flood::fragment() {
  const std::array<std::byte, 64> piece{};
  return victim_.forger.fragment(anybody().address, victim_.v4, word(), 8 * random_.below(1'000),
                                 true, piece);
}

Forger::Frame Flood::reset() {
  wire::TcpHeaderSpec header;
  header.seq = word();
  header.flags = wire::tcp_flag::kRst;
  return victim_.forger.segment(peer(), target(), header, {});
}

Forger::Frame Flood::ack() {
  wire::TcpHeaderSpec header;
  header.seq = word();
  header.ack = word();
  header.flags = wire::tcp_flag::kAck;
  header.window = 1'000;
  return victim_.forger.segment(random_.chance(0.5) ? peer() : anybody(), target(), header, {});
}

Forger::Frame Flood::icmp() {
  if (random_.chance(0.5)) {
    const std::array<std::byte, 56> body{};
    return victim_.forger.icmp(anybody().address, victim_.v4, wire::icmp_type::kEcho, 0, word(),
                               body);
  }
  const Forger::Frame quoted = Forger::quotation(target(), peer(), word());
  const bool too_big = random_.chance(0.5);
  return victim_.forger.icmp(
      anybody().address, victim_.v4, wire::icmp_type::kUnreachable,
      too_big ? wire::icmp_unreachable::kFragmentationNeeded : wire::icmp_unreachable::kPort,
      too_big ? 576 : 0, quoted);
}

Forger::Frame Flood::arp() {
  MacAddress somebody{{std::byte{2}, std::byte{9}}};
  store_be(&somebody.bytes[2], word());
  // Somewhere in the victim's /24, but not the victim and not who talks to it.
  const IpAddress from =
      IpAddress::v4((victim_.v4.v4_value() & 0xffff'ff00u) | (100 + random_.below(150)));
  wire::ArpSpec arp;
  arp.operation = random_.chance(0.5) ? wire::arp_operation::kRequest : wire::arp_operation::kReply;
  arp.sender_mac = somebody;
  arp.sender_ip = from;
  arp.target_ip = victim_.v4;
  arp.target_mac = victim_.mac;
  std::array<std::byte, wire::ArpSpec::size()> bytes{};
  arp.write(bytes);
  return victim_.forger.garbage(wire::ether_type::kArp, bytes);
}

/// RFC 4861 §4.3, with its source link-layer address option.
Forger::Frame Flood::nd() {
  IpAddress::Bytes source{std::byte{0xfe}, std::byte{0x80}};
  store_be(&source[8], random_());
  std::array<std::byte, 24> body{};
  const IpAddress::Bytes target = victim_.v6.to_bytes();
  std::copy(target.begin(), target.end(), body.begin());
  body[16] = std::byte{1};
  body[17] = std::byte{1};
  body[18] = std::byte{2};
  store_be(&body[20], word());
  constexpr std::uint8_t kSolicitation = 135;
  Forger::Frame frame =
      victim_.forger.icmp(IpAddress::v6(source), victim_.v6, kSolicitation, 0, 0, body);
  frame[wire::EthernetView::kHeader + 7] = std::byte{255};  // §7.1.1: the hop limit of neighbours
  return frame;
}

}  // namespace zs::sim
