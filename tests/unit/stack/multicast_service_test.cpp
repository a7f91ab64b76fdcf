#include "stack/multicast_service.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "unit/stack/world.hpp"
#include "wire/igmp.hpp"
#include "wire/mld.hpp"

namespace zs::stack {
namespace {

using namespace test;

const IpAddress kGroup = IpAddress::v4(239, 1, 2, 3);
const IpAddress kSixGroup = *IpAddress::parse("ff05::7");
const IpAddress kPeerLink = *IpAddress::parse("fe80::2");

/// A message to a group and what carried it.
struct Told {
  IpAddress src, dst;
  std::uint8_t hops = 0;
  Bytes message;
};
std::optional<Told> told(const World::Sent& s) {
  const auto l3 = std::span{s.bytes}.subspan(14);
  if (ether_type(s.bytes) == wire::ether_type::kIpv4) {
    const auto ip = wire::Ipv4View::parse(l3);
    if (!ip || ip->protocol() != wire::ip_protocol::kIgmp) return std::nullopt;
    EXPECT_TRUE(ip->is_checksum_ok());
    EXPECT_EQ(ip->options().size(), 4u);  // router alert
    const auto m = ip->payload();
    EXPECT_EQ(wire::checksum_finish(wire::checksum_add(m)), 0);
    return Told{ip->src(), ip->dst(), ip->ttl(), Bytes(m.begin(), m.end())};
  }
  const auto ip = wire::Ipv6View::parse(l3);
  if (!ip || ip->next_header() != wire::ip_protocol::kHopByHop) return std::nullopt;
  const auto m = ip->payload().subspan(8);
  EXPECT_TRUE(wire::is_icmpv6_checksum_ok(ip->src(), ip->dst(), m));
  return Told{ip->src(), ip->dst(), ip->hop_limit(), Bytes(m.begin(), m.end())};
}
std::vector<Told> all_told(World& w, Duration time) {
  w.heard.clear();
  w.pass(time);
  std::vector<Told> out;
  for (const auto& s : w.heard) {
    if (auto t = told(s)) {
      EXPECT_EQ(wire::EthernetView::parse(s.bytes)->dst(), wire::multicast_mac(t->dst));
      out.push_back(std::move(*t));
    }
  }
  return out;
}

Bytes igmp_query(std::size_t size, std::uint8_t code, const IpAddress& group,
                 std::uint8_t ttl = 1) {
  Bytes m(size);
  m[0] = std::byte{wire::igmp_type::kQuery};
  m[1] = std::byte{code};
  store_be(&m[4], group.v4_value());
  store_be(&m[2], wire::checksum_finish(wire::checksum_add(m)));
  const IpAddress to = group.is_unspecified() ? IpAddress::v4(224, 0, 0, 1) : group;
  return World::ip(wire::ip_protocol::kIgmp, m, kPeer, to, ttl);
}
Bytes mld_query(std::size_t size, std::uint16_t code, const IpAddress& group,
                const IpAddress& src = kPeerLink) {
  const IpAddress to = group.is_unspecified() ? *IpAddress::parse("ff02::1") : group;
  Bytes m(size);
  m[0] = std::byte{wire::mld_type::kQuery};
  store_be(&m[4], code);
  std::copy(group.bytes().begin(), group.bytes().end(), m.begin() + 8);
  wire::fill_icmpv6_checksum(src, to, m);
  Bytes alert{std::byte{58}, {}, std::byte{5}, std::byte{2}, {}, {}, std::byte{1}, {}};
  alert.insert(alert.end(), m.begin(), m.end());
  return World::ip(0, alert, src, to, 1);
}

TEST(MulticastService, JoinsAndLeavesAreTold) {
  World w;
  ASSERT_TRUE(w.shard->join_group(0, kGroup));
  ASSERT_TRUE(w.shard->join_group(0, kSixGroup));
  auto heard = all_told(w, 3s);
  ASSERT_EQ(heard.size(), 4u);  // each twice
  std::sort(heard.begin(), heard.end(), [](const Told& a, const Told& b) { return a.src < b.src; });
  const Told& four = heard[0].src.is_v4() ? heard[0] : heard[2];
  const Told& six = heard[0].src.is_v4() ? heard[2] : heard[0];
  EXPECT_EQ(four.dst, IpAddress::v4(224, 0, 0, 22));
  EXPECT_EQ(four.src, kOurs);
  EXPECT_EQ(four.hops, 1);
  EXPECT_EQ(four.message[0], std::byte{0x22});
  EXPECT_EQ(four.message[8], std::byte{4});  // CHANGE_TO_EXCLUDE_MODE
  EXPECT_EQ(six.dst, *IpAddress::parse("ff02::16"));
  EXPECT_TRUE(six.src.is_link_local());
  EXPECT_EQ(six.hops, 1);
  EXPECT_EQ(six.message[0], std::byte{143});
  EXPECT_EQ(six.message[8], std::byte{4});
  ASSERT_TRUE(w.shard->leave_group(0, kGroup));
  heard = all_told(w, 3s);
  ASSERT_EQ(heard.size(), 2u);
  EXPECT_EQ(heard[0].message[8], std::byte{3});  // CHANGE_TO_INCLUDE_MODE
  EXPECT_EQ(w.shard->join_group(7, kGroup).error(), Errc::kNoDevice);
}

TEST(MulticastService, QueriesAreAnswered) {
  World w;
  ASSERT_TRUE(w.shard->join_group(0, kGroup));
  ASSERT_TRUE(w.shard->join_group(0, kSixGroup));
  all_told(w, 3s);
  w.give(igmp_query(12, 10, IpAddress::any(IpFamily::kV4)));
  auto heard = all_told(w, 1s);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].message[8], std::byte{2});  // MODE_IS_EXCLUDE
  w.give(mld_query(28, 1'000, {}));
  heard = all_told(w, 1s);
  ASSERT_EQ(heard.size(), 1u);
  EXPECT_EQ(heard[0].message[8], std::byte{2});
  w.give(mld_query(28, 1'000, kSixGroup));
  EXPECT_EQ(all_told(w, 1s).size(), 1u);
}

TEST(MulticastService, OldQueriersAreSpokenToInTheirLanguage) {
  World w;
  ASSERT_TRUE(w.shard->join_group(0, kGroup));
  ASSERT_TRUE(w.shard->join_group(0, kSixGroup));
  all_told(w, 3s);
  w.give(igmp_query(8, 10, IpAddress::any(IpFamily::kV4)));
  w.give(mld_query(24, 1'000, {}));
  auto heard = all_told(w, 1s);
  ASSERT_EQ(heard.size(), 2u);
  for (const Told& t : heard) {
    EXPECT_EQ(t.dst, t.dst.is_v4() ? kGroup : kSixGroup);
    EXPECT_EQ(t.message[0],
              std::byte{t.dst.is_v4() ? wire::igmp_type::kReportV2 : wire::mld_type::kReportV1});
  }
  ASSERT_TRUE(w.shard->leave_group(0, kGroup));
  ASSERT_TRUE(w.shard->leave_group(0, kSixGroup));
  heard = all_told(w, 0s);
  ASSERT_EQ(heard.size(), 2u);
  for (const Told& t : heard) {
    EXPECT_EQ(t.dst, t.dst.is_v4() ? IpAddress::v4(224, 0, 0, 2) : *IpAddress::parse("ff02::2"));
    EXPECT_EQ(t.message[0],
              std::byte{t.dst.is_v4() ? wire::igmp_type::kLeaveV2 : wire::mld_type::kDoneV1});
  }
}

TEST(MulticastService, WhatIsNotFromTheLinkIsRefused) {
  World w;
  ASSERT_TRUE(w.shard->join_group(0, kGroup));
  ASSERT_TRUE(w.shard->join_group(0, kSixGroup));
  all_told(w, 3s);
  w.give(igmp_query(12, 10, IpAddress::any(IpFamily::kV4), 2));
  Bytes damaged = igmp_query(12, 10, IpAddress::any(IpFamily::kV4));
  damaged.back() ^= std::byte{1};
  w.give(damaged);
  w.give(igmp_query(12, 10, kPeer));
  w.give(mld_query(28, 1'000, {}, kPeer6));
  EXPECT_TRUE(all_told(w, 1s).empty());
  EXPECT_EQ(w.drops(Drop::kIgmpMalformed), 2u);
  EXPECT_EQ(w.drops(Drop::kIcmpMalformed), 1u);
}

TEST(MulticastService, OurOwnSolicitedGroupsAreTold) {
  auto c = World::default_config();
  c.address_probes = 1;
  World w(c);
  const auto heard = all_told(w, 5s);
  // 2001:db8::1 and the link-local address end alike, so that they share one group.
  EXPECT_EQ(std::count_if(heard.begin(), heard.end(),
                          [](const Told& t) { return t.message[0] == std::byte{143}; }),
            2);
}

/// Sockets bound to port 7, each taking what comes.
struct Listeners : World {
  udp::SocketId open(const IpAddress& at, bool reuse = true) {
    const auto id = *shard->udp().open(at.family(), 1);
    shard->udp().options(id)->reuse_address = reuse;
    EXPECT_TRUE(shard->udp().bind(id, {at, 7}));
    return id;
  }
  std::size_t waiting(udp::SocketId id) {
    std::size_t n = 0;
    while (auto d = shard->udp().receive(id)) {
      EXPECT_EQ(d->payload.size(), 5u);
      ++n;
    }
    return n;
  }
};

TEST(MulticastService, EverySocketOfThePortGetsACopy) {
  Listeners w;
  const auto a = w.open(IpAddress::any(IpFamily::kV4));
  const auto b = w.open(IpAddress::any(IpFamily::kV4));
  const auto to_group = w.open(kGroup);
  const auto ours = w.open(kOurs);
  const auto dual = w.open(IpAddress{});
  const Bytes to_all = World::udp(7, text("hello"), kPeer, kGroup);
  w.give(to_all);  // nobody has joined
  EXPECT_EQ(w.drops(Drop::kIpNotForUs), 1u);
  ASSERT_TRUE(w.shard->join_group(0, kGroup));
  const auto copies = w.data->in_use();
  w.give(to_all);
  EXPECT_EQ(w.data->in_use(), copies + 1);  // one buffer for all of them
  EXPECT_EQ(w.waiting(a), 1u);
  EXPECT_EQ(w.waiting(b), 1u);
  EXPECT_EQ(w.waiting(to_group), 1u);
  EXPECT_EQ(w.waiting(dual), 1u);
  EXPECT_EQ(w.waiting(ours), 0u);
  w.give(World::udp(7, text("hello"), kPeer, IpAddress::v4(10, 0, 0, 255)));
  EXPECT_EQ(w.waiting(a) + w.waiting(b) + w.waiting(dual), 3u);
  EXPECT_EQ(w.waiting(to_group) + w.waiting(ours), 0u);
  ASSERT_TRUE(w.shard->leave_group(0, kGroup));
  w.give(to_all);
  EXPECT_EQ(w.waiting(a), 0u);
  w.give(World::udp(9, text("hello"), kPeer, IpAddress::v4(10, 0, 0, 255)));  // silence, no error
  EXPECT_EQ(w.drops(Drop::kUdpNoSocket), 1u);
}

TEST(MulticastService, WhatWeSendComesToOurOwnMembers) {
  Listeners w;
  const auto member = w.open(IpAddress::any(IpFamily::kV4));
  const auto sender = *w.shard->udp().open(IpFamily::kV4, 2);
  const auto send = [&](const Bytes& body) {
    const auto path = *w.shard->route_for(kGroup);
    auto chain = *buf::Chain::copy_of(body, *w.data);
    EXPECT_TRUE(w.shard->udp().send(sender, chain, Endpoint{kGroup, 7}, {path.source, path.mtu}));
    auto sent = w.drain();
    w.shard->on_deadline(w.now);
    return sent;
  };
  auto sent = send(text("hello"));
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(wire::EthernetView::parse(sent[0].bytes)->dst(), wire::multicast_mac(kGroup));
  EXPECT_EQ(wire::Ipv4View::parse(std::span{sent[0].bytes}.subspan(14))->ttl(), 1);
  EXPECT_EQ(w.waiting(member), 0u);
  ASSERT_TRUE(w.shard->join_group(0, kGroup));
  w.shard->udp().options(sender)->group_hops = 9;
  sent = send(text("hello"));
  EXPECT_EQ(wire::Ipv4View::parse(std::span{sent.back().bytes}.subspan(14))->ttl(), 9);
  EXPECT_EQ(w.waiting(member), 1u);
  w.shard->udp().options(sender)->group_loop = false;
  send(text("hello"));
  EXPECT_EQ(w.waiting(member), 0u);
  // In fragments too.
  w.shard->udp().options(sender)->group_loop = true;
  w.drain();
  EXPECT_EQ(send(Bytes(4'000)).size(), 3u);
  const auto whole = w.shard->udp().receive(member);
  ASSERT_TRUE(whole);
  EXPECT_EQ(whole->payload.size(), 4'000u);
}

}  // namespace
}  // namespace zs::stack
