#include "neigh/router_discovery.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "base/byte_order.hpp"

namespace zs::neigh {
namespace {

using Bytes = std::vector<std::byte>;
using Kind = RouterChange::Kind;

const MacAddress kHostMac = *MacAddress::parse("02:00:00:00:00:01");
const IpAddress kRouterA = *IpAddress::parse("fe80::a");
const IpAddress kRouterB = *IpAddress::parse("fe80::b");
constexpr std::uint32_t kForEver = UINT32_MAX;

struct PrefixOption {
  const char* prefix = "2001:db8::/64";
  std::uint32_t valid = 7'200;
  std::uint32_t preferred = 3'600;
  std::uint8_t flags = 0xc0;
};

class RouterDiscoveryTest : public testing::Test {
 protected:
  RouterDiscoveryTest() { d.start(0, kHostMac, now); }

  void advertise(std::uint16_t lifetime, const std::vector<PrefixOption>& prefixes,
                 const IpAddress& router = kRouterA, std::uint16_t interface = 0) {
    Bytes m(16);
    m[0] = std::byte{134};
    store_be(&m[6], lifetime);
    for (const PrefixOption& p : prefixes) {
      const IpPrefix prefix = *IpPrefix::parse(p.prefix);
      Bytes o(32);
      o[0] = std::byte{3};
      o[1] = std::byte{4};
      o[2] = std::byte{prefix.length};
      o[3] = std::byte{p.flags};
      store_be(&o[4], p.valid);
      store_be(&o[8], p.preferred);
      std::copy(prefix.address.bytes().begin(), prefix.address.bytes().end(), o.begin() + 16);
      m.insert(m.end(), o.begin(), o.end());
    }
    const auto message = wire::RouterAdvertisement::parse(m);
    ASSERT_TRUE(message);
    d.on_advertisement(interface, router, *message, now);
  }
  /// What changed since the last time, as text.
  std::string changes() {
    static const char* const names[] = {"+router", "-router", "+link",      "-link",
                                        "+addr",   "-addr",   "deprecated", "preferred"};
    std::string out;
    while (const auto c = d.poll_change()) {
      const bool router = c->kind == Kind::kRouterFound || c->kind == Kind::kRouterLost;
      out += (out.empty() ? "" : ", ") + std::string(names[static_cast<int>(c->kind)]) + " " +
             (router ? c->address.to_string() : c->prefix.to_string());
    }
    return out;
  }
  std::string pass(Duration time) {
    const Instant end = now + time;
    std::string out;
    while (d.next_deadline() <= end) {
      EXPECT_GT(d.next_deadline(), last_);
      last_ = now = d.next_deadline();
      d.on_deadline(now);
      if (const std::string s = changes(); !s.empty()) out += (out.empty() ? "" : ", ") + s;
      while (d.poll_solicitation()) solicited.push_back(now);
    }
    now = end;
    d.on_deadline(now);
    return out;
  }

