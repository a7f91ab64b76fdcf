#include <algorithm>
#include <utility>

#include "stack/l4_checksum.hpp"
#include "stack/rx_pipeline.hpp"
#include "tcp/segment.hpp"
#include "wire/plain_tcp.hpp"
#include "wire/tcp.hpp"
#include "wire/udp.hpp"

namespace zs::stack {
namespace {

/// What one wire segment carried at most: the device's word for a coalesced packet, else the packet
/// itself.
std::uint16_t segment_size(const rte_mbuf* packet, std::uint32_t payload_bytes, std::uint16_t mtu) {
  const bool coalesced = (packet->ol_flags & RTE_MBUF_F_RX_LRO) != 0;
  const std::uint32_t size = coalesced && packet->tso_segsz != 0 ? packet->tso_segsz : mtu;
  return static_cast<std::uint16_t>(std::min(size, payload_bytes));
}

}  // namespace

[[gnu::flatten]] void RxPipeline::on_burst(std::uint16_t interface,
                                           std::span<rte_mbuf* const> frames) {
  Interface& self = *core_.interfaces[interface];
  std::uint64_t bytes = 0;
  for (std::size_t i = 0; i < frames.size(); ++i) {
    // While one packet is worked on, the headers of the next but one come from memory. (The
    // descriptors are near: the driver has just written them.)
    if (i + 2 < frames.size()) __builtin_prefetch(buf::data(frames[i + 2]));
    bytes += frames[i]->pkt_len;
    if (!take_plain_tcp(self, frames[i])) [[unlikely]] {
      on_frame(interface, buf::Mbuf::adopt(frames[i]));
    }
  }
  self.stats.rx_packets += frames.size();
  self.stats.rx_bytes += bytes;
  core_.tcp.end_plain_segments();
}

bool RxPipeline::take_plain_tcp(const Interface& self, rte_mbuf* frame) {
  // The device has summed the payload, or the long way does. GOOD is one of NONE's bits, and
  // either will do here (dev/queue.hpp).
  constexpr std::uint64_t kWanted = RTE_MBUF_F_RX_L4_CKSUM_GOOD;
  const std::uint64_t flags = frame->ol_flags;
  if ((flags & (kWanted | RTE_MBUF_F_RX_VLAN_STRIPPED)) != kWanted) [[unlikely]] {
    return false;
  }
  const bool known = (flags & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_GOOD;
  // Two ways, not one with a question in it: so the compiler knows what an IPv4 address lacks.
  wire::PlainTcp segment;
  if (wire::recognise_plain_tcp_v4(buf::bytes(frame), frame->pkt_len, self.device.mac,
                                   known ? wire::Ipv4Checksum::kGood : wire::Ipv4Checksum::kUnknown,
                                   segment)) [[likely]] {
    return hand_over(self, frame, segment);
  }
  return take_plain_ipv6(self, frame);
}

bool RxPipeline::take_plain_ipv6(const Interface& self, rte_mbuf* frame) {
  wire::PlainTcp segment;
  return wire::recognise_plain_tcp_v6(buf::bytes(frame), frame->pkt_len, self.device.mac,
                                      segment) &&
         hand_over(self, frame, segment);
}

bool RxPipeline::hand_over(const Interface& self, rte_mbuf* frame, const wire::PlainTcp& segment) {
  const std::uint16_t size = segment_size(frame, segment.payload_bytes, self.device.mtu);
  return core_.tcp.on_plain_segment(segment, frame, size, core_.now);
}

void RxPipeline::on_tcp(const Received& received, buf::Mbuf packet) {
  const ip::Incoming& ip = received.ip;
  // RFC 9293 §3.9.2.3: nothing of TCP is for many.
  if (received.delivery == ip::Delivery::kToMany) {
    core_.drops += Drop::kIpNotForUs;
    return;
  }
  if (ip.transport_bytes < wire::TcpView::kMinHeader) {
    core_.drops += Drop::kTcpMalformed;
    return;
  }
  if (verify_l4_checksum(packet, ip) == ChecksumVerdict::kBad) {
    core_.drops += Drop::kTcpBadChecksum;
    return;
  }
  // The header and no byte more: where a device splits headers from payload, the next byte is the
  // application's, and to make it contiguous would be to copy it.
  if (!pull_up(packet, ip.header_bytes + wire::TcpView::kMinHeader)) return;
  const std::size_t header_bytes =
      wire::TcpView::header_length_at(buf::data(packet.get()) + ip.header_bytes);
  if (header_bytes <= ip.transport_bytes && !pull_up(packet, ip.header_bytes + header_bytes))
    return;
  const auto view = wire::TcpView::parse(packet.first().subspan(ip.header_bytes));
  auto options = view ? wire::parse_tcp_options(view->options()) : std::nullopt;
  if (!options) {
    core_.drops += Drop::kTcpMalformed;
    return;
  }
  const Interface& self = *core_.interfaces[received.arrival.interface];
  const std::uint16_t mtu = ip.src.is_v4() ? self.device.mtu : self.ipv6_mtu;
  const auto header = static_cast<std::uint32_t>(view->header_length());
  const std::uint32_t payload_bytes = ip.transport_bytes - header;
  tcp::Segment segment{.flow = {{ip.dst, view->dst_port()}, {ip.src, view->src_port()}},
                       .seq = tcp::SeqNum{view->seq()},
                       .ack = tcp::SeqNum{view->ack()},
                       .window = view->window(),
                       .flags = view->flags(),
                       .options = *options,
                       .mtu = mtu,
                       .congested = ip.ecn == wire::EcnField::kCongested,
                       .payload = {},
                       .payload_bytes = payload_bytes,
                       .segment_size = segment_size(packet.get(), payload_bytes, mtu)};
  if (payload_bytes > 0) {
    packet.trim_front(ip.header_bytes + header);
    segment.payload = std::move(packet);
  }
  core_.tcp.on_segment(std::move(segment), core_.now);
}

void RxPipeline::on_udp(const Received& received, buf::Mbuf packet) {
  const ip::Incoming& ip = received.ip;
  if (ip.transport_bytes < wire::UdpView::kHeader) {
    core_.drops += Drop::kUdpMalformed;
    return;
  }
  if (!pull_up(packet, ip.header_bytes + wire::UdpView::kHeader)) return;
  // UdpView wants the whole datagram in one piece, which a chain is not: the fields by themselves.
  const std::byte* const header = buf::data(packet.get()) + ip.header_bytes;
  const auto length = load_be<std::uint16_t>(header + 4);
  const auto checksum = load_be<std::uint16_t>(header + 6);
  const Endpoint remote{ip.src, load_be<std::uint16_t>(header)};
  const Endpoint local{ip.dst, load_be<std::uint16_t>(header + 2)};
  if (length < wire::UdpView::kHeader || length > ip.transport_bytes || local.port == 0) {
    core_.drops += Drop::kUdpMalformed;
    return;
  }
  // The checksum covers the datagram, not what its IP packet carries behind it.
  ip::Incoming datagram_ip = ip;
  datagram_ip.transport_bytes = length;
  packet.truncate(datagram_ip.total_bytes());
  const bool unprotected = checksum == 0 && ip.src.is_v4();
  const bool missing = checksum == 0 && !unprotected;  // IPv6 requires one (RFC 8200 §8.1)
  const bool looped = received.arrival.origin == Origin::kLoopback;
  if (!unprotected && !looped &&
      (missing || verify_l4_checksum(packet, datagram_ip) == ChecksumVerdict::kBad)) {
    core_.drops += Drop::kUdpBadChecksum;
    return;
  }
  if (received.delivery == ip::Delivery::kToMany) {
    packet.trim_front(ip.header_bytes + wire::UdpView::kHeader);
    if (!core_.udp.deliver_to_many({local, remote, buf::Chain{std::move(packet)}})) {
      core_.drops += Drop::kUdpNoSocket;
    }
    return;
  }
  const auto socket = core_.udp.receiver(local, remote);
  if (!socket) {
    core_.drops += Drop::kUdpNoSocket;
    icmp_.send_error(received, packet, ip::ErrorKind::kPortUnreachable);
    return;
  }
  packet.trim_front(ip.header_bytes + wire::UdpView::kHeader);
  core_.udp.deliver(*socket, {local, remote, buf::Chain{std::move(packet)}});
}

}  // namespace zs::stack
