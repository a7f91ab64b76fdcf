#include "stack/egress.hpp"

#include <gtest/gtest.h>

#include "unit/stack/tcp_peer.hpp"

namespace zs::stack {
namespace {

using namespace test;

/// The rooms that a packet passes on its way out.
struct EgressWorld : World {
  EgressWorld() { core.neighbors.find_or_start(0, kPeer, now); }
  /// The peer's MAC is known.
  void meet() {
    core.neighbors.on_message(0, kPeer, kPeerMac, neigh::Evidence::kConfirmation,
                              neigh::Override::kYes, neigh::Unknown::kLearn, now);
  }
  std::optional<Frame> udp(const IpAddress& to, std::size_t bytes = 20) {
    udp::OutPacket out;
    out.packet = *buf::Mbuf::copy_of(Bytes(bytes), *data);
    out.local = to.is_v4() ? kOurs : kOurs6;
    out.remote = to;
    return egress.frame(std::move(out));
  }
  std::optional<Frame> tcp(const IpAddress& to, EgressHint* hint, std::uint16_t tso = 0) {
    tcp::OutPacket out;
    out.packet = *buf::Mbuf::copy_of(Bytes(100), *data);
    // As a received buffer would be on its way back.
    out.packet->ol_flags |= RTE_MBUF_F_RX_LRO | RTE_MBUF_F_RX_L4_CKSUM_BAD;
    out.own_flow = {{kOurs, 80}, {to, 4'000}};
    out.flow = &out.own_flow;
    out.header_bytes = 32;
    out.tso_segment = tso;
    out.hint = hint;
    Frame made;
    if (!egress.frame(out, made.interface)) {
      EXPECT_FALSE(out.packet);  // it went elsewhere
      return std::nullopt;
    }
    made.packet = std::move(out.packet);
    return made;
  }
  static MacAddress dst(const Frame& f) {
    return wire::EthernetView::parse(f.packet.first())->dst();
  }
  Core core{default_config(), pools(), now};
  Egress egress{core};
};

TEST(Egress, FramesAskForTheirOffloads) {
  EgressWorld w;
  w.meet();
  EgressHint hint;
  const auto f = w.tcp(kPeer, &hint, 48);
  ASSERT_TRUE(f);
  EXPECT_EQ(w.dst(*f), kPeerMac);
  EXPECT_EQ(wire::EthernetView::parse(f->packet.first())->src(), kOurMac);
  EXPECT_EQ(f->packet->l2_len, 14);
  EXPECT_EQ(f->packet->l3_len, 20);
  EXPECT_EQ(f->packet->l4_len, 32);
  EXPECT_EQ(f->packet->tso_segsz, 48);
  EXPECT_EQ(f->packet->ol_flags, RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM |
                                     RTE_MBUF_F_TX_TCP_CKSUM | RTE_MBUF_F_TX_TCP_SEG);
  EXPECT_NE(hint.generation, 0u);
}

TEST(Egress, TellsTheNetworkWhatMayBeMarked) {
  EgressWorld w;
  w.meet();
  for (const auto ecn : {wire::EcnField::kNotEct, wire::EcnField::kEct0}) {
    tcp::OutPacket out;
    out.packet = *buf::Mbuf::copy_of(Bytes(100), *w.data);
    out.own_flow = {{kOurs, 80}, {kPeer, 4'000}};
    out.flow = &out.own_flow;
    out.header_bytes = 32;
    out.ecn = ecn;
    std::uint16_t interface = 0;
    ASSERT_TRUE(w.egress.frame(out, interface));
    const auto ip = wire::Ipv4View::parse(out.packet.first().subspan(14));
    ASSERT_TRUE(ip);
    EXPECT_EQ(ip->ecn(), static_cast<std::uint8_t>(ecn));
    EXPECT_EQ(ip->tos() >> 2, 0);
  }
}

TEST(Egress, HintsAreRefreshedWhenRoutesChange) {
  EgressWorld w;
  w.meet();
  EgressHint hint;
  ASSERT_TRUE(w.tcp(kPeer, &hint));
  const auto before = hint.generation;
  ASSERT_TRUE(w.core.routes.add({*IpPrefix::parse("0.0.0.0/0"), kPeer, 0}));
  ASSERT_TRUE(w.tcp(kPeer, &hint));
  EXPECT_NE(hint.generation, before);
  EXPECT_TRUE(w.tcp(kPeer, nullptr));
}

TEST(Egress, WhatCannotLeaveIsCounted) {
  EgressWorld w;
  w.meet();
  EXPECT_FALSE(w.udp(IpAddress::v4(8, 8, 8, 8)));
  EXPECT_EQ(w.core.drops[Drop::kIpNoRoute], 1u);
  EXPECT_FALSE(w.udp(kPeer, 65'516));
  EXPECT_EQ(w.core.drops[Drop::kIpTooBig], 1u);
  EXPECT_FALSE(w.udp(kPeer6));  // waits for its neighbour
  EXPECT_EQ(w.core.neighbors.waiting_packets(), 1u);
}

TEST(Egress, GroupsAndBroadcastNeedNoNeighbor) {
  EgressWorld w;
  for (const IpAddress& to : {IpAddress::v4(10, 0, 0, 255), IpAddress::v4(0xffff'ffff)}) {
    const auto f = w.udp(to);
    ASSERT_TRUE(f);
    EXPECT_EQ(w.dst(*f), MacAddress::broadcast());
  }
  for (const IpAddress& to : {IpAddress::v4(224, 0, 0, 9), *IpAddress::parse("ff02::1")}) {
    const auto f = w.udp(to);
    ASSERT_TRUE(f);
    EXPECT_EQ(w.dst(*f), wire::multicast_mac(to));
  }
}

TEST(Egress, OurOwnAddressesLoopBackAsReceivedPackets) {
  EgressWorld w;
  for (const IpAddress& to : {kOurs, IpAddress::v4(127, 0, 0, 1)}) {
    EXPECT_FALSE(w.tcp(to, nullptr, 48));
    ASSERT_EQ(w.core.loopback.size(), 1u);
    const buf::Mbuf m = w.core.loopback.pop();
    EXPECT_TRUE(wire::Ipv4View::parse(m.first()));
    EXPECT_NE(m->ol_flags & RTE_MBUF_F_RX_LRO, 0u);
    EXPECT_EQ(m->tso_segsz, 48);
    EXPECT_EQ(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_NONE);
  }
  for (std::size_t i = 0; i <= Core::kLoopbackPackets; ++i) EXPECT_FALSE(w.udp(kOurs));
  EXPECT_GE(w.core.drops[Drop::kTxQueueFull] + w.core.drops[Drop::kNoBuffers], 1u);
}

}  // namespace
}  // namespace zs::stack
