#include "stack/icmp_service.hpp"

#include <algorithm>
#include <utility>

#include "stack/l4_checksum.hpp"
#include "wire/icmp.hpp"
#include "wire/icmpv6.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/mld.hpp"

namespace zs::stack {
namespace {

/// Bytes of a message that are looked at: an error's own header and a quoted IP header with options
/// or extensions and ports, or a neighbour message with its options.
constexpr std::uint32_t kLookedAt = 256;
/// Of a router's advertisement, which has an option a prefix: all that a packet holds.
constexpr std::uint32_t kLookedAtRouters = 1'440;

constexpr std::uint8_t kDiscoveryHopLimit = 255;

bool is_mld(std::uint8_t type) {
  return (type >= wire::mld_type::kQuery && type <= wire::mld_type::kDoneV1) ||
         type == wire::mld_type::kReportV2;
}

bool is_discovery(std::uint8_t type) {
  return type >= wire::icmpv6_type::kRouterSolicitation && type <= wire::icmpv6_type::kRedirect;
}

tcp::IcmpError tcp_error(ip::ErrorMeaning meaning) {
  switch (meaning) {
    case ip::ErrorMeaning::kUnreachable:
      return tcp::IcmpError::kUnreachable;
    case ip::ErrorMeaning::kNetUnreachable:
      return tcp::IcmpError::kNetUnreachable;
    case ip::ErrorMeaning::kPortUnreachable:
      return tcp::IcmpError::kPortUnreachable;
    case ip::ErrorMeaning::kPacketTooBig:
      return tcp::IcmpError::kPacketTooBig;
    case ip::ErrorMeaning::kTimeExceeded:
      return tcp::IcmpError::kTimeExceeded;
  }
  return tcp::IcmpError::kUnreachable;
}

udp::IcmpError udp_error(ip::ErrorMeaning meaning) {
  switch (meaning) {
    case ip::ErrorMeaning::kNetUnreachable:
      return udp::IcmpError::kNetUnreachable;
    case ip::ErrorMeaning::kPortUnreachable:
      return udp::IcmpError::kPortUnreachable;
    case ip::ErrorMeaning::kPacketTooBig:
      return udp::IcmpError::kPacketTooBig;
    case ip::ErrorMeaning::kUnreachable:
    case ip::ErrorMeaning::kTimeExceeded:
      break;
  }
  return udp::IcmpError::kUnreachable;
}

}  // namespace

void IcmpService::on_message(const Received& received, buf::Mbuf packet) {
  const ip::Incoming& ip = received.ip;
  if (ip.transport_bytes < wire::IcmpView::kHeader) {
    core_.drops += Drop::kIcmpMalformed;
    return;
  }
  if (verify_l4_checksum(packet, ip) == ChecksumVerdict::kBad) {
    core_.drops += Drop::kIcmpBadChecksum;
    return;
  }
  const auto pull_up = [&](std::uint32_t bytes) {
    const auto n =
        static_cast<std::uint16_t>(ip.header_bytes + std::min(ip.transport_bytes, bytes));
    if (packet.pull_up(n, *core_.pools.data)) return true;
    core_.drops += Drop::kNoBuffers;
    return false;
  };
  if (!pull_up(kLookedAt)) return;
  const auto message = packet.first().subspan(ip.header_bytes);
  const auto type = std::to_integer<std::uint8_t>(message[0]);
  const bool v4 = ip.src.is_v4();
  if (type == (v4 ? wire::icmp_type::kEcho : wire::icmpv6_type::kEcho)) {
    on_echo(received, std::move(packet));
  } else if (!v4 && is_mld(type)) {
    if (pull_up(kLookedAtRouters)) {
      multicast_.on_mld(received, packet.first().subspan(ip.header_bytes));
    }
  } else if (!v4 && is_discovery(type)) {
    if (pull_up(kLookedAtRouters)) {
      on_discovery(received, packet.first().subspan(ip.header_bytes));
    }
  } else {
    on_error(received, message);
  }
}

void IcmpService::on_discovery(const Received& received, std::span<const std::byte> message) {
  // RFC 6980 §5: what came in fragments could slip past whoever guards the link. RFC 4861 §6.1,
  // §7.1 and §8.1: hop limit 255, since no router has passed it on, and code 0.
  const bool fragmented = received.arrival.reassembled || received.ip.has_fragment_header;
  if (fragmented || received.ip.hop_limit != kDiscoveryHopLimit || message[1] != std::byte{0}) {
    core_.drops += Drop::kIcmpMalformed;
    return;
  }
  // Our own probe is nobody's claim (RFC 7527 tells them apart by a number, where MACs may be
  // alike).
  if (received.arrival.own_echo) {
    core_.drops += Drop::kIcmpIgnored;
    return;
  }
  switch (std::to_integer<std::uint8_t>(message[0])) {
    case wire::icmpv6_type::kRouterAdvertisement:
      return routers_.on_advertisement(received, message);
    case wire::icmpv6_type::kRedirect:
      return routers_.on_redirect(received, message);
    case wire::icmpv6_type::kRouterSolicitation:
      core_.drops += Drop::kIcmpIgnored;  // RFC 4861 §6.2.6: not for hosts
      return;
    default:
      return neighbors_.on_discovery(received, message);
  }
}

void IcmpService::on_echo(const Received& received, buf::Mbuf packet) {
  // RFC 1122 §3.2.2.6 allows to ignore broadcast pings, and everybody does (smurf); IPv6 answers
  // multicast ones (RFC 4443 §4.2).
  const bool to_many = received.delivery == ip::Delivery::kToMany;
  if ((to_many && received.ip.src.is_v4()) || received.ip.src.is_unspecified()) {
    core_.drops += Drop::kIcmpIgnored;
    return;
  }
  if (!core_.icmp_limiter.take_echo(core_.now)) {
    core_.drops += Drop::kIcmpRateLimited;
    return;
  }
  const IpAddress& peer = received.ip.src;
  std::optional<IpAddress> source = received.ip.dst;
  if (to_many) source = core_.addresses.select_source(received.arrival.interface, peer);
  if (!source) return;
  packet.trim_front(received.ip.header_bytes);
  auto reply = ip::make_echo_reply(std::move(packet), *source, peer, core_.pools);
  if (!reply) {
    core_.drops += Drop::kNoBuffers;
    return;
  }
  egress_.send(std::move(*reply),
               {.src = *source,
                .dst = peer,
                .protocol = peer.is_v4() ? wire::ip_protocol::kIcmp : wire::ip_protocol::kIcmpv6});
}

void IcmpService::on_error(const Received& received, std::span<const std::byte> message) {
  const auto parsed = ip::parse_error(received.ip.src.family(), message);
  // Only what quotes a packet from an address of ours can be about us.
  if (!parsed || !core_.addresses.is_local(parsed->flow.local.address)) {
    core_.drops += Drop::kIcmpIgnored;
    return;
  }
  report(*parsed);
}

void IcmpService::report(const ip::ErrorReport& report) {
  if (report.protocol == wire::ip_protocol::kTcp) {
    const auto mtu = ip::PathMtuCache::believable(report.flow.remote.address, report.mtu);
    core_.tcp.on_icmp_error(report.flow, tcp_error(report.meaning), tcp::SeqNum{report.tcp_seq},
                            mtu, core_.now);
    return;
  }
  // TCP checks a report against what is in flight and keeps its own path MTU; UDP has nothing to
  // check but its sockets, so a flow that none of them can have is not believed.
  const bool ours = core_.udp.on_icmp_error(report.flow, udp_error(report.meaning));
  if (!ours) {
    core_.drops += Drop::kIcmpIgnored;
  } else if (report.meaning == ip::ErrorMeaning::kPacketTooBig) {
    core_.path_mtu.learn(report.flow.remote.address, report.mtu, core_.now);
  }
}

void IcmpService::report_undeliverable() {
  while (const auto packet = core_.neighbors.poll_undeliverable()) {
    const auto lost = ip::make_local_report(packet->first(), ip::ErrorMeaning::kUnreachable);
    if (lost) report(*lost);
  }
}

void IcmpService::send_error(const Received& received, const buf::Mbuf& packet, ip::ErrorKind kind,
                             const ip::ParameterProblem& problem) {
  const ip::Incoming& ip = received.ip;
  const auto first = packet.first();
  const auto transport = first.subspan(std::min<std::size_t>(ip.header_bytes, first.size()));
  const bool exempt = kind == ip::ErrorKind::kParameterProblem && problem.even_if_multicast;
  if (!ip::may_answer_with_error(ip, exempt ? ip::Delivery::kToUs : received.delivery, transport)) {
    return;
  }
  if (!core_.icmp_limiter.take_error(ip.src, core_.now)) {
    core_.drops += Drop::kIcmpRateLimited;
    return;
  }
  std::optional<IpAddress> source = ip.dst;
  if (ip.dst.is_multicast()) {
    source = core_.addresses.select_source(received.arrival.interface, ip.src);
  }
  if (!source) return;
  auto message = ip::make_error(
      {.kind = kind, .source = *source, .peer = ip.src, .problem = problem}, packet, core_.pools);
  if (!message) {
    core_.drops += Drop::kNoBuffers;
    return;
  }
  egress_.send(std::move(*message), {.src = *source,
                                     .dst = ip.src,
                                     .protocol = source->is_v4() ? wire::ip_protocol::kIcmp
                                                                 : wire::ip_protocol::kIcmpv6});
}

}  // namespace zs::stack
