#include "ip/path_mtu.hpp"

#include <gtest/gtest.h>

#include "ip/token_bucket.hpp"

namespace zs::ip {
namespace {

const IpAddress kFar = IpAddress::v4(8, 8, 8, 8);
const Instant kStart = Instant::from_ns(5'000'000'000);

TEST(PathMtuCache, LearnsForgetsAndHasAFloor) {
  PathMtuCache c({1, 2});
  EXPECT_EQ(c.lookup(kFar, 1500, kStart), 1500);
  EXPECT_EQ(c.learn(kFar, 1400, kStart), 1400);
  EXPECT_EQ(c.learn(kFar, 1450, kStart), 1400);
  EXPECT_EQ(c.lookup(kFar, 1500, kStart), 1400);
  EXPECT_EQ(c.learn(kFar, 68, kStart), PathMtuCache::kFloorV4);
  EXPECT_EQ(c.learn(*IpAddress::parse("2001::1"), 0, kStart), PathMtuCache::kFloorV6);
  EXPECT_EQ(c.lookup(kFar, 1500, kStart + PathMtuCache::kLifetime), 1500);
}

TEST(PathMtuCache, StaysBoundedUnderAFlood) {
  PathMtuCache c({1, 2}, 8);
  for (std::uint32_t i = 0; i < 1'000; ++i) c.learn(IpAddress::v4(i), 1000, kStart);
  std::size_t known = 0;
  for (std::uint32_t i = 0; i < 1'000; ++i)
    known += c.lookup(IpAddress::v4(i), 1500, kStart) < 1500;
  EXPECT_LE(known, 8u);
}

TEST(TokenBucket, BurstThenRate) {
  TokenBucket b(10, 3);
  Instant now = kStart;
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(b.take(now));
  EXPECT_FALSE(b.take(now));
  int passed = 0;
  for (int ms = 0; ms < 1'000; ++ms) {
    now = now + 1ms;
    passed += b.take(now) ? 1 : 0;
  }
  EXPECT_EQ(passed, 10);
}

}  // namespace
}  // namespace zs::ip
