#include "base/random.hpp"

#include <gtest/gtest.h>

#include <array>

namespace zs {
namespace {

// Computed apart from this code, from the published algorithm (splitmix64 and xoshiro256**).
TEST(Random, MatchesThePublishedGenerator) {
  Random random(0);
  EXPECT_EQ(random(), 0x99ec5f36cb75f2b4u);
  EXPECT_EQ(random(), 0xbf6e1f784956452au);
  EXPECT_EQ(random(), 0x1a5f849d4933e6e0u);
}

TEST(Random, RepeatsItselfForASeedAndNotForAnother) {
  Random a(1);
  Random b(1);
  Random other(2);
  int equal = 0;
  for (int i = 0; i < 100; ++i) {
    const auto value = a();
    EXPECT_EQ(value, b());
    equal += value == other() ? 1 : 0;
  }
  EXPECT_EQ(equal, 0);
}

TEST(Random, BelowReachesEachValueAndNoOther) {
  Random random(3);
  std::array<int, 7> seen{};
  for (int i = 0; i < 7000; ++i) ++seen.at(random.below(7));
  for (const int n : seen) EXPECT_NEAR(n, 1000, 200);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(random.below(1), 0u);
  for (int i = 0; i < 100; ++i) EXPECT_LT(random.below(UINT32_MAX), UINT32_MAX);
}

TEST(Random, ChanceIsNeverAlwaysOrInBetween) {
  Random random(4);
  int hits = 0;
  for (int i = 0; i < 10000; ++i) {
    EXPECT_FALSE(random.chance(0.0));
    EXPECT_TRUE(random.chance(1.0));
    hits += random.chance(0.25) ? 1 : 0;
  }
  EXPECT_NEAR(hits, 2500, 250);
}

}  // namespace
}  // namespace zs
