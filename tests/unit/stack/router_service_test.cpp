#include "stack/router_service.hpp"

#include <gtest/gtest.h>

#include "unit/stack/world.hpp"

namespace zs::stack {
namespace {

using namespace test;

const IpAddress kGate = *IpAddress::parse("fe80::2");
const IpAddress kOtherGate = *IpAddress::parse("fe80::3");
const IpAddress kFar = *IpAddress::parse("2001:db8:ffff::1");
const IpAddress kEveryNode = *IpAddress::parse("ff02::1");

ShardConfig listening() {
  auto c = World::default_config();
  c.interfaces[0].addresses = {*IpPrefix::parse("10.0.0.1/24")};
  c.interfaces[0].autoconf = true;
  return c;
}

Bytes mac_option(std::uint8_t type) {
  Bytes o(8);
  o[0] = std::byte{type};
  o[1] = std::byte{1};
  std::copy(kPeerMac.bytes.begin(), kPeerMac.bytes.end(), o.begin() + 2);
  return o;
}
Bytes mtu_option(std::uint32_t mtu) {
  Bytes o(8);
  o[0] = std::byte{5};
  o[1] = std::byte{1};
  store_be(&o[4], mtu);
  return o;
}
Bytes prefix_option(const char* text, std::uint8_t flags = 0xc0, std::uint32_t valid = 86'400) {
  const IpPrefix prefix = *IpPrefix::parse(text);
  Bytes o(32);
  o[0] = std::byte{3};
  o[1] = std::byte{4};
  o[2] = std::byte{prefix.length};
  o[3] = std::byte{flags};
  store_be(&o[4], valid);
  store_be(&o[8], valid / 2);
  std::copy(prefix.address.bytes().begin(), prefix.address.bytes().end(), o.begin() + 16);
  return o;
}

struct Advert {
  std::uint16_t lifetime = 1'800;
  std::uint8_t hop_limit = 0;
  std::uint32_t reachable = 0;
  std::uint32_t retransmit = 0;
  std::vector<Bytes> options{};
  IpAddress src = kGate;
  std::uint8_t hops = 255;
};
Bytes advert(const Advert& a) {
  Bytes m(16);
  m[0] = std::byte{134};
  m[4] = std::byte{a.hop_limit};
  store_be(&m[6], a.lifetime);
  store_be(&m[8], a.reachable);
  store_be(&m[12], a.retransmit);
  for (const Bytes& o : a.options) m.insert(m.end(), o.begin(), o.end());
  wire::fill_icmpv6_checksum(a.src, kEveryNode, m);
  return World::ip(58, m, a.src, kEveryNode, a.hops);
}
Bytes redirect(const IpAddress& target, const IpAddress& destination, const IpAddress& src,
               const IpAddress& to, std::uint8_t hops = 255) {
  Bytes m(40);
  m[0] = std::byte{137};
  std::copy(target.bytes().begin(), target.bytes().end(), m.begin() + 8);
  std::copy(destination.bytes().begin(), destination.bytes().end(), m.begin() + 24);
  const Bytes o = mac_option(2);
  m.insert(m.end(), o.begin(), o.end());
  wire::fill_icmpv6_checksum(src, to, m);
  return World::ip(58, m, src, to, hops);
}

std::optional<std::string> gateway_to(const World& w, const IpAddress& destination) {
  ip::RouteTable table;
  for (const RouteConfig& r : w.shard->routes()) {
    (void)table.add({r.destination, r.gateway, static_cast<std::uint16_t>(r.interface)});
  }
  const ip::Route* const route = table.lookup(destination);
  if (route == nullptr) return std::nullopt;
  return route->gateway ? route->gateway->to_string() : "on link";
}
bool has_address(const World& w, const char* text) {
  const auto interfaces = w.shard->interfaces();
  for (const AddressInfo& a : interfaces[0].addresses) {
    if (a.prefix == *IpPrefix::parse(text)) return true;
  }
  return false;
}

TEST(RouterService, AsksAndListens) {
  World w(listening());
  EXPECT_TRUE(has_address(w, "fe80::ff:fe00:1/64"));
  w.pass(1s);
  ASSERT_EQ(w.heard.size(), 1u);
  const auto ip = *wire::Ipv6View::parse(std::span{w.heard[0].bytes}.subspan(14));
  EXPECT_EQ(ip.dst(), *IpAddress::parse("ff02::2"));
  EXPECT_EQ(ip.hop_limit(), 255);
  EXPECT_EQ(ip.payload()[0], std::byte{133});
  EXPECT_TRUE(wire::is_icmpv6_checksum_ok(ip.src(), ip.dst(), ip.payload()));
  EXPECT_EQ(w.shard->route_for(kFar).error(), Errc::kNoRoute);
  w.give(advert({.options = {mac_option(1), prefix_option("2001:db8:5::/64")}}));
  EXPECT_EQ(gateway_to(w, kFar), "fe80::2");
  EXPECT_TRUE(has_address(w, "2001:db8:5::ff:fe00:1/64"));
  EXPECT_EQ(gateway_to(w, *IpAddress::parse("2001:db8:5::9")), "on link");
  EXPECT_EQ(w.shard->route_for(kFar)->source, *IpAddress::parse("2001:db8:5::ff:fe00:1"));
  // A ping through the router is answered by way of it at once, for its MAC came along.
  w.give(World::ping(text("x"), kFar, *IpAddress::parse("2001:db8:5::ff:fe00:1")));
  EXPECT_EQ(w.drain().size(), 1u);
  w.pass(1'801s);
  EXPECT_EQ(gateway_to(w, kFar), std::nullopt);
  w.pass(86'400s);
  EXPECT_FALSE(has_address(w, "2001:db8:5::ff:fe00:1/64"));
  EXPECT_EQ(gateway_to(w, *IpAddress::parse("2001:db8:5::9")), std::nullopt);
}

TEST(RouterService, AdvertisementsMustBeValid) {  // RFC 4861 §6.1.2
  World w(listening());
  w.give(advert({.src = kGate, .hops = 254}));
  w.give(advert({.src = kPeer6}));
  w.give(advert({.options = {Bytes(8)}}));  // an option of length 0
  EXPECT_EQ(w.drops(Drop::kIcmpMalformed), 3u);
  EXPECT_EQ(gateway_to(w, kFar), std::nullopt);
  World deaf;
  deaf.give(advert({}));
  EXPECT_EQ(deaf.drops(Drop::kIcmpIgnored), 1u);
}

TEST(RouterService, ParametersAreTaken) {
  World w(listening());
  w.give(advert({.hop_limit = 99,
                 .options = {mac_option(1), mtu_option(1'400), prefix_option("2001:db8:5::/64")}}));
  EXPECT_EQ(w.shard->route_for(kFar)->mtu, 1'400);
  EXPECT_EQ(w.shard->route_for(kPeer)->mtu, 1'500);  // IPv4 is none of its business
  w.give(advert({.hop_limit = 1, .options = {mtu_option(1'000), mtu_option(9'000)}}));
  EXPECT_EQ(w.shard->route_for(kFar)->mtu, 1'400);
  auto& udp = w.shard->udp();
  const auto id = *udp.open(IpFamily::kV6, 1);
  const auto path = *w.shard->route_for(kFar);
  w.drain();
  for (int i = 0; i < 2; ++i) {
    auto chain = *buf::Chain::copy_of(text("x"), *w.data);
    ASSERT_TRUE(udp.send(id, chain, Endpoint{kFar, 7}, {path.source, path.mtu}));
  }
  const auto sent = w.drain();
  ASSERT_EQ(sent.size(), 2u);
  const auto first = *wire::Ipv6View::parse(std::span{sent[0].bytes}.subspan(14));
  const auto second = *wire::Ipv6View::parse(std::span{sent[1].bytes}.subspan(14));
  EXPECT_EQ(first.hop_limit(), 99);
  EXPECT_NE(first.flow_label(), 0u);
  EXPECT_EQ(first.flow_label(), second.flow_label());  // RFC 6437 §3
}

TEST(RouterService, WhatIsConfiguredStays) {
  auto c = listening();
  c.interfaces[0].addresses.push_back(*IpPrefix::parse("2001:db8:5::ff:fe00:1/64"));
  c.routes.push_back({*IpPrefix::parse("::/0"), *IpAddress::parse("2001:db8:5::7"), 0});
  World w(c);
  w.give(advert({.lifetime = 60, .options = {prefix_option("2001:db8:5::/64", 0xc0, 60)}}));
  EXPECT_EQ(gateway_to(w, kFar), "2001:db8:5::7");
  w.pass(2h);
  EXPECT_EQ(gateway_to(w, kFar), "2001:db8:5::7");
  EXPECT_TRUE(has_address(w, "2001:db8:5::ff:fe00:1/64"));
  EXPECT_EQ(gateway_to(w, *IpAddress::parse("2001:db8:5::9")), "on link");
}

TEST(RouterService, RedirectsAreFollowedFromTheFirstHopOnly) {  // RFC 4861 §8.1
  World w(listening());
  w.give(advert({.options = {mac_option(1), prefix_option("2001:db8:5::/64")}}));
  const IpAddress ours = *IpAddress::parse("2001:db8:5::ff:fe00:1");
  const IpAddress group = kEveryNode;
  w.give(redirect(kOtherGate, kFar, kOtherGate, ours));                       // not the first hop
  w.give(redirect(kOtherGate, kFar, kGate, ours, 254));                       // from afar
  w.give(redirect(kPeer6, kFar, kGate, ours));                                // to no router
  w.give(redirect(kOtherGate, group, kGate, ours));                           // for a group
  w.give(redirect(*IpAddress::parse("fe80::ff:fe00:1"), kFar, kGate, ours));  // to ourselves
  EXPECT_EQ(gateway_to(w, kFar), "fe80::2");
  w.give(redirect(kOtherGate, kFar, kGate, ours));
  EXPECT_EQ(gateway_to(w, kFar), "fe80::3");
  w.give(redirect(kFar, kFar, kOtherGate, ours));  // it is on the link after all
  EXPECT_EQ(gateway_to(w, kFar), "on link");
  EXPECT_EQ(gateway_to(w, *IpAddress::parse("2001:db8:ffff::2")), "fe80::2");
  w.pass(11min);
  EXPECT_EQ(gateway_to(w, kFar), "fe80::2");
}

TEST(RouterService, AFloodOfRedirectsIsBounded) {
  World w(listening());
  w.give(advert({.lifetime = 9'000, .options = {mac_option(1), prefix_option("2001:db8:5::/64")}}));
  const auto before = w.shard->routes().size();
  for (std::uint32_t i = 0; i < 500; ++i) {
    auto b = kFar.to_bytes();
    store_be(&b[8], i);
    w.give(
        redirect(kOtherGate, IpAddress::v6(b), kGate, *IpAddress::parse("2001:db8:5::ff:fe00:1")));
    w.pass(100ms);
  }
  EXPECT_EQ(w.shard->routes().size(), before + 64);
}

TEST(RouterService, ASilentRouterGoesBehindAnother) {
  World w(listening());
  w.give(advert({.options = {prefix_option("2001:db8:5::/64")}}));
  w.give(advert({.src = kOtherGate}));
  EXPECT_EQ(gateway_to(w, kFar), "fe80::2");
  auto& udp = w.shard->udp();
  const auto id = *udp.open(IpFamily::kV6, 1);
  const auto path = *w.shard->route_for(kFar);
  auto chain = *buf::Chain::copy_of(text("x"), *w.data);
  ASSERT_TRUE(udp.send(id, chain, Endpoint{kFar, 7}, {path.source, path.mtu}));
  w.drain();
  w.pass(5s);
  EXPECT_EQ(gateway_to(w, kFar), "fe80::3");
}

// RFC 4861 §7.2.5: it answers, and is a router no more.
TEST(RouterService, ARouterThatRetiresIsLeft) {
  World w(listening());
  w.give(advert({.options = {mac_option(1), prefix_option("2001:db8:5::/64")}}));
  EXPECT_EQ(gateway_to(w, kFar), "fe80::2");
  const auto answer = [](bool router, const IpAddress& of) {
    const wire::NeighborAdvertisementSpec spec{.target = of,
                                               .router = router,
                                               .solicited = true,
                                               .override_cache = true,
                                               .target_link_layer = std::nullopt};
    Bytes m(spec.size());  // without its MAC, which is known
    spec.write(m);
    const IpAddress to = *IpAddress::parse("fe80::ff:fe00:1");
    wire::fill_icmpv6_checksum(of, to, m);
    return World::ip(58, m, of, to, 255);
  };
  w.give(answer(true, kGate));
  w.pass(0s);
  EXPECT_EQ(gateway_to(w, kFar), "fe80::2");
  w.give(answer(false, kGate));
  w.pass(0s);
  EXPECT_EQ(gateway_to(w, kFar), std::nullopt);
  w.give(answer(false, kOtherGate));  // whose MAC nobody knows
  EXPECT_EQ(w.drops(Drop::kIcmpIgnored), 1u);
}

TEST(RouterService, ADuplicateAddressIsReplaced) {
  auto c = listening();
  c.address_probes = 3;
  c.identifier = {neigh::IdentifierKind::kOpaque, {7, 8}};
  World w(c);
  w.pass(10s);
  w.give(advert({.options = {prefix_option("2001:db8:5::/64", 0x40)}}));
  const auto own = [&w] { return w.shard->interfaces()[0].addresses.back().prefix.address; };
  const IpAddress first = own();
  w.pass(0s);
  const wire::NeighborAdvertisementSpec spec{
      .target = first, .override_cache = true, .target_link_layer = kPeerMac};
  Bytes m(spec.size());
  spec.write(m);
  wire::fill_icmpv6_checksum(kGate, kEveryNode, m);
  w.give(World::ip(58, m, kGate, kEveryNode, 255));
  w.pass(1s);
  EXPECT_NE(own(), first);
  EXPECT_EQ(own().high(), first.high());
}

}  // namespace
}  // namespace zs::stack
