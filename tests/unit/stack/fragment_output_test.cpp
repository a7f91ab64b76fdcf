#include "stack/fragment_output.hpp"

#include <gtest/gtest.h>

#include "unit/stack/tcp_peer.hpp"

namespace zs::stack {
namespace {

using namespace test;

/// A world that knows the peer in both families, and a socket that takes datagrams to port 7.
struct FragmentWorld : World {
  FragmentWorld() {
    introduce();
    give(solicitation(kOurs6));
    drain();
    for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
      auto& udp = shard->udp();
      const auto id = *udp.open(family, 1);
      EXPECT_TRUE(udp.set_dual_stack(id, udp::DualStack::kOff) || family == IpFamily::kV4);
      EXPECT_TRUE(udp.bind(id, {IpAddress::any(family), 7}));
      (family == IpFamily::kV4 ? four : six) = id;
    }
  }
  /// The parts of a frame's IP packet, each in a frame of its own.
  static std::vector<Bytes> cut(const Bytes& frame, std::size_t room, std::uint32_t id) {
    std::vector<Bytes> out;
    const bool v4 = ether_type(frame) == wire::ether_type::kIpv4;
    const auto l3 = std::span{frame}.subspan(14);
    const auto payload = l3.subspan(v4 ? 20 : 40);
    for (std::size_t at = 0; at < payload.size(); at += room) {
      const auto part = payload.subspan(at, std::min(room, payload.size() - at));
      const bool more = at + room < payload.size();
      Bytes f(frame.begin(), frame.begin() + 14);
      Bytes header(v4 ? 20 : 48);
      if (v4) {
        const auto view = *wire::Ipv4View::parse(l3);
        wire::Ipv4Spec{.src = view.src(),
                       .dst = view.dst(),
                       .protocol = view.protocol(),
                       .identification = static_cast<std::uint16_t>(id),
                       .more_fragments = more,
                       .fragment_offset = static_cast<std::uint32_t>(at),
                       .payload_length = part.size(),
                       .options = {}}
            .write(header);
      } else {
        const auto view = *wire::Ipv6View::parse(l3);
        wire::Ipv6Spec{.src = view.src(),
                       .dst = view.dst(),
                       .next_header = wire::ip_protocol::kFragment,
                       .hop_limit = view.hop_limit(),
                       .payload_length = 8 + part.size()}
            .write(std::span{header}.first(40));
        wire::Ipv6Fragment{
            .offset = static_cast<std::uint32_t>(at), .more = more, .identification = id}
            .write(std::span{header}.subspan(40), view.next_header());
      }
      f.insert(f.end(), header.begin(), header.end());
      f.insert(f.end(), part.begin(), part.end());
      out.push_back(std::move(f));
    }
    return out;
  }
  static Bytes pattern(std::size_t size) {
    Bytes b(size);
    for (std::size_t i = 0; i < size; ++i) b[i] = static_cast<std::byte>(i * 5 + i / 256);
    return b;
  }
  std::optional<Bytes> received(udp::SocketId id) {
    auto datagram = shard->udp().receive(id);
    if (!datagram) return std::nullopt;
    Bytes b(datagram->payload.size());
    datagram->payload.copy_out(0, b);
    return b;
  }

