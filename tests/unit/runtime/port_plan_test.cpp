#include "runtime/port_plan.hpp"

#include <gtest/gtest.h>

namespace zs::runtime {
namespace {

TEST(PortPlan, EveryPortHasOneOwnerWhoMayUseIt) {
  for (const std::size_t shards : {1u, 2u, 3u, 7u, 64u}) {
    const PortPlan plan({32'768, 60'999}, shards);
    std::uint32_t dealt = 0;
    for (std::size_t shard = 0; shard < shards; ++shard) {
      const auto [low, high] = plan.range_of(shard);
      for (std::uint32_t port = low; port <= high; ++port, ++dealt) {
        ASSERT_EQ(plan.owner_of(static_cast<std::uint16_t>(port)), shard) << port;
      }
    }
    EXPECT_EQ(dealt, 60'999u - 32'768 + 1);
  }
}

TEST(PortPlan, OtherPortsAreNobodys) {
  const PortPlan plan({32'768, 60'999}, 2);
  EXPECT_FALSE(plan.owner_of(80));
  EXPECT_FALSE(plan.owner_of(32'767));
  EXPECT_FALSE(plan.owner_of(61'000));
}

TEST(PortPlan, ItEndsWithTheLastPort) {
  const PortPlan plan({1'024, 65'535}, 2);
  EXPECT_EQ(plan.range_of(1).high, 65'535);
  EXPECT_EQ(plan.owner_of(65'535), 1u);
}

TEST(PortPlan, TooFewPortsAreSharedByAll) {
  const PortPlan plan({5'000, 5'001}, 3);
  EXPECT_EQ(plan.range_of(2).low, 5'000);
  EXPECT_EQ(plan.range_of(2).high, 5'001);
  EXPECT_FALSE(plan.owner_of(5'000));
}

}  // namespace
}  // namespace zs::runtime
