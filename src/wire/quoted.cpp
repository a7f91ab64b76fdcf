#include "wire/quoted.hpp"

#include "base/byte_order.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"

namespace zs::wire {
namespace {

std::optional<QuotedPacket> parse_quoted_v4(std::span<const std::byte> quote) {
  const auto ip = Ipv4View::parse_quoted(quote);
  if (!ip || ip->fragment_offset() != 0) return std::nullopt;
  return QuotedPacket{ip->src(), ip->dst(), ip->protocol(), ip->payload()};
}

std::optional<QuotedPacket> parse_quoted_v6(std::span<const std::byte> quote) {
  const auto ip = Ipv6View::parse_quoted(quote);
  if (!ip) return std::nullopt;
  const auto walk = walk_ipv6_extensions(ip->next_header(), ip->payload());
  const bool first_fragment =
      walk.end == Ipv6WalkEnd::kFragment && walk.fragment && walk.fragment->offset == 0;
  if (walk.end != Ipv6WalkEnd::kUpperLayer && !first_fragment) return std::nullopt;
  return QuotedPacket{ip->src(), ip->dst(), walk.protocol, ip->payload().subspan(walk.offset)};
}

}  // namespace

std::uint16_t QuotedPacket::src_port() const { return load_be<std::uint16_t>(&transport[0]); }
std::uint16_t QuotedPacket::dst_port() const { return load_be<std::uint16_t>(&transport[2]); }
std::uint32_t QuotedPacket::tcp_seq() const { return load_be<std::uint32_t>(&transport[4]); }

std::optional<QuotedPacket> parse_quoted_packet(std::span<const std::byte> quote, IpFamily family) {
  auto packet = family == IpFamily::kV4 ? parse_quoted_v4(quote) : parse_quoted_v6(quote);
  if (packet && packet->transport.size() < QuotedPacket::kMinTransport) return std::nullopt;
  return packet;
}

}  // namespace zs::wire
