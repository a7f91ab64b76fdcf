#include "stack/core.hpp"

#include <gtest/gtest.h>

#include "unit/stack/world.hpp"

namespace zs::stack {
namespace {

using namespace test;

struct CoreWorld : World {
  explicit CoreWorld(const ShardConfig& config = default_config())
      : core(std::make_unique<Core>(config, pools(), now)) {}
  std::unique_ptr<Core> core;
};

TEST(Core, FindsTheNextHop) {
  auto config = World::default_config();
  config.routes.push_back({*IpPrefix::parse("192.168.0.0/16"), kPeer, 0});
  CoreWorld w(config);
  struct Case {
    const char* to;
    std::optional<IpAddress> neighbor;
  };
  const IpAddress group = IpAddress::v4(224, 0, 0, 9);
  for (const Case& c :
       {Case{"10.0.0.9", IpAddress::v4(10, 0, 0, 9)}, Case{"192.168.3.4", kPeer},
        Case{"8.8.8.8", std::nullopt}, Case{"224.0.0.9", group},
        Case{"255.255.255.255", IpAddress::v4(0xffff'ffff)},
        Case{"2001:db8::9", *IpAddress::parse("2001:db8::9")}, Case{"2001:db9::9", std::nullopt}}) {
    const auto hop = w.core->next_hop(*IpAddress::parse(c.to));
    ASSERT_EQ(hop.has_value(), c.neighbor.has_value()) << c.to;
    if (hop) {
      EXPECT_EQ(hop->neighbor, *c.neighbor) << c.to;
    }
  }
}

TEST(Core, HintsGrowOldWithEveryChangeOfRoutes) {
  CoreWorld w;
  const auto before = w.core->egress_generation();
  ASSERT_TRUE(w.core->routes.add({*IpPrefix::parse("0.0.0.0/0"), kPeer, 0}));
  EXPECT_NE(w.core->egress_generation(), before);
  EXPECT_NE(w.core->egress_generation(), 0u);
}

TEST(Core, TheReadyQueueIsBounded) {
  CoreWorld w;
  const auto push = [&w] { w.core->push_ready(0, *buf::Mbuf::copy_of(text("f"), *w.data)); };
  for (std::size_t i = 0; i < Interface::kReadyPackets; ++i) push();
  EXPECT_EQ(w.core->drops[Drop::kTxQueueFull], 0u);
  push();
  EXPECT_EQ(w.core->drops[Drop::kTxQueueFull], 1u);
  w.core.reset();
  EXPECT_EQ(w.data->in_use(), 0u);
}

TEST(Core, TcpUnitsFitTheDevice) {
  for (const auto& [device, most] : {std::pair{0u, 1'500u}, std::pair{16'000u, 16'000u}}) {
    auto config = World::default_config();
    config.interfaces[0].device.max_tso_bytes = device;
    EXPECT_LE(CoreWorld(config).core->tcp.config().max_tso_bytes, most);
  }
}

}  // namespace
}  // namespace zs::stack
