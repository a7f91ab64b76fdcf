#include "ip/flow_label.hpp"

#include <gtest/gtest.h>

#include <set>

namespace zs::ip {
namespace {

TEST(FlowLabel, IsStableSpreadAndSecret) {
  const IpAddress a = *IpAddress::parse("2001:db8::1");
  const IpAddress b = *IpAddress::parse("2001:db8::2");
  const SipKey key{1, 2};
  EXPECT_EQ(flow_label(key, a, b, 7), flow_label(key, a, b, 7));
  EXPECT_NE(flow_label(key, a, b, 7), flow_label(key, b, a, 7));
  EXPECT_NE(flow_label(key, a, b, 7), flow_label({1, 3}, a, b, 7));
  std::set<std::uint32_t> seen;
  for (std::uint32_t ports = 0; ports < 10'000; ++ports) {
    const std::uint32_t label = flow_label(key, a, b, ports);
    EXPECT_GT(label, 0u);
    EXPECT_LE(label, 0xf'ffffu);
    seen.insert(label);
  }
  EXPECT_GT(seen.size(), 9'900u);  // of a million
}

}  // namespace
}  // namespace zs::ip
