#include "tcp/cc/controller.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/random.hpp"

namespace zs::tcp::cc {
namespace {

constexpr Parameters kParameters{.mss = 1000, .initial_window = 10'000};

TEST(InitialWindow, follows_rfc_6928) {
  EXPECT_EQ(initial_window(10, 1460), 14'600u);
  EXPECT_EQ(initial_window(10, 8960), 17'920u);
  EXPECT_EQ(initial_window(10, 536), 5'360u);
}

TEST(Slot, selects_an_algorithm_in_place) {
  Slot slot = make(CongestionAlgorithm::kNewReno, kParameters);
  EXPECT_EQ(slot->name(), "newreno");
  slot.select(CongestionAlgorithm::kCubic, kParameters);
  EXPECT_EQ(slot->name(), "cubic");
  EXPECT_EQ(slot->window_bytes(), 10'000u);
  EXPECT_EQ(slot->pacing_rate(), 0u);
  slot.select(CongestionAlgorithm::kBbr, kParameters);
  EXPECT_EQ(slot->name(), "bbr");
  EXPECT_EQ(slot->window_bytes(), 10'000u);
  EXPECT_GT(slot->pacing_rate(), 10'000u);
}

DeliverySample any_delivery(Random& random, Instant now, std::uint32_t bytes) {
  DeliverySample s{.now = now, .total_delivered = random() >> random.below(64)};
  s.newly_acked = bytes;
  s.newly_lost = random.chance(0.2) ? random.below(100'000) : 0;
  s.in_flight = random.below(1'000'000);
  if (random.chance(0.7)) s.rtt = Duration{random.below(1'000'000'000)};
  s.is_known = random.chance(0.8);
  if (s.is_known) {
    s.rate = random() >> (10 + random.below(54));
    s.prior_delivered = s.total_delivered - (random() % (s.total_delivered + 1));
    s.delivered = bytes;
    s.lost = random.below(10'000);
    s.tx_in_flight = random.below(1'000'000);
    s.app_limited = random.chance(0.3);
    s.window_limited = random.chance(0.5);
  }
  if (s.newly_lost > 0) s.loss = {s.newly_lost, s.newly_lost, random.below(1'000'000), false};
  return s;
}

TEST(Slot, goes_on_with_its_window_when_the_algorithm_changes) {
  Slot slot = make(CongestionAlgorithm::kNewReno, kParameters);
  slot->on_loss(LossKind::kFastRecovery, Instant{}, 9'000);
  slot.change(CongestionAlgorithm::kCubic, kParameters);
  EXPECT_EQ(slot->name(), "cubic");
  EXPECT_EQ(slot->window_bytes(), 4'500u);
  EXPECT_EQ(slot->ssthresh(), 4'500u);
  slot->on_spurious(Instant{});  // of a loss that it has not seen
  EXPECT_EQ(slot->window_bytes(), 4'500u);
}

TEST(Slot, a_change_to_the_same_algorithm_is_none) {
  Slot slot = make(CongestionAlgorithm::kNewReno, kParameters);
  slot->on_loss(LossKind::kFastRecovery, Instant{}, 9'000);
  slot.change(CongestionAlgorithm::kNewReno, kParameters);
  slot->on_spurious(Instant{});
  EXPECT_EQ(slot->window_bytes(), 10'000u);
}

RC_GTEST_PROP(ControllerProperty, the_window_stays_in_bounds_whatever_happens,
              (std::uint64_t seed)) {
  Random random{seed};
  std::uint32_t mss = 1 + random.below(9000);
  constexpr CongestionAlgorithm kAll[] = {CongestionAlgorithm::kCubic,
                                          CongestionAlgorithm::kNewReno, CongestionAlgorithm::kBbr};
  Slot cc{kAll[random.below(3)], {.mss = mss, .initial_window = random.below(200'000)}};
  Instant now;
  for (int i = 0; i < 500; ++i) {
    now = now + Duration{static_cast<std::int64_t>(random() >> (20 + random.below(40)))};
    const auto bytes = static_cast<std::uint32_t>(random() >> (32 + random.below(31)));
    switch (random.below(15)) {
      case 0:
        cc->on_loss(LossKind::kFastRecovery, now, bytes);
        break;
      case 1:
        cc->on_loss(LossKind::kTimeout, now, bytes);
        break;
      case 2:
        cc->on_spurious(now);
        break;
      case 3:
        cc->on_recovery_exit(now);
        break;
      case 4:
        cc->on_idle_restart(now);
        break;
      case 5:
        cc->on_mss_change(mss = 1 + random.below(9000));
        break;
      case 6:
        cc->on_restart(now, random.chance(0.5));
        break;
      case 7:
      case 8:
        cc->on_delivery(any_delivery(random, now, bytes));
        break;
      default:
        cc->on_ack(
            {.now = now,
             .newly_acked_bytes = bytes,
             .smoothed_rtt = Duration{static_cast<std::int64_t>(random.below(1'000'000'000))},
             .app_limited = random.chance(0.1)});
    }
    RC_ASSERT(cc->window_bytes() >= mss);
    RC_ASSERT(cc->window_bytes() <= kMaxWindow);
    RC_ASSERT(cc->ssthresh() >= 2u);
  }
}

}  // namespace
}  // namespace zs::tcp::cc
