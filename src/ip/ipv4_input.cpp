#include "ip/incoming.hpp"
#include "wire/ipv4.hpp"

namespace zs::ip {

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
  if (view->has_source_route()) return result;
  if (view->is_fragment()) {
    result.drop = Drop::kIpFragment;
    return result;
  }
  const auto header = static_cast<std::uint16_t>(view->header_length());
  result.packet = Incoming{.src = view->src(),
                           .dst = view->dst(),
                           .protocol = view->protocol(),
                           .hop_limit = view->ttl(),
                           .header_bytes = header,
                           .transport_bytes = std::uint32_t{view->total_length()} - header};
  return result;
}

}  // namespace zs::ip
