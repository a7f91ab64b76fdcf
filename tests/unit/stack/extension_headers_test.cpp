// IPv6 extension headers and IPv4 options, as a whole shard meets them (RFC 8200 §4, RFC 5095,
// RFC 7126).
#include <gtest/gtest.h>

#include "unit/stack/world.hpp"

namespace zs::stack {
namespace {

using namespace test;

Bytes raw(std::initializer_list<int> values) {
  Bytes b;
  for (const int v : values) b.push_back(static_cast<std::byte>(v));
  return b;
}

/// A world that knows its peer and has a socket on port 7.
struct HeaderWorld : World {
  HeaderWorld() {
    introduce();
    give(solicitation(kOurs6));
    drain();
    id = *shard->udp().open(IpFamily::kV6, 1);
    EXPECT_TRUE(shard->udp().bind(id, {IpAddress{}, 7}));
  }
  bool received() { return shard->udp().receive(id).has_value(); }
  /// A UDP datagram to port 7 behind `headers`, the first of which has the number `first`.
  static Bytes behind(std::uint8_t first, const Bytes& headers, const IpAddress& dst = kOurs6) {
    const Bytes plain = World::udp(7, text("x"), kPeer6, dst);
    Bytes payload = headers;
    payload.insert(payload.end(), plain.begin() + 14 + 40, plain.end());
    return World::ip(first, payload, kPeer6, dst);
  }

