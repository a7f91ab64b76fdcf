#include "stack/shard.hpp"

#include <gtest/gtest.h>

#include "tcp/engine.hpp"
#include "unit/stack/world.hpp"

namespace zs::stack {
namespace {

using namespace test;

std::span<const std::byte> after_ethernet(const Bytes& f) { return std::span{f}.subspan(14); }

TEST(Shard, AnswersArpAndLearnsTheAsker) {
  World w;
  w.give(World::arp(wire::arp_operation::kRequest, kPeerMac, kPeer, kOurs));
  const auto sent = w.drain();
  ASSERT_EQ(sent.size(), 1u);
  const auto reply = wire::ArpView::parse(after_ethernet(sent[0].bytes));
  ASSERT_TRUE(reply);
  EXPECT_EQ(reply->operation(), wire::arp_operation::kReply);
  EXPECT_EQ(reply->sender_mac(), kOurMac);
  EXPECT_EQ(reply->target_ip(), kPeer);
  ASSERT_EQ(w.shard->neighbors().size(), 1u);
  EXPECT_EQ(w.shard->neighbors()[0].mac, kPeerMac);
}

TEST(Shard, UnsolicitedArpRepliesMakeNoEntries) {
  World w;
  for (std::uint8_t i = 3; i < 250; ++i) {
    w.give(World::arp(wire::arp_operation::kReply, kPeerMac, IpAddress::v4(10, 0, 0, i), kOurs));
  }
  EXPECT_TRUE(w.shard->neighbors().empty());
}

TEST(Shard, AnswersPingWithTheSamePayload) {
  World w;
  w.introduce();
  w.give(World::ping(text("hello, odd")));
  const auto sent = w.drain();
  ASSERT_EQ(sent.size(), 1u);
  const auto ip = wire::Ipv4View::parse(after_ethernet(sent[0].bytes));
  ASSERT_TRUE(ip);
  EXPECT_EQ(ip->dst(), kPeer);
  EXPECT_TRUE(ip->dont_fragment());
  EXPECT_NE(sent[0].flags & RTE_MBUF_F_TX_IP_CKSUM, 0u);
  EXPECT_TRUE(wire::is_icmp_checksum_ok(ip->payload()));
  const auto icmp = wire::IcmpView::parse(ip->payload());
  EXPECT_EQ(icmp->type(), wire::icmp_type::kEchoReply);
  EXPECT_EQ(icmp->sequence(), 9);
  EXPECT_EQ(Bytes(icmp->body().begin(), icmp->body().end()), text("hello, odd"));
}

TEST(Shard, AnswersPingOverSixAfterNeighborDiscovery) {
  World w;
  w.give(World::solicitation(kOurs6));
  auto sent = w.drain();
  ASSERT_EQ(sent.size(), 1u);
  auto ip = wire::Ipv6View::parse(after_ethernet(sent[0].bytes));
  ASSERT_TRUE(ip);
  EXPECT_EQ(ip->hop_limit(), 255);
  const auto na = wire::NeighborAdvertisement::parse(ip->payload());
  ASSERT_TRUE(na);
  EXPECT_EQ(na->target, kOurs6);
  EXPECT_TRUE(na->solicited);
  EXPECT_TRUE(wire::is_icmpv6_checksum_ok(ip->src(), ip->dst(), ip->payload()));

  w.give(World::ping(text("six"), kPeer6, kOurs6));
  sent = w.drain();
  ASSERT_EQ(sent.size(), 1u);
  ip = wire::Ipv6View::parse(after_ethernet(sent[0].bytes));
  ASSERT_TRUE(ip);
  EXPECT_EQ(ip->dst(), kPeer6);
  EXPECT_TRUE(wire::is_icmpv6_checksum_ok(ip->src(), ip->dst(), ip->payload()));
  EXPECT_EQ(wire::Icmpv6View::parse(ip->payload())->type(), wire::icmpv6_type::kEchoReply);
}

TEST(Shard, ReplyWaitsForAnUnknownNeighbor) {
  World w;
  w.give(World::ping(text("who")));
  auto sent = w.drain();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(ether_type(sent[0].bytes), wire::ether_type::kArp);
  w.give(World::arp(wire::arp_operation::kReply, kPeerMac, kPeer, kOurs));
  sent = w.drain();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(ether_type(sent[0].bytes), wire::ether_type::kIpv4);
  EXPECT_EQ(wire::EthernetView::parse(sent[0].bytes)->dst(), kPeerMac);
}

TEST(Shard, SilentNeighborFailsAndGivesItsPacketsBack) {
  World w;
  for (int i = 0; i < 40; ++i) w.give(World::ping(text("x")));
  EXPECT_EQ(w.drops(Drop::kNeighborQueueFull), 24u);
  w.pass(10s);
  EXPECT_EQ(w.heard.size(), 3u);  // three requests in all
  EXPECT_EQ(w.drops(Drop::kNeighborFailed), 16u);
  EXPECT_EQ(w.data->in_use(), 0u);
}

TEST(Shard, BadChecksumsAreDroppedAndCounted) {
  World w;
  w.introduce();
  const auto corrupt = [](Bytes f, std::size_t at) {
    f[at] ^= std::byte{0x55};
    return f;
  };
  w.give(corrupt(World::ping(text("abc")), 14 + 8));  // TTL
  EXPECT_EQ(w.drops(Drop::kIpBadChecksum), 1u);
  w.give(corrupt(World::ping(text("abc")), 14 + 20 + 9));
  EXPECT_EQ(w.drops(Drop::kIcmpBadChecksum), 1u);
  w.give(corrupt(World::udp(7, text("abc")), 14 + 20 + 9));
  EXPECT_EQ(w.drops(Drop::kUdpBadChecksum), 1u);
  w.give(corrupt(World::syn(80), 14 + 20 + 5));
  EXPECT_EQ(w.drops(Drop::kTcpBadChecksum), 1u);
  EXPECT_TRUE(w.drain().empty());
}

TEST(Shard, DeviceVerdictSparesTheSoftwareSum) {
  World w;
  w.introduce();
  Bytes f = World::udp(7, text("abc"));
  f[14 + 20 + 6] ^= std::byte{0xff};
  w.give(f, RTE_MBUF_F_RX_L4_CKSUM_NONE);
  EXPECT_EQ(w.drops(Drop::kUdpNoSocket), 1u);
  w.give(World::udp(7, text("abc")), RTE_MBUF_F_RX_L4_CKSUM_BAD);
  EXPECT_EQ(w.drops(Drop::kUdpBadChecksum), 1u);
}

TEST(Shard, PortUnreachableIsRateLimitedAndNeverForBroadcast) {
  World w;
  w.introduce();
  Bytes broadcast = World::udp(7, text("abc"));
  std::fill_n(broadcast.begin(), 6, std::byte{0xff});
  w.give(broadcast);
  EXPECT_TRUE(w.drain().empty());
  for (int i = 0; i < 100; ++i) w.give(World::udp(7, text("abc")));
  const auto sent = w.drain();
  EXPECT_EQ(sent.size(), 10u);
  EXPECT_EQ(w.drops(Drop::kIcmpRateLimited), 90u);
  const auto ip = wire::Ipv4View::parse(after_ethernet(sent.at(0).bytes));
  const auto icmp = wire::IcmpView::parse(ip->payload());
  EXPECT_EQ(icmp->type(), wire::icmp_type::kUnreachable);
  EXPECT_EQ(icmp->code(), wire::icmp_unreachable::kPort);
  EXPECT_TRUE(wire::is_icmp_checksum_ok(ip->payload()));
}

TEST(Shard, UdpEchoes) {
  for (const bool six : {false, true}) {
    World w;
    w.introduce();
    w.give(World::solicitation(kOurs6));
    w.drain();
    const IpAddress peer = six ? kPeer6 : kPeer;
    auto& udp = w.shard->udp();
    const auto id = *udp.open(IpFamily::kV6, 42);
    ASSERT_TRUE(udp.bind(id, {IpAddress{}, 7}));
    w.give(World::udp(7, text("ping"), peer, six ? kOurs6 : kOurs), 0, 14 + (six ? 48u : 28u) + 1);
    EXPECT_EQ(udp.poll_event(), 42u);
    auto got = udp.receive(id);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->remote, (Endpoint{peer, 5'000}));
    const auto path = w.shard->route_for(peer);
    ASSERT_TRUE(path);
    ASSERT_TRUE(udp.send(id, got->payload, got->remote, {path->source, path->mtu}));
    const auto sent = w.drain();
    ASSERT_EQ(sent.size(), 1u);
    const std::size_t header = six ? 54 : 34;
    EXPECT_EQ(Bytes(sent[0].bytes.begin() + static_cast<long>(header) + 8, sent[0].bytes.end()),
              text("ping"));
    EXPECT_NE(sent[0].flags & RTE_MBUF_F_TX_UDP_CKSUM, 0u);
  }
}

TEST(Shard, SynToAClosedPortIsReset) {
  World w;
  w.introduce();
  w.give(World::syn(81));
  const auto sent = w.drain();
  ASSERT_EQ(sent.size(), 1u);
  const auto ip = wire::Ipv4View::parse(after_ethernet(sent[0].bytes));
  const auto tcp = wire::TcpView::parse(ip->payload());
  EXPECT_NE(tcp->flags() & wire::tcp_flag::kRst, 0);
  EXPECT_EQ(tcp->ack(), 101u);
}

TEST(Shard, MartiansAndForeignersAreDropped) {
  World w;
  w.give(World::ping(text("x"), kOurs, kOurs));
  w.give(World::ping(text("x"), IpAddress::v4(127, 0, 0, 1), kOurs));
  w.give(World::ping(text("x"), IpAddress::v4(224, 0, 0, 9), kOurs));
  w.give(World::ping(text("x"), IpAddress::v4(10, 0, 0, 255), kOurs));
  EXPECT_EQ(w.drops(Drop::kIpBadSource), 4u);
  w.give(World::ping(text("x"), kPeer, IpAddress::v4(10, 0, 0, 77)));
  EXPECT_EQ(w.drops(Drop::kIpNotForUs), 1u);
  EXPECT_TRUE(w.drain().empty());
}

TEST(Shard, LoopbackConnectsThroughUdp) {
  World w;
  auto& udp = w.shard->udp();
  const auto server = *udp.open(IpFamily::kV4, 1);
  const auto client = *udp.open(IpFamily::kV4, 2);
  for (const IpAddress& to : {kOurs, IpAddress::v4(127, 0, 0, 1)}) {
    if (to == kOurs) {
      ASSERT_TRUE(udp.bind(server, {IpAddress::v4(0), 9}));
    }
    const auto path = *w.shard->route_for(to);
    auto chain = *buf::Chain::copy_of(text("self"), *w.data);
    ASSERT_TRUE(udp.send(client, chain, Endpoint{to, 9}, {path.source, path.mtu}));
    EXPECT_TRUE(w.drain().empty());
    EXPECT_LE(w.shard->next_deadline(), w.now);
    w.shard->on_deadline(w.now);
    const auto got = udp.receive(server);
    ASSERT_TRUE(got);
    EXPECT_EQ(got->payload.size(), 4u);
  }
}

TEST(Shard, ConnectToOurselvesCompletes) {
  World w;
  auto& tcp = w.shard->tcp();
  ASSERT_TRUE(tcp.listen({kOurs, 80}, 8, {}, w.now));
  ASSERT_TRUE(tcp.connect({kOurs, 0}, {kOurs, 80}, 1'500, {}, w.now));
  for (int i = 0; i < 8; ++i) {
    EXPECT_TRUE(w.drain().empty());
    w.shard->on_deadline(w.now);
  }
  EXPECT_EQ(tcp.connection_count(), 2u);
  EXPECT_EQ(tcp.half_open_count(), 0u);
}

TEST(Shard, ProbesAnnouncesAndDefendsItsAddress) {
  auto config = World::default_config();
  config.address_probes = 3;
  config.interfaces[0].addresses = {*IpPrefix::parse("10.0.0.1/24")};
  World w(config);
  // Usable at once.
  w.give(World::arp(wire::arp_operation::kRequest, kPeerMac, kPeer, kOurs));
  EXPECT_EQ(w.drain().size(), 1u);
  w.pass(10s);
  EXPECT_EQ(w.heard.size(), 5u);  // three probes, two announcements
  EXPECT_EQ(w.shard->interfaces()[0].addresses[0].state, "preferred");
  for (int i = 0; i < 5; ++i) {
    w.give(World::arp(wire::arp_operation::kRequest, kPeerMac, kOurs, kPeer));
  }
  EXPECT_EQ(w.drain().size(), 1u);  // one defence in ten seconds
  EXPECT_EQ(w.shard->interfaces()[0].addresses[0].conflicts, 5u);
}

TEST(Shard, StepsBackFromADuplicateAndTriesAgain) {
  auto config = World::default_config();
  config.address_probes = 3;
  config.interfaces[0].addresses = {*IpPrefix::parse("10.0.0.1/24")};
  World w(config);
  w.pass(0s);
  w.give(World::arp(wire::arp_operation::kReply, kPeerMac, kOurs, kPeer));
  EXPECT_EQ(w.shard->interfaces()[0].addresses[0].state, "duplicate");
  w.give(World::arp(wire::arp_operation::kRequest, kPeerMac, kPeer, kOurs));
  EXPECT_TRUE(w.drain().empty());
  w.pass(70s);
  EXPECT_EQ(w.shard->interfaces()[0].addresses[0].state, "preferred");
}

TEST(Shard, LinkUpAnnounces) {
  World w;
  w.shard->on_link(0, false, w.now);
  EXPECT_FALSE(w.shard->route_for(kPeer));
  EXPECT_TRUE(w.drain().empty());
  w.shard->on_link(0, true, w.now);
  EXPECT_EQ(w.drain().size(), 3u);  // 10.0.0.1, 2001:db8::1 and the link-local address
}

TEST(Shard, RefusesConfigurationsThatCannotWork) {
  World w;
  const auto refused = [&w](auto change) {
    auto c = World::default_config();
    change(c);
    std::string why;
    const auto made = Shard::create(c, w.pools(), w.now, &why);
    return !made && made.error() == Errc::kInvalid && !why.empty();
  };
  const auto set_address = [](const char* text) {
    return [text](ShardConfig& c) { c.interfaces[0].addresses = {*IpPrefix::parse(text)}; };
  };
  EXPECT_TRUE(refused([](ShardConfig& c) { c.interfaces.clear(); }));
  EXPECT_TRUE(refused(set_address("10.0.0.0/24")));
  EXPECT_TRUE(refused(set_address("10.0.0.255/24")));
  EXPECT_TRUE(refused(set_address("127.0.0.1/8")));
  EXPECT_TRUE(refused(set_address("ff02::1/64")));
  EXPECT_TRUE(refused(
      [](ShardConfig& c) { c.interfaces[0].addresses.push_back(c.interfaces[0].addresses[0]); }));
  EXPECT_TRUE(refused([](ShardConfig& c) {
    c.routes.push_back({*IpPrefix::parse("0.0.0.0/0"), IpAddress::v4(10, 9, 9, 9), 0});
  }));
}

TEST(Shard, RoutesChangeAtRunTime) {
  World w;
  const IpAddress far = IpAddress::v4(8, 8, 8, 8);
  const RouteConfig route{*IpPrefix::parse("0.0.0.0/0"), kPeer, 0};
  EXPECT_EQ(w.shard->route_for(far).error(), Errc::kNoRoute);
  ASSERT_TRUE(w.shard->add_route(route));
  EXPECT_EQ(w.shard->add_route(route).error(), Errc::kAlready);
  const auto path = w.shard->route_for(far);
  ASSERT_TRUE(path);
  EXPECT_EQ(path->source, kOurs);
  ASSERT_TRUE(w.shard->remove_route(route));
  EXPECT_FALSE(w.shard->route_for(far));
}

std::vector<Bytes> every_kind() {
  return {World::arp(wire::arp_operation::kRequest, kPeerMac, kPeer, kOurs),
          World::ping(text("payload")),
          World::ping(text("payload"), kPeer6, kOurs6),
          World::solicitation(kOurs6),
          World::udp(7, text("payload")),
          World::udp(7, text("payload"), kPeer6, kOurs6),
          World::syn(80),
          World::syn(80, kPeer6, kOurs6)};
}

TEST(Shard, SurvivesEveryTruncationEveryFlipAndEverySplit) {
  World w;
  ASSERT_TRUE(w.shard->tcp().listen({IpAddress{}, 80}, 8, {}, w.now));
  for (const Bytes& frame : every_kind()) {
    for (std::size_t n = 1; n < frame.size(); ++n) {
      w.give(Bytes(frame.begin(), frame.begin() + static_cast<long>(n)));
      w.give(frame, 0, n);
    }
    for (std::size_t at = 0; at < frame.size(); ++at) {
      for (const std::byte flip : {std::byte{0x01}, std::byte{0x80}, std::byte{0xff}}) {
        Bytes f = frame;
        f[at] ^= flip;
        w.give(f);
        w.give(f, RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD);
      }
    }
    w.drain();
  }
  w.pass(600s);
  EXPECT_EQ(w.data->in_use(), 0u);
  EXPECT_EQ(w.indirect->in_use(), 0u);
}

TEST(Shard, SurvivesAnEmptyPool) {
  World w;
  w.introduce();
  const Bytes in[] = {World::ping(text("x")), World::udp(7, text("x")), World::syn(81),
                      World::solicitation(kOurs6)};
  for (std::uint32_t left = 0; left < 4; ++left) {
    for (const Bytes& frame : in) {
      auto m = *buf::Mbuf::copy_of(frame, *w.data);
      rte_mbuf* raw = std::move(m).release();
      w.data->fail_after_for_test(left);
      w.shard->on_burst(0, {&raw, 1}, w.now);
      w.drain();
      w.data->fail_after_for_test(UINT32_MAX);
    }
  }
  EXPECT_GT(w.drops(Drop::kNoBuffers), 0u);
  w.pass(60s);
  EXPECT_EQ(w.data->in_use(), 0u);
}

}  // namespace
}  // namespace zs::stack
