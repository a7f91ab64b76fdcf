#include "stack/rx_pipeline.hpp"

#include <gtest/gtest.h>

#include "unit/stack/world.hpp"
#include "wire/vlan.hpp"

namespace zs::stack {
namespace {

using namespace test;

Bytes tagged(const Bytes& frame, std::uint16_t id, std::uint16_t type = wire::ether_type::kVlan) {
  Bytes tag(4);
  wire::VlanSpec{.id = id, .priority = 5, .ether_type = ether_type(frame)}.write(tag);
  Bytes f(frame.begin(), frame.begin() + 12);
  f.resize(14);
  store_be(&f[12], type);
  f.insert(f.end(), tag.begin(), tag.end());
  f.insert(f.end(), frame.begin() + 14, frame.end());
  return f;
}

TEST(RxPipeline, PriorityTagsAreReadAndVlansDropped) {
  World w;
  w.introduce();
  const Bytes ping = World::ping(text("x"));
  w.give(tagged(ping, 0));
  EXPECT_EQ(w.drain().size(), 1u);
  for (std::size_t split = 1; split < 40; ++split) {
    w.give(tagged(ping, 0), 0, split);
    EXPECT_EQ(w.drain().size(), 1u) << split;
  }
  w.give(tagged(ping, 7));
  EXPECT_EQ(w.drops(Drop::kVlanUnknown), 1u);
  w.give(tagged(tagged(ping, 0), 0));  // a tag in a tag is nobody's
  EXPECT_EQ(w.drops(Drop::kEthUnknownType), 1u);
  Bytes cut = tagged(ping, 0);
  cut.resize(17);
  w.give(cut);
  EXPECT_EQ(w.drops(Drop::kEthTruncated), 1u);
  EXPECT_TRUE(w.drain().empty());
}

TEST(RxPipeline, TagsThatTheDeviceStrippedCountTheSame) {
  World w;
  w.introduce();
  for (const int control : {0x0000, 0xa000, 0x0007, 0xafff}) {
    auto m = *buf::Mbuf::copy_of(World::ping(text("x")), *w.data);
    m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
    m->vlan_tci = static_cast<std::uint16_t>(control);
    rte_mbuf* raw = std::move(m).release();
    w.shard->on_burst(0, {&raw, 1}, w.now);
    EXPECT_EQ(w.drain().size(), (control & 0xfff) == 0 ? 1u : 0u) << control;
  }
  EXPECT_EQ(w.drops(Drop::kVlanUnknown), 2u);
}

TEST(RxPipeline, FramesForOthersAreCountedByReason) {
  World w;
  struct Case {
    const char* what;
    Bytes frame;
    Drop drop;
  };
  Bytes other = World::ping(text("x"));
  other[5] = std::byte{9};
  Bytes padding = World::ping(text("x"));
  padding.resize(14);
  const Case cases[] = {
      {"runt", Bytes(13), Drop::kEthTruncated},
      {"another station", other, Drop::kEthNotForUs},
      {"unknown type", World::ethernet(kOurMac, 0x88cc, Bytes(46)), Drop::kEthUnknownType},
      {"802.3 length", World::ethernet(kOurMac, 46, Bytes(46)), Drop::kEthUnknownType},
      {"no packet", padding, Drop::kIpMalformed},
      {"another host", World::ping(text("x"), kPeer, IpAddress::v4(10, 0, 0, 9)),
       Drop::kIpNotForUs},
      {"from nobody", World::udp(7, text("x"), IpAddress::v4(0), kOurs), Drop::kIpBadSource},
      {"from nobody, IPv6", World::udp(7, text("x"), IpAddress{}, kOurs6), Drop::kIpBadSource},
      {"TCP to many", World::syn(80, kPeer, IpAddress::v4(10, 0, 0, 255)), Drop::kIpNotForUs},
      {"no such protocol", World::ip(200, Bytes(8)), Drop::kIpNoProtocol},
  };
  for (const Case& c : cases) {
    const auto before = w.drops(c.drop);
    w.give(c.frame);
    EXPECT_EQ(w.drops(c.drop), before + 1) << c.what;
  }
}

TEST(RxPipeline, LinkPaddingIsNotPayload) {
  World w;
  auto& udp = w.shard->udp();
  const auto id = *udp.open(IpFamily::kV4, 1);
  ASSERT_TRUE(udp.bind(id, {IpAddress::v4(0), 7}));
  Bytes frame = World::udp(7, text("x"));
  frame.resize(60, std::byte{0xee});
  w.give(frame);
  const auto got = udp.receive(id);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->payload.size(), 1u);
}

TEST(RxPipeline, HeadersSpreadOverSegmentsAreRead) {
  World w;
  w.introduce();
  w.give(World::solicitation(kOurs6));
  w.drain();
  for (const bool six : {false, true}) {
    const Bytes ping =
        six ? World::ping(text("payload"), kPeer6, kOurs6) : World::ping(text("payload"));
    for (std::size_t split = 1; split < ping.size(); ++split) {
      w.give(ping, 0, split);
      EXPECT_EQ(w.drain().size(), 1u) << split;
    }
  }
}

TEST(RxPipeline, BadOptionsAreAnsweredWithAParameterProblem) {
  World w;
  w.give(World::solicitation(kOurs6));
  w.drain();
  // Destination options with an unknown one that asks for a report (RFC 8200 §4.2).
  const Bytes body{std::byte{17}, {}, std::byte{0xc0}, std::byte{4}, {}, {}, {}, {}};
  w.give(World::ip(60, body, kPeer6, kOurs6));
  const auto sent = w.drain();
  ASSERT_EQ(sent.size(), 1u);
  const auto ip = wire::Ipv6View::parse(std::span{sent[0].bytes}.subspan(14));
  ASSERT_TRUE(ip);
  const auto icmp = wire::Icmpv6View::parse(ip->payload());
  EXPECT_EQ(icmp->type(), wire::icmpv6_type::kParameterProblem);
  EXPECT_EQ(icmp->code(), wire::icmpv6_parameter::kOption);
  EXPECT_EQ(icmp->pointer(), 42u);
  // Not to many, for this kind of option.
  w.give(World::ip(60, body, kPeer6, *IpAddress::parse("ff02::1")));
  EXPECT_TRUE(w.drain().empty());
}

}  // namespace
}  // namespace zs::stack
