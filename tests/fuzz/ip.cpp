// IPv4, IPv6, its extension headers, and packets quoted by ICMP errors. The first byte of the input
// is the first next-header value for the walk; the packet follows.
#include <vector>

#include "base/assert.hpp"
#include "fuzz/input.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/quoted.hpp"

namespace zs::fuzz {
namespace {

void check_v4(std::span<const std::byte> packet) {
  const auto ip = wire::Ipv4View::parse(packet);
  const auto quoted = wire::Ipv4View::parse_quoted(packet);
  ZS_CHECK(!ip || quoted);
  if (quoted) ZS_CHECK(is_inside(quoted->payload(), packet));
  if (!ip) return;
  (void)ip->is_checksum_ok();
  ZS_CHECK(ip->header_length() + ip->payload().size() == ip->total_length());
  const wire::Ipv4Spec spec{.src = ip->src(),
                            .dst = ip->dst(),
                            .protocol = ip->protocol(),
                            .ttl = ip->ttl(),
                            .tos = ip->tos(),
                            .identification = ip->identification(),
                            .dont_fragment = ip->dont_fragment(),
                            .more_fragments = ip->more_fragments(),
                            .fragment_offset = ip->fragment_offset(),
                            .payload_length = ip->payload().size(),
                            .options = ip->options()};
  std::vector<std::byte> again(spec.size());
  spec.write(again);
  const auto view = wire::Ipv4View::parse_quoted(again);
  ZS_CHECK(view && view->is_checksum_ok());
  ZS_CHECK(view->has_source_route() == ip->has_source_route());
  // All but the reserved flag, which is sent as zero, and the checksum.
  ZS_CHECK(is_same(std::span{again}.first(6), packet.first(6)));
  ZS_CHECK(again[6] == (packet[6] & std::byte{0x7f}) && again[7] == packet[7]);
  ZS_CHECK(is_same(std::span{again}.subspan(8, 2), packet.subspan(8, 2)));
  ZS_CHECK(is_same(std::span{again}.subspan(12), ip->header().subspan(12)));
}

void check_walk(std::uint8_t next_header, std::span<const std::byte> payload) {
  const auto walk = wire::walk_ipv6_extensions(next_header, payload);
  ZS_CHECK(walk.offset <= payload.size());
  ZS_CHECK(walk.pointer == -34 ||
           (walk.pointer >= 0 && walk.pointer < static_cast<std::ptrdiff_t>(payload.size())));
  if (walk.end == wire::Ipv6WalkEnd::kFragment) {
    ZS_CHECK(walk.fragment && (walk.fragment->more || walk.fragment->offset != 0));
  }
  if (walk.end == wire::Ipv6WalkEnd::kUpperLayer) {
    // Nothing is left to walk, whatever the walk began with.
    const auto rest = wire::walk_ipv6_extensions(walk.protocol, payload.subspan(walk.offset));
    ZS_CHECK(rest.end == wire::Ipv6WalkEnd::kUpperLayer && rest.offset == 0);
  }
}

void check_v6(std::span<const std::byte> packet) {
  const auto ip = wire::Ipv6View::parse(packet);
  if (const auto quoted = wire::Ipv6View::parse_quoted(packet)) {
    ZS_CHECK(is_inside(quoted->payload(), packet));
    check_walk(quoted->next_header(), quoted->payload());
  }
  if (!ip) return;
  const wire::Ipv6Spec spec{.src = ip->src(),
                            .dst = ip->dst(),
                            .next_header = ip->next_header(),
                            .hop_limit = ip->hop_limit(),
                            .traffic_class = ip->traffic_class(),
                            .flow_label = ip->flow_label(),
                            .payload_length = ip->payload_length()};
  std::vector<std::byte> again(wire::Ipv6Spec::size());
  spec.write(again);
  ZS_CHECK(is_same(again, packet.first(again.size())));
}

void check_quoted(std::span<const std::byte> packet, IpFamily family) {
  const auto quoted = wire::parse_quoted_packet(packet, family);
  if (!quoted) return;
  ZS_CHECK(quoted->transport.size() >= wire::QuotedPacket::kMinTransport);
  ZS_CHECK(is_inside(quoted->transport, packet));
  (void)quoted->src_port();
  (void)quoted->dst_port();
  (void)quoted->tcp_seq();
}

}  // namespace
}  // namespace zs::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace zs::fuzz;
  Input input(bytes_of(data, size));
  const std::uint8_t next_header = input.u8();
  const auto packet = input.take(size);
  check_walk(next_header, packet);
  check_v4(packet);
  check_v6(packet);
  check_quoted(packet, zs::IpFamily::kV4);
  check_quoted(packet, zs::IpFamily::kV6);
  return 0;
}
