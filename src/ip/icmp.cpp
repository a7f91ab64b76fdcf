#include "ip/icmp.hpp"

#include <algorithm>

#include "wire/checksum.hpp"
#include "wire/icmp.hpp"
#include "wire/icmpv6.hpp"
#include "wire/protocol.hpp"
#include "wire/quoted.hpp"

namespace zs::ip {
namespace {

constexpr std::size_t kIcmpHeader = wire::IcmpView::kHeader;

struct Meaning {
  ErrorMeaning meaning;
  std::uint32_t mtu = 0;
};

std::optional<Meaning> meaning_of_v4(std::span<const std::byte> message) {
  const auto icmp = wire::IcmpView::parse(message);
  if (!icmp) return std::nullopt;
  if (icmp->type() == wire::icmp_type::kTimeExceeded) return Meaning{ErrorMeaning::kTimeExceeded};
  if (icmp->type() != wire::icmp_type::kUnreachable) return std::nullopt;
  switch (icmp->code()) {
    case wire::icmp_unreachable::kFragmentationNeeded:
      return Meaning{ErrorMeaning::kPacketTooBig, icmp->mtu()};
    case wire::icmp_unreachable::kPort:
    case wire::icmp_unreachable::kProtocol:
      return Meaning{ErrorMeaning::kPortUnreachable};
    case wire::icmp_unreachable::kNet:
    case wire::icmp_unreachable::kNetUnknown:
    case wire::icmp_unreachable::kNetProhibited:
    case wire::icmp_unreachable::kNetForService:
      return Meaning{ErrorMeaning::kNetUnreachable};
    default:
      return Meaning{ErrorMeaning::kUnreachable};
  }
}

std::optional<Meaning> meaning_of_v6(std::span<const std::byte> message) {
  const auto icmp = wire::Icmpv6View::parse(message);
  if (!icmp) return std::nullopt;
  switch (icmp->type()) {
    case wire::icmpv6_type::kUnreachable:
      if (icmp->code() == wire::icmpv6_unreachable::kPort) {
        return Meaning{ErrorMeaning::kPortUnreachable};
      }
      return Meaning{icmp->code() == wire::icmpv6_unreachable::kNoRoute
                         ? ErrorMeaning::kNetUnreachable
                         : ErrorMeaning::kUnreachable};
    case wire::icmpv6_type::kPacketTooBig:
      return Meaning{ErrorMeaning::kPacketTooBig, icmp->mtu()};
    case wire::icmpv6_type::kTimeExceeded:
      return Meaning{ErrorMeaning::kTimeExceeded};
    case wire::icmpv6_type::kParameterProblem:
      // An unknown next header is IPv6's protocol unreachable.
      if (icmp->code() != wire::icmpv6_parameter::kNextHeader) return std::nullopt;
      return Meaning{ErrorMeaning::kPortUnreachable};
    default:
      return std::nullopt;
  }
}

std::optional<ErrorReport> report_about(std::span<const std::byte> quote, IpFamily family,
                                        Meaning meaning) {
  const auto quoted = wire::parse_quoted_packet(quote, family);
  if (!quoted) return std::nullopt;
  if (quoted->protocol != wire::ip_protocol::kTcp && quoted->protocol != wire::ip_protocol::kUdp) {
    return std::nullopt;
  }
  ErrorReport report{.meaning = meaning.meaning,
                     .flow = {{quoted->src, quoted->src_port()}, {quoted->dst, quoted->dst_port()}},
                     .protocol = quoted->protocol,
                     .mtu = meaning.mtu};
  if (quoted->protocol == wire::ip_protocol::kTcp) report.tcp_seq = quoted->tcp_seq();
  return report;
}

/// Writes type and code, and the checksum over the whole message in however many pieces.
void finish_message(buf::Mbuf& message, const IpAddress& source, const IpAddress& peer) {
  std::byte* const header = buf::data(message.get());
  store_be(header + 2, std::uint16_t{0});
  wire::ChecksumAccumulator sum;
  if (source.is_v6()) {
    sum = wire::ChecksumAccumulator{
        wire::pseudo_header_sum(source, peer, wire::ip_protocol::kIcmpv6, message.length())};
  }
  for (const rte_mbuf* m = message.get(); m != nullptr; m = m->next) sum.add(buf::bytes(m));
  store_be(header + 2, sum.finish());
}

void write_error_header(const ErrorSpec& spec, std::span<std::byte> out) {
  const bool v4 = spec.source.is_v4();
  switch (spec.kind) {
    case ErrorKind::kPortUnreachable:
      if (v4) return wire::IcmpSpec::unreachable(wire::icmp_unreachable::kPort).write(out);
      return wire::Icmpv6Spec::unreachable(wire::icmpv6_unreachable::kPort).write(out);
    case ErrorKind::kProtocolUnreachable:
      if (v4) return wire::IcmpSpec::unreachable(wire::icmp_unreachable::kProtocol).write(out);
      return wire::Icmpv6Spec::parameter_problem(wire::icmpv6_parameter::kNextHeader,
                                                 spec.problem.pointer)
          .write(out);
    case ErrorKind::kReassemblyTime:
      if (v4)
        return wire::IcmpSpec::time_exceeded(wire::icmp_time_exceeded::kReassembly).write(out);
      return wire::Icmpv6Spec::time_exceeded(wire::icmpv6_time_exceeded::kReassembly).write(out);
    case ErrorKind::kParameterProblem:
      ZS_ASSERT(!v4);
      return wire::Icmpv6Spec::parameter_problem(spec.problem.code, spec.problem.pointer)
          .write(out);
  }
}

}  // namespace

std::optional<ErrorReport> parse_error(IpFamily family, std::span<const std::byte> message) {
  const auto meaning = family == IpFamily::kV4 ? meaning_of_v4(message) : meaning_of_v6(message);
  if (!meaning) return std::nullopt;
  return report_about(message.subspan(kIcmpHeader), family, *meaning);
}

std::optional<ErrorReport> make_local_report(std::span<const std::byte> packet,
                                             ErrorMeaning meaning) {
  if (packet.empty()) return std::nullopt;
  const bool v4 = (packet[0] >> 4) == std::byte{4};
  return report_about(packet, v4 ? IpFamily::kV4 : IpFamily::kV6, {meaning});
}

Result<buf::Mbuf> make_echo_reply(buf::Mbuf request, const IpAddress& source, const IpAddress& peer,
                                  buf::Pools pools) {
  ZS_ASSERT(request.first().size() >= kIcmpHeader);
  if (!buf::is_exclusive(request.get())) {
    buf::Mbuf fresh = buf::Mbuf::adopt(pools.data->alloc());
    if (!fresh) return Errc::kNoBuffers;
    ZS_TRY_ASSIGN(const std::span<std::byte> header, fresh.append(kIcmpHeader));
    request.copy_out(0, header);
    request.trim_front(kIcmpHeader);
    if (request.length() > 0) fresh.append_chain(std::move(request));
    request = std::move(fresh);
  }
  buf::clear_metadata(request.get());
  const std::uint8_t type =
      source.is_v4() ? wire::icmp_type::kEchoReply : wire::icmpv6_type::kEchoReply;
  *buf::data(request.get()) = std::byte{type};
  finish_message(request, source, peer);
  return request;
}

bool may_answer_with_error(const Incoming& packet, Delivery delivery,
                           std::span<const std::byte> transport) {
  if (delivery == Delivery::kToMany) return false;
  if (packet.src.is_unspecified() || packet.src.is_multicast()) return false;
  const auto type =
      transport.empty() ? std::uint8_t{0} : std::to_integer<std::uint8_t>(transport[0]);
  if (packet.protocol == wire::ip_protocol::kIcmp && packet.src.is_v4()) {
    return type == wire::icmp_type::kEcho;
  }
  if (packet.protocol == wire::ip_protocol::kIcmpv6) return (type & 0x80) != 0;
  return true;
}

Result<buf::Mbuf> make_error(const ErrorSpec& spec, const buf::Mbuf& offender, buf::Pools pools) {
  const std::size_t budget = spec.source.is_v4() ? 576 - 20 : 1280 - 40;
  std::size_t quote = std::min<std::size_t>(budget - kIcmpHeader, offender.length());
  buf::Mbuf message = buf::Mbuf::adopt(pools.data->alloc());
  if (!message) return Errc::kNoBuffers;
  quote = std::min<std::size_t>(quote, buf::tailroom(message.get()) - kIcmpHeader);
  ZS_TRY_ASSIGN(const std::span<std::byte> room,
                message.append(static_cast<std::uint16_t>(kIcmpHeader + quote)));
  write_error_header(spec, room.first(kIcmpHeader));
  offender.copy_out(0, room.subspan(kIcmpHeader));
  finish_message(message, spec.source, spec.peer);
  return message;
}

}  // namespace zs::ip
