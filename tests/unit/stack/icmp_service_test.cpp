#include "stack/icmp_service.hpp"

#include <gtest/gtest.h>

#include "unit/stack/tcp_peer.hpp"

namespace zs::stack {
namespace {

using namespace test;
using wire::IcmpSpec;
using wire::Icmpv6Spec;

/// A world that knows the peer's MAC in both families.
struct IcmpWorld : World {
  IcmpWorld() {
    introduce();
    give(solicitation(kOurs6));
    drain();
  }
};

TEST(IcmpService, UnreachableAnswersTheSyn) {
  for (const bool six : {false, true}) {
    for (const bool port : {false, true}) {
      IcmpWorld w;
      TcpPeer peer(w, six ? kPeer6 : kPeer, six ? kOurs6 : kOurs);
      auto* const c = peer.start_connect();
      ASSERT_NE(c, nullptr);
      ASSERT_FALSE(peer.syn.empty());
      if (six) {
        w.give(peer.error(Icmpv6Spec::unreachable(port ? 4 : 3), peer.syn));
      } else {
        w.give(peer.error(IcmpSpec::unreachable(port ? 3 : 1), peer.syn));
      }
      EXPECT_EQ(c->error(), port ? Errc::kConnRefused : Errc::kHostUnreachable);
      EXPECT_EQ(c->state(), tcp::State::kClosed);
      w.shard->tcp().release(*c, w.now);
      w.drain();
    }
  }
}

TEST(IcmpService, ForgedErrorsEndNothing) {
  IcmpWorld w;
  TcpPeer peer(w);
  auto* const c = peer.start_connect();
  Bytes guess = peer.syn;
  guess[14 + 20 + 4] ^= std::byte{0x40};  // a sequence number that is not in flight
  w.give(peer.error(IcmpSpec::unreachable(3), guess));
  Bytes foreign = peer.syn;
  foreign[14 + 12 + 3] ^= std::byte{0x40};  // sent by somebody else
  w.give(peer.error(IcmpSpec::unreachable(3), foreign));
  EXPECT_EQ(c->error(), Errc{});
  EXPECT_EQ(c->state(), tcp::State::kSynSent);
  EXPECT_EQ(w.drops(Drop::kIcmpIgnored), 1u);
  w.shard->tcp().release(*c, w.now);
  w.drain();
}

TEST(IcmpService, AnEstablishedConnectionOutlivesUnreachables) {
  IcmpWorld w;
  TcpPeer peer(w);
  auto* const c = peer.accept_connect();
  ASSERT_EQ(c->state(), tcp::State::kEstablished);
  ASSERT_TRUE(c->write_copy(text("data")));
  const auto sent = w.drain();
  ASSERT_EQ(sent.size(), 1u);
  w.give(peer.error(IcmpSpec::unreachable(3), sent[0].bytes));
  w.give(peer.error(IcmpSpec::unreachable(1), sent[0].bytes));
  EXPECT_EQ(c->error(), Errc{});
  EXPECT_EQ(c->state(), tcp::State::kEstablished);
  c->abort();
  w.shard->tcp().release(*c, w.now);
  w.drain();
}

TEST(IcmpService, PacketTooBigMakesSmallerSegments) {
  struct Case {
    bool six;
    std::uint32_t told;
    std::size_t most;  ///< payload bytes a segment afterwards
  };
  for (const Case& c :
       {Case{false, 1'400, 1'360}, Case{false, 0, 552 - 40}, Case{false, 68, 552 - 40},
        Case{false, 9'000, 1'460}, Case{true, 1'400, 1'340}, Case{true, 0, 1'220},
        Case{true, 200'000, 1'440}}) {
    IcmpWorld w;
    TcpPeer peer(w, c.six ? kPeer6 : kPeer, c.six ? kOurs6 : kOurs);
    auto* const connection = peer.accept_connect();
    ASSERT_NE(connection, nullptr);
    const Bytes much(2'000, std::byte{'m'});
    ASSERT_TRUE(connection->write_copy(much));
    const auto sent = w.drain();
    ASSERT_FALSE(sent.empty());
    if (c.six) {
      w.give(peer.error(Icmpv6Spec::packet_too_big(c.told), sent[0].bytes));
    } else {
      w.give(peer.error(IcmpSpec::fragmentation_needed(static_cast<std::uint16_t>(c.told)),
                        sent[0].bytes));
    }
    w.pass(2s);
    std::size_t largest = 0;
    for (const auto& s : w.heard) {
      if (const auto t = sent_tcp(s.bytes)) {
        const bool tso = (s.flags & RTE_MBUF_F_TX_TCP_SEG) != 0;
        largest = std::max<std::size_t>(largest, tso ? s.tso_segment : t->payload);
      }
    }
    EXPECT_LE(largest, c.most) << c.told;
    EXPECT_GT(largest, c.most / 2) << c.told;
    connection->abort();
    w.shard->tcp().release(*connection, w.now);
    w.drain();
  }
}

TEST(IcmpService, PacketTooBigIsRememberedForDatagrams) {
  IcmpWorld w;
  auto& udp = w.shard->udp();
  const auto id = *udp.open(IpFamily::kV4, 1);
  const auto path = *w.shard->route_for(kPeer);
  auto chain = *buf::Chain::copy_of(Bytes(1'400), *w.data);
  ASSERT_TRUE(udp.send(id, chain, Endpoint{kPeer, 9}, {path.source, path.mtu}));
  const auto sent = w.drain();
  ASSERT_EQ(sent.size(), 1u);
  w.give(TcpPeer(w).error(IcmpSpec::fragmentation_needed(1'300), sent[0].bytes));
  EXPECT_EQ(w.shard->route_for(kPeer)->mtu, 1'300);
  w.pass(11min);
  EXPECT_EQ(w.shard->route_for(kPeer)->mtu, 1'500);
}

TEST(IcmpService, AFailedNeighborAnswersTheConnect) {
  for (const bool six : {false, true}) {
    World w;  // where nobody knows the peer
    TcpPeer peer(w, six ? kPeer6 : kPeer, six ? kOurs6 : kOurs);
    auto* const c = peer.start_connect();
    w.pass(10s);
    EXPECT_EQ(c->error(), Errc::kHostUnreachable);
    w.shard->tcp().release(*c, w.now);
    w.drain();
    EXPECT_EQ(w.data->in_use(), 0u);
  }
}

TEST(IcmpService, PingsAreAnsweredButNotToMany) {
  IcmpWorld w;
  w.give(World::ping(text("x"), kPeer, IpAddress::v4(10, 0, 0, 255)));
  w.give(World::ping(text("x"), kPeer, IpAddress::v4(224, 0, 0, 1)));
  EXPECT_TRUE(w.drain().empty());
  EXPECT_EQ(w.drops(Drop::kIcmpIgnored), 2u);
  // IPv6 answers those to a group, from an address of its own (RFC 4443 §4.2).
  w.give(World::ping(text("x"), kPeer6, *IpAddress::parse("ff02::1")));
  const auto sent = w.drain();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(wire::Ipv6View::parse(std::span{sent[0].bytes}.subspan(14))->src(), kOurs6);
}

TEST(IcmpService, UnknownProtocolsAreToldSo) {
  IcmpWorld w;
  w.give(World::ip(132, Bytes(16)));
  w.give(World::ip(132, Bytes(16), kPeer6, kOurs6));
  const auto sent = w.drain();
  ASSERT_EQ(sent.size(), 2u);
  const auto v4 = wire::Ipv4View::parse(std::span{sent[0].bytes}.subspan(14));
  const auto v6 = wire::Ipv6View::parse(std::span{sent[1].bytes}.subspan(14));
  ASSERT_TRUE(v4 && v6);
  EXPECT_EQ(wire::IcmpView::parse(v4->payload())->code(), wire::icmp_unreachable::kProtocol);
  const auto problem = wire::Icmpv6View::parse(v6->payload());
  EXPECT_EQ(problem->type(), wire::icmpv6_type::kParameterProblem);
  EXPECT_EQ(problem->pointer(), 6u);
  EXPECT_EQ(w.drops(Drop::kIpNoProtocol), 2u);
}

}  // namespace
}  // namespace zs::stack