  udp::SocketId four;
  udp::SocketId six;
};

bool is_reassembly_error(const World::Sent& s) {
  const auto l3 = std::span{s.bytes}.subspan(14);
  const auto v6 = wire::Ipv6View::parse(l3);
  const auto v4 = wire::Ipv4View::parse(l3);
  if (!v4 && !v6) return false;
  const auto message = v4 ? v4->payload() : v6->payload();
  return (v4 ? v4->protocol() == 1 : v6->next_header() == 58) &&
         message[0] ==
             std::byte{v4 ? wire::icmp_type::kTimeExceeded : wire::icmpv6_type::kTimeExceeded} &&
         message[1] == std::byte{1};
}

TEST(Fragments, ArriveAsOneDatagram) {
  FragmentWorld w;
  const Bytes body = FragmentWorld::pattern(4'000);
  std::uint32_t id = 1;
  for (const bool six : {false, true}) {
    auto frames = FragmentWorld::cut(
        six ? World::udp(7, body, kPeer6, kOurs6) : World::udp(7, body), 1'448, ++id);
    std::swap(frames[0], frames[2]);
    for (const Bytes& f : frames) w.give(f);
    EXPECT_EQ(w.received(six ? w.six : w.four), body);
  }
  EXPECT_EQ(w.shard->drops().total(), 0u);
}

TEST(Fragments, ADamagedDatagramIsNoticed) {
  FragmentWorld w;
  auto frames = FragmentWorld::cut(World::udp(7, FragmentWorld::pattern(3'000)), 1'448, 5);
  frames[1].back() ^= std::byte{1};
  // Devices that have seen only pieces cannot vouch for the whole.
  for (const Bytes& f : frames) w.give(f, RTE_MBUF_F_RX_L4_CKSUM_GOOD);
  EXPECT_EQ(w.drops(Drop::kUdpBadChecksum), 1u);
}

TEST(Fragments, LargePingsAreAnsweredInPieces) {
  FragmentWorld w;
  const Bytes body = FragmentWorld::pattern(3'000);
  for (const bool six : {false, true}) {
    const Bytes whole = six ? World::ping(body, kPeer6, kOurs6) : World::ping(body);
    for (const Bytes& f : FragmentWorld::cut(whole, 1'448, 6)) w.give(f);
    const auto sent = w.drain();
    EXPECT_EQ(sent.size(), 3u);
    // Fed back to a world that takes them for its own, they make the reply's bytes again.
    std::size_t bytes = 0;
    for (const auto& s : sent) {
      EXPECT_LE(s.bytes.size(), 14u + 1'500u);
      bytes += s.bytes.size() - 14 - (six ? 48 : 20);
    }
    EXPECT_EQ(bytes, 8 + body.size());
  }
}

TEST(Fragments, WhatDoesNotBecomeWholeIsReported) {
  FragmentWorld w;
  for (const bool six : {false, true}) {
    const Bytes whole =
        six ? World::udp(7, Bytes(2'000), kPeer6, kOurs6) : World::udp(7, Bytes(2'000));
    const auto frames = FragmentWorld::cut(whole, 1'448, 6);
    w.give(frames[0]);
    w.heard.clear();
    w.pass(six ? 61s : 31s);
    EXPECT_EQ(std::count_if(w.heard.begin(), w.heard.end(), is_reassembly_error), 1);
  }
  // Without the first fragment nobody can be told.
  w.give(FragmentWorld::cut(World::udp(7, Bytes(2'000)), 1'448, 8)[1]);
  w.heard.clear();
  w.pass(31s);
  EXPECT_EQ(std::count_if(w.heard.begin(), w.heard.end(), is_reassembly_error), 0);
  EXPECT_EQ(w.drops(Drop::kFragmentTimeout), 3u);
}

// RFC 8200 §4.5 and RFC 7112 §5.
TEST(Fragments, BadOnesAreToldSo) {
  FragmentWorld w;
  const auto frame = [](std::uint32_t offset, bool more, std::size_t bytes) {
    Bytes b(8 + bytes);
    wire::Ipv6Fragment{.offset = offset, .more = more, .identification = 9}.write(
        std::span{b}.first(8), 17);
    return World::ip(44, b, kPeer6, kOurs6);
  };
  struct Case {
    Bytes frame;
    int code;
    std::uint32_t pointer;
  };
  const Case cases[] = {{frame(0, true, 15), 0, 4},         // no multiple of 8
                        {frame(65'528, false, 16), 0, 42},  // beyond 65,535
                        {frame(0, true, 0), -1, 0},         // empty
                        {FragmentWorld::cut(World::udp(7, {}, kPeer6, kOurs6), 8, 3)[0], -1, 0}};
  for (const Case& c : cases) {
    w.give(c.frame);
    const auto sent = w.drain();
    ASSERT_EQ(sent.size(), c.code < 0 ? 0u : 1u);
    if (c.code < 0) continue;
    const auto icmp = wire::Icmpv6View::parse(
        wire::Ipv6View::parse(std::span{sent[0].bytes}.subspan(14))->payload());
    EXPECT_EQ(icmp->type(), wire::icmpv6_type::kParameterProblem);
    EXPECT_EQ(icmp->code(), c.code);
    EXPECT_EQ(icmp->pointer(), c.pointer);
  }
  // A first fragment that ends before the transport's header does.
  Bytes b(8 + 8);
  wire::Ipv6Fragment{.offset = 0, .more = true, .identification = 9}.write(std::span{b}.first(8),
                                                                           6);
  w.give(World::ip(44, b, kPeer6, kOurs6));
  const auto sent = w.drain();
  ASSERT_EQ(sent.size(), 1u);
  EXPECT_EQ(sent[0].bytes[14 + 40 + 1], std::byte{wire::icmpv6_parameter::kIncompleteChain});
}

TEST(Fragments, OfNeighbourDiscoveryAreIgnored) {  // RFC 6980 §5
  FragmentWorld w;
  const Bytes whole = World::solicitation(kOurs6);
  const std::size_t size = whole.size() - 14 - 40;
  w.give(FragmentWorld::cut(whole, size, 4)[0]);  // atomic
  for (const Bytes& f : FragmentWorld::cut(whole, 24, 5)) w.give(f);
  EXPECT_TRUE(w.drain().empty());
  EXPECT_EQ(w.drops(Drop::kIcmpMalformed), 2u);
}

TEST(Fragments, LargeDatagramsLeaveInPieces) {
  for (const bool six : {false, true}) {
    FragmentWorld w;
    FragmentWorld other;  // whose addresses are the same, so the frames are turned round
    auto& udp = w.shard->udp();
    const auto id = *udp.open(six ? IpFamily::kV6 : IpFamily::kV4, 1);
    const IpAddress peer = six ? kPeer6 : kPeer;
    const auto path = *w.shard->route_for(peer);
    const Bytes body = FragmentWorld::pattern(60'000);
    auto chain = *buf::Chain::copy_of(body, *w.data);
    ASSERT_TRUE(udp.send(id, chain, Endpoint{peer, 7}, {path.source, path.mtu}));
    const auto sent = w.drain();
    EXPECT_EQ(sent.size(), six ? 42u : 41u);
    for (const auto& s : sent) {
      ASSERT_LE(s.bytes.size(), 14u + 1'500u);
      Bytes back = s.bytes;
      wire::EthernetSpec{.dst = kOurMac, .src = kPeerMac, .ether_type = ether_type(back)}.write(
          std::span{back}.first(14));
      const std::size_t at = 14 + (six ? 8 : 12);
      const std::size_t n = six ? 16 : 4;
      std::swap_ranges(back.begin() + static_cast<long>(at),
                       back.begin() + static_cast<long>(at + n),
                       back.begin() + static_cast<long>(at + n));
      other.give(back);
    }
    EXPECT_EQ(other.received(six ? other.six : other.four), body);
    EXPECT_EQ(other.shard->drops().total(), 0u);
  }
}

TEST(Fragments, WaitInOnePieceForTheNeighbour) {
  World w;
  auto& udp = w.shard->udp();
  const auto id = *udp.open(IpFamily::kV4, 1);
  const auto path = *w.shard->route_for(kPeer);
  auto chain = *buf::Chain::copy_of(Bytes(30'000), *w.data);
  ASSERT_TRUE(udp.send(id, chain, Endpoint{kPeer, 7}, {path.source, path.mtu}));
  EXPECT_EQ(w.drain().size(), 1u);  // who has 10.0.0.2?
  w.give(World::arp(wire::arp_operation::kReply, kPeerMac, kPeer, kOurs));
  EXPECT_EQ(w.drain().size(), 21u);
  EXPECT_EQ(w.drops(Drop::kNeighborQueueFull), 0u);
}

TEST(Fragments, ToOurselvesAreNotMade) {
  FragmentWorld w;
  auto& udp = w.shard->udp();
  const auto id = *udp.open(IpFamily::kV4, 1);
  const auto path = *w.shard->route_for(kOurs);
  const Bytes body = FragmentWorld::pattern(20'000);
  auto chain = *buf::Chain::copy_of(body, *w.data);
  ASSERT_TRUE(udp.send(id, chain, Endpoint{kOurs, 7}, {path.source, path.mtu}));
  EXPECT_TRUE(w.drain().empty());
  w.pass(1ms);
  EXPECT_EQ(w.received(w.four), body);
}

TEST(Fragments, ManyLargeDatagramsDoNotOverflowTheQueue) {
  FragmentWorld w;
  auto& udp = w.shard->udp();
  const auto id = *udp.open(IpFamily::kV4, 1);
  const auto path = *w.shard->route_for(kPeer);
  for (int i = 0; i < 60; ++i) {
    auto chain = *buf::Chain::copy_of(Bytes(60'000), *w.data);
    ASSERT_TRUE(udp.send(id, chain, Endpoint{kPeer, 7}, {path.source, path.mtu}));
  }
  EXPECT_EQ(w.drain().size(), 60u * 41u);
  EXPECT_EQ(w.drops(Drop::kTxQueueFull), 0u);
}

}  // namespace
}  // namespace zs::stack
