#include <gtest/gtest.h>

#include "unit/stack/tcp_peer.hpp"

namespace zs::stack {
namespace {

using namespace test;

/// A UDP datagram whose length field and checksum are as told.
Bytes datagram(std::uint16_t length, bool sealed, const IpAddress& src, const IpAddress& dst,
               std::uint16_t to = 7) {
  Bytes d(8 + 4);
  wire::UdpSpec{.src_port = 5'000, .dst_port = to, .length = 8}.write(std::span{d}.first(8));
  store_be(&d[4], length);  // a lie, perhaps
  if (sealed) {
    const std::size_t covered = std::min<std::size_t>(length, d.size());
    const auto pseudo = wire::pseudo_header_sum(src, dst, wire::ip_protocol::kUdp, length);
    store_be(&d[6], wire::checksum_finish(wire::checksum_add(std::span{d}.first(covered), pseudo)));
  }
  return World::ip(wire::ip_protocol::kUdp, d, src, dst);
}

TEST(RxTransport, UdpLengthAndChecksumRules) {
  struct Case {
    const char* what;
    Bytes frame;
    std::optional<Drop> drop;
    std::size_t payload;
  };
  const Case cases[] = {
      {"whole", datagram(12, true, kPeer, kOurs), {}, 4},
      {"shorter than its packet", datagram(10, true, kPeer, kOurs), {}, 2},
      {"empty", datagram(8, true, kPeer, kOurs), {}, 0},
      {"longer than its packet", datagram(13, true, kPeer, kOurs), Drop::kUdpMalformed, 0},
      {"shorter than its header", datagram(7, true, kPeer, kOurs), Drop::kUdpMalformed, 0},
      {"to port 0", datagram(12, true, kPeer, kOurs, 0), Drop::kUdpMalformed, 0},
      {"unprotected", datagram(12, false, kPeer, kOurs), {}, 4},
      {"unprotected, IPv6", datagram(12, false, kPeer6, kOurs6), Drop::kUdpBadChecksum, 0},
      {"whole, IPv6", datagram(12, true, kPeer6, kOurs6), {}, 4},
      {"cut header", World::ip(wire::ip_protocol::kUdp, Bytes(7)), Drop::kUdpMalformed, 0},
  };
  for (const Case& c : cases) {
    World w;
    auto& udp = w.shard->udp();
    const auto id = *udp.open(IpFamily::kV6, 1);
    ASSERT_TRUE(udp.bind(id, {IpAddress{}, 7}));
    w.give(c.frame);
    const auto got = udp.receive(id);
    ASSERT_EQ(got.has_value(), !c.drop.has_value()) << c.what;
    if (c.drop) {
      EXPECT_EQ(w.drops(*c.drop), 1u) << c.what;
    } else {
      EXPECT_EQ(got->payload.size(), c.payload) << c.what;
    }
  }
}

TEST(RxTransport, MalformedTcpIsCounted) {
  struct Case {
    const char* what;
    std::size_t at;
    std::byte value;
  };
  for (const Case& c : {Case{"offset below the header", 12, std::byte{0x40}},
                        Case{"offset beyond the segment", 12, std::byte{0xf0}},
                        Case{"option of length 0", 21, std::byte{0}},
                        Case{"option of wrong length", 21, std::byte{3}}}) {
    World w;
    ASSERT_TRUE(w.shard->tcp().listen({kOurs, 80}, 1, {}, w.now));
    Bytes f = World::syn(80);
    f[14 + 20 + c.at] = c.value;
    w.give(f, RTE_MBUF_F_RX_L4_CKSUM_GOOD);
    EXPECT_EQ(w.drops(Drop::kTcpMalformed), 1u) << c.what;
  }
  World w;
  w.give(World::ip(wire::ip_protocol::kTcp, Bytes(19)));
  EXPECT_EQ(w.drops(Drop::kTcpMalformed), 1u);
}

/// The shard's latest pure ACK.
std::optional<std::uint32_t> acknowledged(const std::vector<World::Sent>& sent) {
  std::optional<std::uint32_t> ack;
  for (const auto& s : sent) {
    if (const auto t = sent_tcp(s.bytes)) ack = t->tcp.ack();
  }
  return ack;
}

TEST(RxTransport, ACoalescedPacketCountsAsTheSegmentsInIt) {
  struct Case {
    const char* what;
    std::uint64_t flags;
    std::uint16_t segment;
  };
  // Two full segments in one packet call for an ACK at once (RFC 9293 §3.8.6.3); so does one that
  // is larger than any wire segment.
  for (const Case& c : {Case{"coalesced", RTE_MBUF_F_RX_LRO, 1'460},
                        Case{"coalesced, size not said", RTE_MBUF_F_RX_LRO, 0},
                        Case{"size without the flag", 0, 1'460}}) {
    World w;
    w.introduce();
    TcpPeer peer(w);
    auto* const connection = peer.accept_connect();
    ASSERT_NE(connection, nullptr);
    const Bytes payload(4 * 1'460, std::byte{'p'});
    const Bytes frame = peer.segment(wire::tcp_flag::kAck, payload);
    auto m = *buf::Mbuf::copy_of(frame, *w.data);
    m->ol_flags |= c.flags | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
    m->tso_segsz = c.segment;
    rte_mbuf* raw = std::move(m).release();
    w.shard->on_burst(0, {&raw, 1}, w.now);
    EXPECT_EQ(acknowledged(w.drain()), peer.seq + payload.size()) << c.what;
    EXPECT_EQ(connection->read(1u << 20)->size(), payload.size()) << c.what;
    connection->abort();
    w.shard->tcp().release(*connection, w.now);
    w.drain();
  }
}

TEST(RxTransport, PaddingBehindAnAckIsNoPayload) {
  World w;
  w.introduce();
  TcpPeer peer(w);
  auto* const connection = peer.accept_connect();
  Bytes frame = peer.segment(wire::tcp_flag::kAck);
  frame.resize(60, std::byte{0xee});
  w.give(frame);
  EXPECT_EQ(connection->read(100).error(), Errc::kAgain);
  connection->abort();
  w.shard->tcp().release(*connection, w.now);
  w.drain();
}

// Devices may put headers and payload into different buffers. The payload stays where it is, all of
// it: making room for the largest TCP header would copy its beginning.
TEST(RxTransport, PayloadBehindSplitHeadersIsNotTouched) {
  World w;
  w.introduce();
  TcpPeer peer(w);
  tcp::Connection* const c = peer.accept_connect();
  ASSERT_NE(c, nullptr);
  const Bytes payload = text("the quick brown fox jumps over the lazy dog");
  const Bytes frame = peer.segment(wire::tcp_flag::kAck, payload);
  for (const std::size_t split :
       {frame.size() - payload.size(), frame.size() - payload.size() - 3}) {
    w.give(peer.segment(wire::tcp_flag::kAck, payload), 0, split);
    peer.seq += static_cast<std::uint32_t>(payload.size());
    auto chain = c->read(1'000);
    ASSERT_TRUE(chain);
    ASSERT_EQ(chain->size(), payload.size());
    EXPECT_EQ(chain->segments(), 1u) << split;
    Bytes got(payload.size());
    chain->copy_out(0, got);
    EXPECT_EQ(got, payload);
  }
}

// RFC 4861 §7.3.1: a peer whose TCP makes progress is reachable; asking for it would be noise.
TEST(RxTransport, AConversationConfirmsItsNeighbor) {
  World w;
  w.introduce();
  TcpPeer peer(w);
  ASSERT_NE(peer.accept_connect(), nullptr);
  for (int i = 0; i < 30; ++i) {
    w.pass(5s);
    w.give(peer.segment(wire::tcp_flag::kAck, text("x")));
    ++peer.seq;
  }
  w.pass(1s);
  std::size_t acknowledgements = 0;
  for (const World::Sent& s : w.heard) {
    EXPECT_NE(ether_type(s.bytes), wire::ether_type::kArp);
    acknowledgements += sent_tcp(s.bytes).has_value() ? 1 : 0;
  }
  EXPECT_GE(acknowledgements, 30u);
  ASSERT_EQ(w.shard->neighbors().size(), 1u);
  EXPECT_EQ(w.shard->neighbors()[0].state, "reachable");
  w.pass(120s);
  EXPECT_EQ(w.shard->neighbors()[0].state, "stale");
}

}  // namespace
}  // namespace zs::stack
