#include "tcp/defer_accept.hpp"

#include <gtest/gtest.h>

namespace zs::tcp {
namespace {

TEST(DeferAccept, counts_in_timeouts_what_is_said_in_seconds) {
  EXPECT_EQ(deferred_timeouts(-5), 0);
  EXPECT_EQ(deferred_timeouts(0), 0);
  EXPECT_EQ(deferred_timeouts(1), 1);
  EXPECT_EQ(deferred_timeouts(2), 2);
  EXPECT_EQ(deferred_timeouts(3), 2);
  EXPECT_EQ(deferred_timeouts(4), 3);
  EXPECT_EQ(deferred_timeouts(7), 3);
  EXPECT_EQ(deferred_timeouts(127), 7);
  EXPECT_EQ(deferred_timeouts(128), 8);
  EXPECT_EQ(deferred_timeouts(2'147'483'647), 255);
}

TEST(DeferAccept, says_in_seconds_how_long_that_takes) {
  EXPECT_EQ(deferred_seconds(0), 0);
  EXPECT_EQ(deferred_seconds(1), 1);
  EXPECT_EQ(deferred_seconds(3), 7);
  EXPECT_EQ(deferred_seconds(7), 127);
  EXPECT_EQ(deferred_seconds(8), 247);  // no more than 120 seconds each
}

}  // namespace
}  // namespace zs::tcp