  Instant now = Instant::from_ns(1'000'000'000);
  Instant last_ = Instant::from_ns(0);
  RouterDiscovery d{{.identifier = {}, .routers = 4, .prefixes = 4}, 1};
  std::vector<Instant> solicited;
};

TEST_F(RouterDiscoveryTest, AsksEverMoreRarely) {  // RFC 7559
  pass(2h);
  ASSERT_GE(solicited.size(), 9u);
  EXPECT_LE(solicited[0] - Instant::from_ns(1'000'000'000), 1s);
  double interval = 4;
  for (std::size_t i = 1; i < solicited.size(); ++i) {
    const double seconds = std::chrono::duration<double>(solicited[i] - solicited[i - 1]).count();
    EXPECT_GE(seconds, interval * 0.89);
    EXPECT_LE(seconds, interval * 1.11);
    interval = std::min(interval * 2, 3'600.0);
  }
  solicited.clear();
  advertise(1'800, {});
  pass(20min);
  EXPECT_TRUE(solicited.empty());
  d.on_link_up(0, now);
  pass(1s);
  EXPECT_EQ(solicited.size(), 1u);
}

TEST_F(RouterDiscoveryTest, DefaultRoutersComeAndGo) {
  advertise(60, {}, kRouterA);
  advertise(90, {}, kRouterB);
  EXPECT_EQ(changes(), "+router fe80::a, +router fe80::b");
  advertise(60, {}, kRouterA);
  EXPECT_EQ(changes(), "");
  EXPECT_EQ(pass(61s), "-router fe80::a");
  advertise(0, {}, kRouterB);  // it has stopped
  EXPECT_EQ(changes(), "-router fe80::b");
  EXPECT_EQ(d.routers(), 0u);
  advertise(0, {}, kRouterB);
  EXPECT_EQ(changes(), "");
}

TEST_F(RouterDiscoveryTest, ASilentRouterGoesBehind) {
  advertise(600, {}, kRouterA);
  d.on_unreachable(0, kRouterA);
  EXPECT_EQ(changes(), "+router fe80::a");  // the only one there is
  advertise(600, {}, kRouterB);
  EXPECT_EQ(changes(), "+router fe80::b");
  d.on_unreachable(0, kRouterA);
  EXPECT_EQ(changes(), "-router fe80::a, +router fe80::a");
}

TEST_F(RouterDiscoveryTest, PrefixesMakeLinksAndAddresses) {
  advertise(0, {{}});
  EXPECT_EQ(changes(), "+link 2001:db8::/64, +addr 2001:db8::ff:fe00:1/64");
  EXPECT_EQ(pass(3'601s), "deprecated 2001:db8::ff:fe00:1/64");
  advertise(0, {{}});
  EXPECT_EQ(changes(), "preferred 2001:db8::ff:fe00:1/64");
  EXPECT_EQ(pass(7'201s),
            "deprecated 2001:db8::ff:fe00:1/64, -link 2001:db8::/64, -addr 2001:db8::ff:fe00:1/64");
  EXPECT_EQ(d.prefixes(), 0u);
}

TEST_F(RouterDiscoveryTest, FlagsAreKept) {
  advertise(0, {{.flags = 0x80}});
  EXPECT_EQ(changes(), "+link 2001:db8::/64");
  advertise(0, {{.prefix = "2001:db8:1::/64", .flags = 0x40}});
  EXPECT_EQ(changes(), "+addr 2001:db8:1::ff:fe00:1/64");
  advertise(0, {{.prefix = "2001:db8:2::/64", .flags = 0}});
  advertise(0, {{.prefix = "2001:db8:3::/64", .valid = 10, .preferred = 20, .flags = 0x40}});
  advertise(0, {{.prefix = "2001:db8:4::/64", .valid = 0, .preferred = 0, .flags = 0xc0}});
  advertise(0, {{.prefix = "fe80::/64"}});
  advertise(0, {{.prefix = "2001:db8:5::/48", .flags = 0x40}});  // no room for 64 bits
  EXPECT_EQ(changes(), "");
}

TEST_F(RouterDiscoveryTest, TheTwoHourRule) {  // RFC 4862 §5.5.3(e)
  advertise(0, {{.valid = 86'400, .preferred = 86'400, .flags = 0x40}});
  EXPECT_NE(changes(), "");
  // Nobody can end the address at once, though it is not preferred any more.
  advertise(0, {{.valid = 0, .preferred = 0, .flags = 0x40}});
  EXPECT_EQ(changes(), "deprecated 2001:db8::ff:fe00:1/64");
  EXPECT_EQ(pass(7'199s), "");
  // Within the last two hours less is not believed, and more is.
  advertise(0, {{.valid = 0, .preferred = 0, .flags = 0x40}});
  EXPECT_EQ(pass(2s), "-addr 2001:db8::ff:fe00:1/64");
  advertise(0, {{.valid = 60, .preferred = 60, .flags = 0x40}});
  EXPECT_NE(changes(), "");
  advertise(0, {{.valid = 600, .preferred = 600, .flags = 0x40}});
  EXPECT_EQ(pass(599s), "");
  EXPECT_EQ(pass(2s), "-addr 2001:db8::ff:fe00:1/64");
}

TEST_F(RouterDiscoveryTest, WhatIsOnTheLinkEndsAtOnce) {  // RFC 4861 §6.3.4
  advertise(0, {{.valid = kForEver, .preferred = kForEver, .flags = 0x80}});
  EXPECT_EQ(changes(), "+link 2001:db8::/64");
  EXPECT_EQ(pass(24h * 365), "");
  advertise(0, {{.valid = 0, .preferred = 0, .flags = 0x80}});
  EXPECT_EQ(changes(), "-link 2001:db8::/64");
}

TEST_F(RouterDiscoveryTest, DuplicatesAreReplacedWhereTheyCanBe) {
  advertise(0, {{.flags = 0x40}});
  EXPECT_EQ(changes(), "+addr 2001:db8::ff:fe00:1/64");
  d.on_duplicate(0, *IpAddress::parse("2001:db8::ff:fe00:1"));
  EXPECT_EQ(changes(), "-addr 2001:db8::ff:fe00:1/64");

  RouterDiscovery opaque({.identifier = {IdentifierKind::kOpaque, {1, 2}}}, 1);
  std::swap(d, opaque);
  d.start(0, kHostMac, now);
  advertise(0, {{.flags = 0x40}});
  auto made = d.poll_change();
  for (int n = 0; n < kIdentifierRetries; ++n) {
    ASSERT_TRUE(made && made->kind == Kind::kAddressMade);
    d.on_duplicate(0, made->prefix.address);
    ASSERT_EQ(d.poll_change()->kind, Kind::kAddressGone);
    made = d.poll_change();
  }
  d.on_duplicate(0, made->prefix.address);
  ASSERT_EQ(d.poll_change()->kind, Kind::kAddressGone);
  EXPECT_FALSE(d.poll_change());
}

TEST_F(RouterDiscoveryTest, IsBounded) {
  for (std::uint32_t i = 0; i < 100; ++i) {
    advertise(600, {{.prefix = ("2001:db8:" + std::to_string(i) + "::/64").c_str()}},
              IpAddress::v6([&] {
                auto b = kRouterA.to_bytes();
                b[15] = static_cast<std::byte>(i);
                return b;
              }()));
  }
  EXPECT_EQ(d.routers(), 4u);
  EXPECT_EQ(d.prefixes(), 4u);
}

TEST_F(RouterDiscoveryTest, OtherInterfacesAreDeaf) {
  advertise(600, {{}}, kRouterA, 1);
  EXPECT_EQ(changes(), "");
}

}  // namespace
}  // namespace zs::neigh
