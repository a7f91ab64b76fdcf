#include "neigh/interface_id.hpp"

#include <gtest/gtest.h>

#include <set>

namespace zs::neigh {
namespace {

const MacAddress kIdMac = *MacAddress::parse("02:11:22:33:44:55");
const IpPrefix kIdPrefix = *IpPrefix::parse("2001:db8:7::/64");

TEST(InterfaceId, Eui64IsTheMac) {  // RFC 4291 appendix A
  const IdentifierPolicy eui;
  EXPECT_EQ(make_address(eui, kIdPrefix, kIdMac),
            IpPrefix::parse("2001:db8:7::11:22ff:fe33:4455/64"));
  EXPECT_EQ(make_link_local(eui, kIdMac), IpPrefix::parse("fe80::11:22ff:fe33:4455/64"));
  EXPECT_EQ(make_address(eui, kIdPrefix, kIdMac, 1), std::nullopt);  // there is no other
}

TEST(InterfaceId, OpaqueIsStableAndUnlinkable) {  // RFC 7217 §5
  const IdentifierPolicy opaque{IdentifierKind::kOpaque, {1, 2}};
  const auto first = make_address(opaque, kIdPrefix, kIdMac);
  ASSERT_TRUE(first);
  EXPECT_TRUE(kIdPrefix.contains(first->address));
  EXPECT_EQ(first, make_address(opaque, kIdPrefix, kIdMac));
  std::set<std::uint64_t> ids{first->address.low()};
  const auto differs = [&ids](const std::optional<IpPrefix>& p) {
    return p && ids.insert(p->address.low()).second;
  };
  EXPECT_TRUE(differs(make_address(opaque, *IpPrefix::parse("2001:db8:8::/64"), kIdMac)));
  EXPECT_TRUE(differs(make_address(opaque, kIdPrefix, *MacAddress::parse("02:11:22:33:44:56"))));
  EXPECT_TRUE(differs(make_address({IdentifierKind::kOpaque, {1, 3}}, kIdPrefix, kIdMac)));
  EXPECT_TRUE(differs(make_link_local(opaque, kIdMac)));
  for (std::uint8_t n = 1; n <= kIdentifierRetries; ++n) {
    EXPECT_TRUE(differs(make_address(opaque, kIdPrefix, kIdMac, n)));
  }
  EXPECT_EQ(make_address(opaque, kIdPrefix, kIdMac, kIdentifierRetries + 1), std::nullopt);
}

TEST(InterfaceId, NeedsSixtyFourBits) {
  EXPECT_EQ(make_address({}, *IpPrefix::parse("2001:db8::/63"), kIdMac), std::nullopt);
  EXPECT_EQ(make_address({}, *IpPrefix::parse("10.0.0.0/24"), kIdMac), std::nullopt);
}

}  // namespace
}  // namespace zs::neigh
