#include "tcp/pacer.hpp"

#include <gtest/gtest.h>

namespace zs::tcp {
namespace {

using namespace std::chrono_literals;

TEST(PacerQuantum, is_a_millisecond_in_whole_segments_within_bounds) {
  EXPECT_EQ(Pacer::quantum(10'000'000, 1'000, 65'000), 10'000u);
  EXPECT_EQ(Pacer::quantum(10'900'000, 1'000, 65'000), 10'000u);
  EXPECT_EQ(Pacer::quantum(1, 1'000, 65'000), 2'000u);
  EXPECT_EQ(Pacer::quantum(Pacer::kUnlimited, 1'000, 65'500), 65'000u);
  EXPECT_EQ(Pacer::quantum(1, 9'000, 9'000), 9'000u);  // a device without segmentation
}

TEST(Pacer, pauses_in_proportion) {
  Pacer pacer;
  Instant now = Instant::from_ns(0) + 10s;
  EXPECT_FALSE(pacer.holds(now));
  pacer.on_sent(2'000, 1'000'000, now);
  EXPECT_EQ(pacer.next(), now + 2ms);
  EXPECT_TRUE(pacer.holds(now + 1ms));
  EXPECT_FALSE(pacer.holds(now + 2ms));
}

// A timer that fires late must not cost rate, and an idle time must not be saved up.
TEST(Pacer, makes_up_for_late_wakes_but_not_for_idle_time) {
  Pacer pacer;
  const Instant start = Instant::from_ns(0) + 10s;
  pacer.on_sent(10'000, 1'000'000, start);
  pacer.on_sent(10'000, 1'000'000, start + 12ms);  // 2 ms late
  EXPECT_EQ(pacer.next(), start + 20ms);
  pacer.on_sent(10'000, 1'000'000, start + 29ms);  // 9 ms late, of which a half pause counts
  EXPECT_EQ(pacer.next(), start + 34ms);
  pacer.on_sent(10'000, 1'000'000, start + 1s);
  EXPECT_EQ(pacer.next(), start + 1s + 10ms);
}

TEST(Pacer, never_waits_without_a_limit) {
  Pacer pacer;
  const Instant now = Instant::from_ns(0) + 10s;
  pacer.on_sent(UINT32_MAX, Pacer::kUnlimited, now);
  EXPECT_FALSE(pacer.holds(now));
  pacer.on_sent(UINT32_MAX, 1, now);
  EXPECT_TRUE(pacer.holds(now + 1h));
  pacer.release();
  EXPECT_FALSE(pacer.holds(now));
}

}  // namespace
}  // namespace zs::tcp
