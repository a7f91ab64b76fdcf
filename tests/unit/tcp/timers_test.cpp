#include "tcp/timers.hpp"

#include <gtest/gtest.h>

namespace zs::tcp {
namespace {

constexpr Instant at_ns(std::int64_t ns) { return Instant::from_ns(ns); }

TEST(TimerTable, knows_the_earliest) {
  TimerTable timers;
  EXPECT_TRUE(timers.earliest().is_never());
  timers.set(TimerId::kRetransmit, at_ns(20));
  timers.set(TimerId::kDelayedAck, at_ns(10));
  EXPECT_EQ(timers.earliest(), at_ns(10));
  timers.cancel(TimerId::kDelayedAck);
  EXPECT_EQ(timers.earliest(), at_ns(20));
  EXPECT_FALSE(timers.is_armed(TimerId::kDelayedAck));
  timers.cancel_all();
  EXPECT_TRUE(timers.earliest().is_never());
}

TEST(TimerTable, fires_once_for_one_arming) {
  TimerTable timers;
  timers.set(TimerId::kPersist, at_ns(10));
  EXPECT_FALSE(timers.consume_if_due(TimerId::kPersist, at_ns(9)));
  EXPECT_TRUE(timers.consume_if_due(TimerId::kPersist, at_ns(10)));
  EXPECT_FALSE(timers.consume_if_due(TimerId::kPersist, at_ns(11)));
}

TEST(TimerTable, an_unarmed_timer_is_not_due_even_at_the_end_of_time) {
  TimerTable timers;
  EXPECT_FALSE(timers.consume_if_due(TimerId::kKeepAlive, Instant::never()));
}

}  // namespace
}  // namespace zs::tcp
