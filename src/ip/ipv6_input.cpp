#include "ip/incoming.hpp"
#include "wire/icmpv6.hpp"
#include "wire/ipv6.hpp"

namespace zs::ip {
namespace {

/// The Parameter Problem that a walk's end calls for (RFC 8200 §4, RFC 5095 §3).
std::optional<ParameterProblem> problem_of(const wire::Ipv6Extensions& walk) {
  const auto pointer = static_cast<std::uint32_t>(
      static_cast<std::ptrdiff_t>(wire::Ipv6View::kHeader) + walk.pointer);
  switch (walk.end) {
    case wire::Ipv6WalkEnd::kBadHopByHop:
      return ParameterProblem{wire::icmpv6_parameter::kNextHeader, pointer, false};
    case wire::Ipv6WalkEnd::kRouting:
      return ParameterProblem{wire::icmpv6_parameter::kHeaderField, pointer, false};
    case wire::Ipv6WalkEnd::kOptionReport:
      return ParameterProblem{wire::icmpv6_parameter::kOption, pointer, true};
    case wire::Ipv6WalkEnd::kOptionReportUnlessMulticast:
      return ParameterProblem{wire::icmpv6_parameter::kOption, pointer, false};
    case wire::Ipv6WalkEnd::kUpperLayer:
    case wire::Ipv6WalkEnd::kNoNext:
    case wire::Ipv6WalkEnd::kFragment:
    case wire::Ipv6WalkEnd::kMalformed:
    case wire::Ipv6WalkEnd::kTooMany:
    case wire::Ipv6WalkEnd::kOptionDiscard:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace

ParseResult parse_ipv6(std::span<const std::byte> first, std::uint32_t packet_bytes) {
  ParseResult result;
  const auto view = wire::Ipv6View::parse_quoted(first);
  if (!view || wire::Ipv6View::kHeader + view->payload_length() > packet_bytes) return result;
  Incoming packet{.src = view->src(), .dst = view->dst(), .hop_limit = view->hop_limit()};
  // RFC 4942 §2.2: a mapped address on the wire pretends to be an IPv4 peer.
  if (packet.src.is_v4() || packet.dst.is_v4()) {
    result.drop = Drop::kIpBadSource;
    return result;
  }
  const auto walk = wire::walk_ipv6_extensions(view->next_header(), view->payload());
  if (walk.end != wire::Ipv6WalkEnd::kUpperLayer) {
    if (walk.end == wire::Ipv6WalkEnd::kFragment) result.drop = Drop::kIpFragment;
    if (walk.end == wire::Ipv6WalkEnd::kNoNext) result.drop = Drop::kIpNoProtocol;
    result.problem = problem_of(walk);
    result.addresses = packet;
    return result;
  }
  packet.protocol = walk.protocol;
  packet.header_bytes = static_cast<std::uint16_t>(wire::Ipv6View::kHeader + walk.offset);
  packet.transport_bytes = static_cast<std::uint32_t>(view->payload_length() - walk.offset);
  packet.protocol_pointer = static_cast<std::uint32_t>(
      static_cast<std::ptrdiff_t>(wire::Ipv6View::kHeader) + walk.pointer);
  result.packet = packet;
  return result;
}

}  // namespace zs::ip
