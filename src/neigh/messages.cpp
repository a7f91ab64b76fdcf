#include "neigh/messages.hpp"

#include "wire/arp.hpp"
#include "wire/ethernet.hpp"
#include "wire/icmpv6.hpp"
#include "wire/ipv6.hpp"
#include "wire/nd.hpp"

namespace zs::neigh {
namespace {

constexpr std::uint8_t kNdHopLimit = 255;  // RFC 4861 §6.1: proves that no router passed it on
constexpr IpAddress link_group(std::uint8_t number) {
  IpAddress::Bytes b{};
  b[0] = std::byte{0xff};
  b[1] = std::byte{0x02};
  b[15] = std::byte{number};
  return IpAddress::v6(b);
}
const IpAddress& all_nodes() {
  static constexpr IpAddress kAllNodes = link_group(1);
  return kAllNodes;
}

struct Room {
  buf::Mbuf frame;
  std::span<std::byte> bytes;
};

Result<Room> make_frame(buf::Pool& pool, std::size_t size) {
  Room room{buf::Mbuf::adopt(pool.alloc()), {}};
  if (!room.frame) return Errc::kNoBuffers;
  ZS_TRY_ASSIGN(room.bytes, room.frame.append(static_cast<std::uint16_t>(size)));
  return room;
}

Result<buf::Mbuf> make_arp(buf::Pool& pool, const MacAddress& dst, const wire::ArpSpec& arp) {
  constexpr std::size_t kEthernet = wire::EthernetSpec::size();
  ZS_TRY_ASSIGN(Room room, make_frame(pool, kEthernet + wire::ArpSpec::size()));
  wire::EthernetSpec{.dst = dst, .src = arp.sender_mac, .ether_type = wire::ether_type::kArp}.write(
      room.bytes.first(kEthernet));
  arp.write(room.bytes.subspan(kEthernet));
  return std::move(room.frame);
}

struct NdEnvelope {
  MacAddress src_mac;
  MacAddress dst_mac;
  IpAddress src;
  IpAddress dst;
};

template <typename Spec>
Result<buf::Mbuf> make_nd(buf::Pool& pool, const NdEnvelope& envelope, const Spec& spec) {
  constexpr std::size_t kEthernet = wire::EthernetSpec::size();
  constexpr std::size_t kIp = wire::Ipv6Spec::size();
  ZS_TRY_ASSIGN(Room room, make_frame(pool, kEthernet + kIp + spec.size()));
  wire::EthernetSpec{
      .dst = envelope.dst_mac, .src = envelope.src_mac, .ether_type = wire::ether_type::kIpv6}
      .write(room.bytes.first(kEthernet));
  wire::Ipv6Spec{.src = envelope.src,
                 .dst = envelope.dst,
                 .next_header = wire::ip_protocol::kIcmpv6,
                 .hop_limit = kNdHopLimit,
                 .payload_length = spec.size()}
      .write(room.bytes.subspan(kEthernet, kIp));
  const auto message = room.bytes.subspan(kEthernet + kIp);
  spec.write(message);
  wire::fill_icmpv6_checksum(envelope.src, envelope.dst, message);
  return std::move(room.frame);
}

Result<buf::Mbuf> make_neighbor_solicitation(buf::Pool& pool, const Station& from,
                                             const IpAddress& target, const MacAddress* unicast) {
  const IpAddress group = wire::solicited_node_multicast(target);
  const NdEnvelope envelope{.src_mac = from.mac,
                            .dst_mac = unicast != nullptr ? *unicast : wire::multicast_mac(group),
                            .src = from.address,
                            .dst = unicast != nullptr ? target : group};
  wire::NeighborSolicitationSpec spec{.target = target, .source_link_layer = std::nullopt};
  if (!from.address.is_unspecified()) spec.source_link_layer = from.mac;
  return make_nd(pool, envelope, spec);
}

}  // namespace

Result<buf::Mbuf> make_solicitation(buf::Pool& pool, const Station& self, const IpAddress& target,
                                    const MacAddress* unicast) {
  if (target.is_v6()) return make_neighbor_solicitation(pool, self, target, unicast);
  return make_arp(pool, unicast != nullptr ? *unicast : MacAddress::broadcast(),
                  {.operation = wire::arp_operation::kRequest,
                   .sender_mac = self.mac,
                   .sender_ip = self.address,
                   .target_mac = {},
                   .target_ip = target});
}

Result<buf::Mbuf> make_probe(buf::Pool& pool, const Station& self) {
  const Station nobody{self.mac, IpAddress::any(self.address.family())};
  return make_solicitation(pool, nobody, self.address, nullptr);
}

Result<buf::Mbuf> make_announcement(buf::Pool& pool, const Station& self) {
  if (self.address.is_v4()) return make_solicitation(pool, self, self.address, nullptr);
  return make_nd(
      pool,
      {.src_mac = self.mac,
       .dst_mac = wire::multicast_mac(all_nodes()),
       .src = self.address,
       .dst = all_nodes()},
      wire::NeighborAdvertisementSpec{
          .target = self.address, .override_cache = true, .target_link_layer = self.mac});
}

Result<buf::Mbuf> make_router_solicitation(buf::Pool& pool, const Station& self) {
  constexpr IpAddress kAllRouters = link_group(2);
  wire::RouterSolicitationSpec spec;
  if (!self.address.is_unspecified()) spec.source_link_layer = self.mac;
  return make_nd(pool,
                 {.src_mac = self.mac,
                  .dst_mac = wire::multicast_mac(kAllRouters),
                  .src = self.address,
                  .dst = kAllRouters},
                 spec);
}

Result<buf::Mbuf> make_arp_reply(buf::Pool& pool, const Station& self, const Station& asker) {
  return make_arp(pool, asker.mac,
                  {.operation = wire::arp_operation::kReply,
                   .sender_mac = self.mac,
                   .sender_ip = self.address,
                   .target_mac = asker.mac,
                   .target_ip = asker.address});
}

Result<buf::Mbuf> make_advertisement(buf::Pool& pool, const Station& self, const Station& asker) {
  const bool anonymous = asker.address.is_unspecified();
  return make_nd(pool,
                 {.src_mac = self.mac,
                  .dst_mac = anonymous ? wire::multicast_mac(all_nodes()) : asker.mac,
                  .src = self.address,
                  .dst = anonymous ? all_nodes() : asker.address},
                 wire::NeighborAdvertisementSpec{.target = self.address,
                                                 .solicited = !anonymous,
                                                 .override_cache = true,
                                                 .target_link_layer = self.mac});
}

}  // namespace zs::neigh
