#include "stack/fragment_output.hpp"

#include <utility>

#include "base/byte_order.hpp"
#include "stack/egress.hpp"
#include "wire/checksum.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/udp.hpp"

namespace zs::stack {
namespace {

struct Way {
  IpAddress src;
  IpAddress dst;
};

/// Precondition: the packet begins at a whole IP header of ours.
Way way_of(const buf::Mbuf& packet) {
  const auto first = packet.first();
  if (const auto v4 = wire::Ipv4View::parse_quoted(first)) return {v4->src(), v4->dst()};
  const auto v6 = wire::Ipv6View::parse_quoted(first);
  ZS_CHECK(v6.has_value());
  return {v6->src(), v6->dst()};
}

}  // namespace

void finish_checksum(buf::Mbuf& transport) {
  constexpr std::size_t kField = 6;
  if ((transport->ol_flags & RTE_MBUF_F_TX_L4_MASK) != RTE_MBUF_F_TX_UDP_CKSUM) return;
  transport->ol_flags &= ~RTE_MBUF_F_TX_L4_MASK;
  wire::ChecksumAccumulator sum;  // the field holds the pseudo-header's
  for (const rte_mbuf* m = transport.get(); m != nullptr; m = m->next) sum.add(buf::bytes(m));
  store_be(buf::data(transport.get()) + kField, wire::udp_checksum_field(sum.finish()));
}

bool is_for_fragments(const Core& core, std::uint16_t interface, const buf::Mbuf& packet) {
  if ((packet->ol_flags & RTE_MBUF_F_TX_L4_MASK) != 0) return false;
  // The destination is looked at only where it could matter.
  if (packet.length() <= ip::PathMtuCache::kFloorV4) return false;
  return packet.length() > core.mtu_to(interface, way_of(packet).dst);
}

void send_in_fragments(Core& core, std::uint16_t interface, const MacAddress& mac,
                       buf::Mbuf packet) {
  const Way way = way_of(packet);
  ip::Fragmenter fragmenter(std::move(packet), core.fragment_ids.next(way.src, way.dst),
                            core.mtu_to(interface, way.dst));
  while (!fragmenter.done()) {
    auto fragment = fragmenter.next(core.pools);
    if (!fragment || !prepend_ethernet(*fragment, mac, core.interfaces[interface]->device.mac,
                                       way.src.family())) {
      core.drops += Drop::kNoBuffers;
      return;
    }
    core.push_ready(interface, std::move(*fragment));
  }
}

}  // namespace zs::stack
