#include <algorithm>

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

/// Whether the first fragment holds all headers up to the transport's (RFC 7112 §5): without them
/// nobody on the way could judge the packet.
bool has_whole_chain(std::uint8_t protocol, std::span<const std::byte> part) {
  const auto walk = wire::walk_ipv6_extensions(protocol, part);
  if (walk.end == wire::Ipv6WalkEnd::kMalformed) return false;
  if (walk.end != wire::Ipv6WalkEnd::kUpperLayer) return true;
  std::size_t least = 0;
  if (walk.protocol == wire::ip_protocol::kTcp) least = 20;
  if (walk.protocol == wire::ip_protocol::kUdp || walk.protocol == wire::ip_protocol::kIcmpv6) {
    least = 8;
  }
  return part.size() - walk.offset >= least;
}

/// Judges a fragment by what RFC 8200 §4.5 and RFC 7112 §5 say of one by itself.
void take_fragment(ParseResult& result, const wire::Ipv6View& view,
                   const wire::Ipv6Extensions& walk) {
  constexpr auto kHeader = static_cast<std::uint32_t>(wire::Ipv6View::kHeader);
  constexpr std::uint32_t kPayloadLengthField = 4;
  const auto behind = static_cast<std::uint32_t>(walk.offset);
  const auto here = static_cast<std::uint32_t>(behind - wire::Ipv6Fragment::kHeader);
  const std::uint32_t part = view.payload_length() - behind;
  result.drop = Drop::kFragmentMalformed;
  if (part == 0) return;
  if (walk.fragment->more && part % 8 != 0) {
    result.problem =
        ParameterProblem{wire::icmpv6_parameter::kHeaderField, kPayloadLengthField, false};
    return;
  }
  if (here + walk.fragment->offset + part > 0xffff) {
    result.problem =
        ParameterProblem{wire::icmpv6_parameter::kHeaderField, kHeader + here + 2, false};
    return;
  }
  if (walk.fragment->offset == 0 &&
      !has_whole_chain(walk.protocol, view.payload().subspan(walk.offset))) {
    result.problem = ParameterProblem{wire::icmpv6_parameter::kIncompleteChain, 0, false};
    return;
  }
  result.fragment =
      Fragment{.identification = walk.fragment->identification,
               .offset = walk.fragment->offset,
               .part_bytes = part,
               .header_bytes = static_cast<std::uint16_t>(kHeader + behind),
               .protocol_pointer = static_cast<std::uint32_t>(
                   static_cast<std::ptrdiff_t>(wire::Ipv6View::kHeader) + walk.fragment_pointer),
               .protocol = walk.protocol,
               .ecn = view.ecn(),
               .more = walk.fragment->more};
  result.addresses.protocol = walk.protocol;
}

}  // namespace

ParseResult parse_ipv6(std::span<const std::byte> first, std::uint32_t packet_bytes) {
  ParseResult result;
  const auto view = wire::Ipv6View::parse_quoted(first);
  if (!view || wire::Ipv6View::kHeader + view->payload_length() > packet_bytes) return result;
  Incoming packet{.src = view->src(),
                  .dst = view->dst(),
                  .hop_limit = view->hop_limit(),
                  .ecn = static_cast<wire::EcnField>(view->ecn())};
  // RFC 4942 §2.2: a mapped address on the wire pretends to be an IPv4 peer.
  if (packet.src.is_v4() || packet.dst.is_v4()) {
    result.drop = Drop::kIpBadSource;
    return result;
  }
  const auto walk = wire::walk_ipv6_extensions(view->next_header(), view->payload());
  if (walk.end != wire::Ipv6WalkEnd::kUpperLayer) {
    if (walk.end == wire::Ipv6WalkEnd::kNoNext) result.drop = Drop::kIpNoProtocol;
    result.problem = problem_of(walk);
    result.addresses = packet;
    if (walk.end == wire::Ipv6WalkEnd::kFragment) take_fragment(result, *view, walk);
    return result;
  }
  packet.protocol = walk.protocol;
  packet.has_fragment_header = walk.fragment.has_value();
  packet.header_bytes = static_cast<std::uint16_t>(wire::Ipv6View::kHeader + walk.offset);
  packet.transport_bytes = static_cast<std::uint32_t>(view->payload_length() - walk.offset);
  packet.protocol_pointer = static_cast<std::uint32_t>(
      static_cast<std::ptrdiff_t>(wire::Ipv6View::kHeader) + walk.pointer);
  result.packet = packet;
  return result;
}

}  // namespace zs::ip
