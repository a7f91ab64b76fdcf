#include "base/time.hpp"

#include <gtest/gtest.h>

namespace zs {
namespace {

using namespace std::chrono_literals;

TEST(Instant, MovesByDurations) {
  const auto start = Instant::from_ns(5);
  EXPECT_EQ((start + 1ms).ns(), 1'000'005);
  EXPECT_EQ((start + -5ns), Instant{});
  EXPECT_EQ((start + 3s) - start, 3s);
  EXPECT_EQ(start - (start + 3s), -3s);
  EXPECT_LT(start, start + 1ns);
}

TEST(Instant, NeverIsBehindEveryOtherAndStaysThere) {
  EXPECT_TRUE(Instant::never().is_never());
  EXPECT_FALSE(Instant{}.is_never());
  EXPECT_GT(Instant::never(), Instant::from_ns(INT64_MAX - 1));
  EXPECT_EQ(Instant::never() + 1h, Instant::never());
  EXPECT_EQ(Instant::never() + -1h, Instant::never());
}

}  // namespace
}  // namespace zs
