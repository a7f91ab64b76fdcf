#include "stack/neighbor_service.hpp"

#include <gtest/gtest.h>

#include "unit/stack/world.hpp"

namespace zs::stack {
namespace {

using namespace test;
using wire::arp_operation::kReply;
using wire::arp_operation::kRequest;

TEST(NeighborService, ArpOfNoUseIsIgnored) {
  World w;
  const IpAddress other = IpAddress::v4(10, 0, 0, 3);
  struct Case {
    const char* what;
    Bytes frame;
    Drop drop;
  };
  Bytes odd = World::arp(kRequest, kPeerMac, kPeer, kOurs);
  odd[14 + 1] = std::byte{6};  // another hardware
  const Case cases[] = {
      {"our own", World::arp(kRequest, kOurMac, kPeer, kOurs), Drop::kArpIgnored},
      {"from a group", World::arp(kRequest, MacAddress::broadcast(), kPeer, kOurs),
       Drop::kArpIgnored},
      {"from no MAC", World::arp(kRequest, {}, kPeer, kOurs), Drop::kArpIgnored},
      {"unknown operation", World::arp(9, kPeerMac, kPeer, kOurs), Drop::kArpIgnored},
      {"off link", World::arp(kRequest, kPeerMac, IpAddress::v4(8, 8, 8, 8), kOurs),
       Drop::kArpIgnored},
      {"a broadcast address", World::arp(kRequest, kPeerMac, IpAddress::v4(10, 0, 0, 255), kOurs),
       Drop::kArpIgnored},
      {"probe for another", World::arp(kRequest, kPeerMac, IpAddress::v4(0), other),
       Drop::kArpIgnored},
      {"other hardware", odd, Drop::kArpMalformed},
      {"cut short", Bytes(odd.begin(), odd.begin() + 14 + 27), Drop::kArpMalformed},
  };
  for (const Case& c : cases) {
    const auto before = w.drops(c.drop);
    w.give(c.frame);
    EXPECT_EQ(w.drops(c.drop), before + 1) << c.what;
  }
  w.give(World::arp(kRequest, kPeerMac, kPeer, other));  // for somebody else: makes no entry
  EXPECT_TRUE(w.drain().empty());
  EXPECT_TRUE(w.shard->neighbors().empty());
}

TEST(NeighborService, AProbeForOurAddressIsAnsweredAndTeachesNothing) {
  World w;
  w.give(World::arp(kRequest, kPeerMac, IpAddress::v4(0), kOurs));
  EXPECT_EQ(w.drain().size(), 1u);
  EXPECT_TRUE(w.shard->neighbors().empty());
}

Bytes discovery(Bytes message, const IpAddress& src, const IpAddress& dst,
                std::uint8_t hops = 255) {
  wire::fill_icmpv6_checksum(src, dst, message);
  return World::ip(wire::ip_protocol::kIcmpv6, message, src, dst, hops);
}
Bytes solicit(const IpAddress& target, std::optional<MacAddress> mac, const IpAddress& src,
              const IpAddress& dst, std::uint8_t hops = 255) {
  const wire::NeighborSolicitationSpec spec{.target = target, .source_link_layer = mac};
  Bytes m(spec.size());
  spec.write(m);
  return discovery(std::move(m), src, dst, hops);
}
Bytes advertise(const IpAddress& target, bool solicited, const IpAddress& dst) {
  const wire::NeighborAdvertisementSpec spec{.target = target,
                                             .solicited = solicited,
                                             .override_cache = true,
                                             .target_link_layer = kPeerMac};
  Bytes m(spec.size());
  spec.write(m);
  return discovery(std::move(m), kPeer6, dst);
}

TEST(NeighborService, SolicitationsMustBeValid) {
  World w;
  const IpAddress group = wire::solicited_node_multicast(kOurs6);
  struct Case {
    const char* what;
    Bytes frame;
    std::size_t answers;
    Drop drop = Drop::kIcmpMalformed;
  };
  const Case cases[] = {
      {"proper", solicit(kOurs6, kPeerMac, kPeer6, group), 1},
      {"duplicate detection", solicit(kOurs6, std::nullopt, IpAddress{}, group), 1},
      {"unicast probe of a known peer", solicit(kOurs6, std::nullopt, kPeer6, kOurs6), 1},
      {"through a router", solicit(kOurs6, kPeerMac, kPeer6, group, 254), 0},
      {"detection by unicast", solicit(kOurs6, std::nullopt, IpAddress{}, kOurs6), 0},
      {"detection with a MAC", solicit(kOurs6, kPeerMac, IpAddress{}, group), 0},
      {"for a group", solicit(group, kPeerMac, kPeer6, kOurs6), 0},
      {"for another", solicit(kPeer6, kPeerMac, kPeer6, kOurs6), 0, Drop::kIcmpIgnored},
      {"from afar", solicit(kOurs6, kPeerMac, *IpAddress::parse("2001:db9::2"), kOurs6), 0,
       Drop::kIcmpIgnored},
  };
  for (const Case& c : cases) {
    const auto before = w.drops(c.drop);
    w.give(c.frame);
    EXPECT_EQ(w.drain().size(), c.answers) << c.what;
    EXPECT_EQ(w.drops(c.drop), before + (c.answers == 0 ? 1 : 0)) << c.what;
  }
}

TEST(NeighborService, AdvertisementsReleaseWhoWaits) {
  World w;
  w.give(World::ping(text("who"), kPeer6, kOurs6));
  ASSERT_EQ(w.drain().size(), 1u);                                // the solicitation
  w.give(advertise(kPeer6, true, *IpAddress::parse("ff02::1")));  // solicited, yet to many
  EXPECT_EQ(w.drops(Drop::kIcmpMalformed), 1u);
  EXPECT_TRUE(w.drain().empty());
  w.give(advertise(kPeer6, true, kOurs6));
  const auto sent = w.drain();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(wire::EthernetView::parse(sent[0].bytes)->dst(), kPeerMac);
  // Nobody asked for these: no entries.
  w.give(advertise(*IpAddress::parse("2001:db8::77"), true, kOurs6));
  EXPECT_EQ(w.shard->neighbors().size(), 1u);
}

TEST(NeighborService, OurOwnProbeThatComesBackIsNoConflict) {
  auto config = World::default_config();
  config.address_probes = 1;
  World w(config);
  w.pass(0s);
  Bytes probe = solicit(kOurs6, std::nullopt, IpAddress{}, wire::solicited_node_multicast(kOurs6));
  std::copy(kOurMac.bytes.begin(), kOurMac.bytes.end(), probe.begin() + 6);
  w.give(probe);
  EXPECT_EQ(w.drops(Drop::kIcmpIgnored), 1u);
  std::copy(kPeerMac.bytes.begin(), kPeerMac.bytes.end(), probe.begin() + 6);
  w.give(probe);  // somebody else's
  std::uint32_t conflicts = 0;
  const auto interfaces = w.shard->interfaces();
  for (const AddressInfo& a : interfaces[0].addresses) conflicts += a.conflicts;
  EXPECT_EQ(conflicts, 1u);
}

TEST(NeighborService, AnAdvertisementOfOurAddressIsAConflict) {
  World w;
  w.give(advertise(kOurs6, false, *IpAddress::parse("ff02::1")));
  const auto interfaces = w.shard->interfaces();
  std::uint32_t conflicts = 0;
  for (const AddressInfo& a : interfaces[0].addresses) conflicts += a.conflicts;
  EXPECT_EQ(conflicts, 1u);
  EXPECT_EQ(w.drain().size(), 1u);  // defended
}

}  // namespace
}  // namespace zs::stack