  udp::SocketId id;
};

TEST(ExtensionHeaders, WhatAHostMaySkipIsSkipped) {
  HeaderWorld w;
  const std::pair<int, Bytes> cases[] = {
      {0, raw({17, 0, 1, 4, 0, 0, 0, 0})},                           // hop-by-hop: padding
      {60, raw({17, 0, 0, 0, 0, 0, 0, 0})},                          // destination: Pad1s
      {60, raw({17, 0, 0x1e, 4, 1, 2, 3, 4})},                       // unknown, may be skipped
      {43, raw({17, 0, 0, 0, 0, 0, 0, 0})},                          // routing, used up
      {44, raw({17, 0, 0, 0, 0, 0, 0, 9})},                          // atomic fragment
      {0, raw({60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0})},  // two
  };
  for (const auto& [first, headers] : cases) {
    w.give(HeaderWorld::behind(static_cast<std::uint8_t>(first), headers));
    EXPECT_TRUE(w.received()) << first;
  }
  EXPECT_TRUE(w.drain().empty());
}

TEST(ExtensionHeaders, WhatItMustRefuseItAnswers) {
  HeaderWorld w;
  struct Case {
    const char* what;
    int first;
    Bytes headers;
    int code;  ///< of the Parameter Problem; -1: silence
    std::uint32_t pointer;
  };
  const Case cases[] = {
      {"routing header type 0 with a segment left (RFC 5095)", 43, raw({17, 0, 0, 1, 0, 0, 0, 0}),
       0, 42},
      {"another type with segments left", 43, raw({17, 0, 4, 1, 0, 0, 0, 0}), 0, 42},
      {"hop-by-hop behind another", 60, raw({0, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0}), 1,
       40},
      {"option 01: discard", 60, raw({17, 0, 0x41, 4, 0, 0, 0, 0}), -1, 0},
      {"option 10: report", 60, raw({17, 0, 0x81, 4, 0, 0, 0, 0}), 2, 42},
      {"option 11: report", 0, raw({17, 0, 1, 0, 0xc1, 2, 0, 0}), 2, 44},
      {"option that runs out of its header", 60, raw({17, 0, 0x1e, 9, 0, 0, 0, 0}), -1, 0},
      {"header that runs out of the packet", 60, raw({17, 9, 1, 4, 0, 0, 0, 0}), -1, 0},
      {"no next header", 59, {}, -1, 0},
  };
  for (const Case& c : cases) {
    w.give(HeaderWorld::behind(static_cast<std::uint8_t>(c.first), c.headers));
    EXPECT_FALSE(w.received()) << c.what;
    const auto sent = w.drain();
    ASSERT_EQ(sent.size(), c.code < 0 ? 0u : 1u) << c.what;
    if (c.code < 0) continue;
    const auto ip = *wire::Ipv6View::parse(std::span{sent[0].bytes}.subspan(14));
    const auto icmp = *wire::Icmpv6View::parse(ip.payload());
    EXPECT_EQ(ip.dst(), kPeer6) << c.what;
    EXPECT_EQ(icmp.type(), wire::icmpv6_type::kParameterProblem) << c.what;
    EXPECT_EQ(icmp.code(), c.code) << c.what;
    EXPECT_EQ(icmp.pointer(), c.pointer) << c.what;
  }
}

TEST(ExtensionHeaders, MulticastIsAnsweredOnlyWhereTheOptionSaysSo) {  // RFC 4443 §2.4(e.3)
  HeaderWorld w;
  const IpAddress group = *IpAddress::parse("ff02::1");
  w.give(HeaderWorld::behind(60, raw({17, 0, 0x81, 4, 0, 0, 0, 0}), group));
  EXPECT_EQ(w.drain().size(), 1u);
  w.give(HeaderWorld::behind(60, raw({17, 0, 0xc1, 4, 0, 0, 0, 0}), group));
  EXPECT_TRUE(w.drain().empty());
}

TEST(ExtensionHeaders, TooManyAreNotWalked) {  // RFC 8504 §5.3
  HeaderWorld w;
  Bytes chain;
  for (int i = 0; i < 9; ++i) {
    const Bytes one = raw({i == 8 ? 17 : 60, 0, 1, 4, 0, 0, 0, 0});
    chain.insert(chain.end(), one.begin(), one.end());
  }
  w.give(HeaderWorld::behind(60, chain));
  EXPECT_FALSE(w.received());
  EXPECT_EQ(w.drops(Drop::kIpMalformed), 1u);
}

TEST(ExtensionHeaders, AFloodGetsFewAnswers) {
  HeaderWorld w;
  const Bytes bad = HeaderWorld::behind(43, raw({17, 0, 0, 1, 0, 0, 0, 0}));
  std::size_t answers = 0;
  for (int i = 0; i < 1'000; ++i) {
    w.give(bad);
    answers += w.drain().size();
  }
  EXPECT_LE(answers, 50u);
  EXPECT_GT(w.drops(Drop::kIcmpRateLimited), 900u);
}

TEST(Ipv4Options, AreSteppedOverOrRefused) {
  HeaderWorld w;
  struct Case {
    const char* what;
    Bytes options;
    bool taken;
    Drop drop = Drop::kIpMalformed;
  };
  const Case cases[] = {
      {"nothing but ends", raw({0, 0, 0, 0}), true},
      {"no operation", raw({1, 1, 1, 0}), true},
      {"record route", raw({7, 7, 4, 0, 0, 0, 0, 0}), true},
      {"timestamp", raw({68, 8, 5, 0, 0, 0, 0, 0}), true},
      {"router alert", raw({148, 4, 0, 0}), true},
      {"unknown", raw({0x5e, 4, 1, 2}), true},
      {"loose source route", raw({131, 7, 4, 10, 0, 0, 9, 0}), false, Drop::kIpSourceRoute},
      {"strict source route", raw({1, 137, 7, 4, 10, 0, 0, 9}), false, Drop::kIpSourceRoute},
      {"of no length", raw({7, 0, 0, 0}), false},
      {"beyond the header", raw({7, 9, 4, 0}), false},
  };
  for (const Case& c : cases) {
    const Bytes plain = World::udp(7, text("x"));
    const Bytes datagram(plain.begin() + 14 + 20, plain.end());
    Bytes packet(20 + c.options.size());
    wire::Ipv4Spec{.src = kPeer,
                   .dst = kOurs,
                   .protocol = wire::ip_protocol::kUdp,
                   .payload_length = datagram.size(),
                   .options = c.options}
        .write(packet);
    packet.insert(packet.end(), datagram.begin(), datagram.end());
    const auto before = w.drops(c.drop);
    w.give(World::ethernet(kOurMac, wire::ether_type::kIpv4, packet));
    EXPECT_EQ(w.received(), c.taken) << c.what;
    EXPECT_EQ(w.drops(c.drop), before + (c.taken ? 0 : 1)) << c.what;
    EXPECT_TRUE(w.drain().empty()) << c.what;
  }
}

}  // namespace
}  // namespace zs::stack
