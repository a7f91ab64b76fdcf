#include "stack/config_check.hpp"

#include <gtest/gtest.h>

#include <functional>

#include "unit/stack/world.hpp"

namespace zs::stack {
namespace {

using namespace test;

IpPrefix prefix(const char* text) { return *IpPrefix::parse(text); }

TEST(AddressesOf, AddsALinkLocalOneWhereThereIsIpv6Without) {
  InterfaceConfig c = World::default_config().interfaces[0];
  const auto with = addresses_of(c);
  ASSERT_EQ(with.size(), 3u);
  EXPECT_EQ(with[2], prefix("fe80::ff:fe00:1/64"));  // RFC 4291 appendix A of 02:00:00:00:00:01
  c.addresses = {prefix("2001:db8::1/64"), prefix("fe80::7/64")};
  EXPECT_EQ(addresses_of(c), c.addresses);
  c.addresses = {prefix("10.0.0.1/24")};
  EXPECT_EQ(addresses_of(c), c.addresses);
}

TEST(CheckConfig, SaysWhatCannotWork) {
  World w;
  struct Case {
    const char* says;
    std::function<void(ShardConfig&)> change;
  };
  const auto set = [](const char* text) {
    return [text](ShardConfig& c) { c.interfaces[0].addresses = {prefix(text)}; };
  };
  const Case cases[] = {
      {"no interface", [](auto& c) { c.interfaces.clear(); }},
      {"too many", [](auto& c) { c.interfaces.resize(257, c.interfaces[0]); }},
      {"neighbor_entries", [](auto& c) { c.neighbor_entries = 0; }},
      {"neighbor_entries", [](auto& c) { c.neighbor_entries = 65'536; }},
      {"udp_sockets", [](auto& c) { c.udp_sockets = 0; }},
      {"MAC", [](auto& c) { c.interfaces[0].device.mac = {}; }},
      {"MAC", [](auto& c) { c.interfaces[0].device.mac = MacAddress::broadcast(); }},
      {"MTU 575", [](auto& c) { c.interfaces[0].device.mtu = 575; }},
      {"1280", [](auto& c) { c.interfaces[0].device.mtu = 1'279; }},
      {"cannot be", set("10.0.0.255/24")},
      {"cannot be", set("::1/128")},
      {"twice",
       [](auto& c) {
         c.interfaces[0].addresses = {prefix("10.0.0.1/24"), prefix("10.0.0.1/8")};
       }},
      {"no such interface",
       [](auto& c) {
         c.routes = {{prefix("0.0.0.0/0"), kPeer, 1}};
       }},
  };
  for (const Case& c : cases) {
    ShardConfig config = World::default_config();
    c.change(config);
    const std::string why = check_config(config, w.pools());
    EXPECT_NE(why.find(c.says), std::string::npos) << c.says << ": " << why;
  }
  EXPECT_EQ(check_config(World::default_config(), w.pools()), "");
  EXPECT_NE(check_config(World::default_config(), {}), "");
}

TEST(CheckRoute, SaysWhatCannotWork) {
  const auto interfaces = World::default_config().interfaces;
  const auto check = [&](const char* to, const char* via = nullptr) {
    RouteConfig r{prefix(to), std::nullopt, 0};
    if (via != nullptr) r.gateway = *IpAddress::parse(via);
    return check_route(r, interfaces);
  };
  EXPECT_EQ(check("0.0.0.0/0", "10.0.0.2"), "");
  EXPECT_EQ(check("::/0", "fe80::2"), "");
  EXPECT_EQ(check("192.168.0.0/16"), "");
  for (const auto& [to, via, says] :
       {std::tuple{"0.0.0.0/0", "10.0.0.1", "our own"}, std::tuple{"0.0.0.0/0", "10.0.1.2", "link"},
        std::tuple{"0.0.0.0/0", "fe80::2", "another family"},
        std::tuple{"224.0.0.0/4", "10.0.0.2", "not a destination"},
        std::tuple{"127.0.0.0/8", "10.0.0.2", "not a destination"}}) {
    EXPECT_NE(check(to, via).find(says), std::string::npos) << says << ": " << check(to, via);
  }
}

}  // namespace
}  // namespace zs::stack
