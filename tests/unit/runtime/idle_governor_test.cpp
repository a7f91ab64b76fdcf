#include "runtime/idle_governor.hpp"

#include <gtest/gtest.h>

namespace zs::runtime {
namespace {

using namespace std::chrono_literals;

constexpr Duration kSpin = 50us;

class IdleGovernorTest : public testing::Test {
 protected:
  /// Packets at these distances; in between the shard sleeps as soon as it may.
  void live_through(int packets, Duration gap) {
    for (int i = 0; i < packets; ++i) {
      for (Duration t = 0us; t < gap; t += 5us) {
        if (governor_.should_sleep(now_ + t)) governor_.on_sleep();
      }
      now_ = now_ + gap;
      governor_.on_work(now_);
    }
  }

  Instant now_ = Instant::from_ns(1'000'000'000);
  IdleGovernor governor_{kSpin, now_};
};

TEST_F(IdleGovernorTest, PollsForAWhileAtFirst) {
  EXPECT_FALSE(governor_.should_sleep(now_ + (kSpin - 1us)));
  EXPECT_TRUE(governor_.should_sleep(now_ + kSpin));
}

TEST_F(IdleGovernorTest, UnderLoadItNeverSleeps) {
  for (int i = 0; i < 10'000; ++i) {
    ASSERT_FALSE(governor_.should_sleep(now_ + 29us));
    now_ = now_ + 30us;
    governor_.on_work(now_);
  }
}

TEST_F(IdleGovernorTest, WhereGapsAreLongItSleepsAtOnce) {
  live_through(20, 1ms);
  EXPECT_TRUE(governor_.should_sleep(now_));
}

TEST_F(IdleGovernorTest, PollsAgainWhenTrafficGrowsThoughItSlept) {
  live_through(20, 1ms);
  // 60 us from packet to packet as a sleeper sees it, which is late itself.
  live_through(4, 60us);
  EXPECT_FALSE(governor_.should_sleep(now_ + (kSpin - 1us)));
}

TEST_F(IdleGovernorTest, FindsOutThatWakingUpLateMadeTheGapsLong) {
  live_through(20, 1ms);
  // Packets come 30 us after the shard is ready for them, but each way out of sleep takes 200 us.
  int slept = 0;
  for (int i = 0; i < 40; ++i) {
    const bool sleeps = governor_.should_sleep(now_ + 20us);
    if (sleeps) governor_.on_sleep();
    slept += sleeps ? 1 : 0;
    now_ = now_ + (sleeps ? Duration{230us} : Duration{30us});
    governor_.on_work(now_);
  }
  EXPECT_LE(slept, 16);
}

TEST_F(IdleGovernorTest, OneLongPauseDoesNotMakeItSleepy) {
  live_through(20, 20us);
  live_through(1, 10s);
  EXPECT_FALSE(governor_.should_sleep(now_ + (kSpin - 1us)));
}

TEST_F(IdleGovernorTest, AQuarterOfShortGapsIsWorthPolling) {
  for (int i = 0; i < 16; ++i) {
    live_through(3, 1ms);
    live_through(1, 10us);
  }
  EXPECT_FALSE(governor_.should_sleep(now_ + (kSpin - 1us)));
}

TEST_F(IdleGovernorTest, ZeroSpinSleepsAtOnce) {
  const IdleGovernor governor(0us, now_);
  EXPECT_TRUE(governor.should_sleep(now_));
}

TEST_F(IdleGovernorTest, TriesToSleepRarelyIfItCannot) {
  now_ = now_ + 1ms;
  ASSERT_TRUE(governor_.should_sleep(now_));
  governor_.on_insomnia(now_);
  EXPECT_FALSE(governor_.should_sleep(now_ + 99ms));
  EXPECT_TRUE(governor_.should_sleep(now_ + 100ms));
}

using Woken = IdleGovernor::Woken;

TEST_F(IdleGovernorTest, ADeviceThatIsSilentAboutPacketsIsTrustedNoMore) {
  governor_.on_wake(Woken::kByTime, 500ms, true);
  governor_.on_wake(Woken::kByTime, 500ms, true);
  EXPECT_TRUE(governor_.trusts_device());
  governor_.on_wake(Woken::kByTime, 500ms, true);
  EXPECT_FALSE(governor_.trusts_device());
}

TEST_F(IdleGovernorTest, ADeviceThatSignalsIsTrusted) {
  for (int i = 0; i < 20; ++i) {
    governor_.on_wake(Woken::kByTime, 500ms, true);
    governor_.on_wake(Woken::kByTime, 500ms, false);  // nothing came, nothing was missed
    governor_.on_wake(Woken::kByTime, 1ms, true);     // came just when a timer was due
    governor_.on_wake(Woken::kBySignal, 500ms, true);
  }
  EXPECT_TRUE(governor_.trusts_device());
}

}  // namespace
}  // namespace zs::runtime
