#include "ip/incoming.hpp"
#include "wire/ipv4.hpp"

namespace zs::ip {
namespace {

std::optional<Fragment> fragment_of(const wire::Ipv4View& view) {
  const auto header = static_cast<std::uint16_t>(view.header_length());
  const std::uint32_t part = std::uint32_t{view.total_length()} - header;
  // RFC 791 §3.2: all but the last are multiples of 8, and no packet ends behind 65,535 bytes.
  if (part == 0 || (view.more_fragments() && part % 8 != 0) ||
      header + view.fragment_offset() + part > 0xffff) {
    return std::nullopt;
  }
  return Fragment{.identification = view.identification(),
                  .offset = view.fragment_offset(),
                  .part_bytes = part,
                  .header_bytes = header,
                  .protocol = view.protocol(),
                  .ecn = view.ecn(),
                  .more = view.more_fragments()};
}

}  // namespace

ParseResult parse_ipv4(std::span<const std::byte> first, std::uint32_t packet_bytes,
                       HeaderChecksum checksum) {
  ParseResult result;
  // parse() would want the whole packet in one piece; the length is checked here instead.
  const auto view = wire::Ipv4View::parse_quoted(first);
  if (!view || view->total_length() > packet_bytes) return result;
  if (checksum == HeaderChecksum::kVerify && !view->is_checksum_ok()) {
    result.drop = Drop::kIpBadChecksum;
    return result;
  }
  // A source-routed packet asks us to answer along a path of the sender's choice (RFC 7126 §4.3).
  if (view->has_source_route()) {
    result.drop = Drop::kIpSourceRoute;
    return result;
  }
  if (view->is_fragment()) {
    result.drop = Drop::kFragmentMalformed;
    result.fragment = fragment_of(*view);
    result.addresses = {.src = view->src(),
                        .dst = view->dst(),
                        .protocol = view->protocol(),
                        .hop_limit = view->ttl()};
    return result;
  }
  const auto header = static_cast<std::uint16_t>(view->header_length());
  result.packet = Incoming{.src = view->src(),
                           .dst = view->dst(),
                           .protocol = view->protocol(),
                           .hop_limit = view->ttl(),
                           .ecn = static_cast<wire::EcnField>(view->ecn()),
                           .header_bytes = header,
                           .transport_bytes = std::uint32_t{view->total_length()} - header};
  return result;
}

}  // namespace zs::ip
