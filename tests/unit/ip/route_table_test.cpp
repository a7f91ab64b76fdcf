#include "ip/route_table.hpp"

#include <gtest/gtest.h>

namespace zs::ip {
namespace {

Route route(const char* prefix, std::uint16_t interface) {
  return {*IpPrefix::parse(prefix), std::nullopt, interface};
}
IpAddress at(const char* text) { return *IpAddress::parse(text); }

TEST(RouteTable, LongestPrefixWinsInBothFamilies) {
  RouteTable t;
  for (const auto& r :
       {route("0.0.0.0/0", 1), route("10.0.0.0/8", 2), route("10.1.0.0/16", 3),
        route("10.1.2.3/32", 4), route("2001:db8::/32", 6), route("2001:db8:1::/48", 7)}) {
    ASSERT_TRUE(t.add(r));
  }
  EXPECT_EQ(t.lookup(at("8.8.8.8"))->interface, 1);
  EXPECT_EQ(t.lookup(at("10.9.9.9"))->interface, 2);
  EXPECT_EQ(t.lookup(at("10.1.9.9"))->interface, 3);
  EXPECT_EQ(t.lookup(at("10.1.2.3"))->interface, 4);
  EXPECT_EQ(t.lookup(at("2001:db8:2::1"))->interface, 6);
  EXPECT_EQ(t.lookup(at("2001:db8:1::1"))->interface, 7);
  EXPECT_EQ(t.lookup(at("2002::1")), nullptr);
}

TEST(RouteTable, TheSixDefaultDoesNotTakeFour) {
  RouteTable t;
  ASSERT_TRUE(t.add(route("::/0", 1)));
  EXPECT_EQ(t.lookup(at("10.0.0.1")), nullptr);
  EXPECT_EQ(t.lookup(at("2001::1"))->interface, 1);
}

TEST(RouteTable, ChangesMoveTheGeneration) {
  RouteTable t;
  const auto before = t.generation();
  ASSERT_TRUE(t.add(route("10.0.0.5/8", 1)));
  EXPECT_NE(t.generation(), before);
  EXPECT_EQ(t.add(route("10.0.0.9/8", 1)).error(), Errc::kAlready);
  ASSERT_TRUE(t.remove(route("10.0.0.0/8", 1)));
  EXPECT_EQ(t.remove(route("10.0.0.0/8", 1)).error(), Errc::kNotFound);
  EXPECT_EQ(t.add({*IpPrefix::parse("10.0.0.0/8"), at("fe80::1"), 0}).error(), Errc::kInvalid);
}

}  // namespace
}  // namespace zs::ip
