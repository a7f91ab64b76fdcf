#include "tcp/cc/newreno.hpp"

#include <gtest/gtest.h>

namespace zs::tcp::cc {
namespace {

constexpr Parameters kNewRenoParameters{.mss = 1000, .initial_window = 10'000};

AckSample ack(std::uint32_t bytes) { return {.newly_acked_bytes = bytes}; }

TEST(NewReno, slow_start_adds_what_was_acknowledged_up_to_two_segments) {
  NewReno cc{kNewRenoParameters};
  EXPECT_TRUE(cc.is_slow_start());
  cc.on_ack(ack(700));
  EXPECT_EQ(cc.window_bytes(), 10'700u);
  cc.on_ack(ack(60'000));
  EXPECT_EQ(cc.window_bytes(), 12'700u);
}

TEST(NewReno, an_unused_window_does_not_grow) {
  NewReno cc{kNewRenoParameters};
  AckSample sample = ack(1000);
  sample.app_limited = true;
  cc.on_ack(sample);
  EXPECT_EQ(cc.window_bytes(), 10'000u);
}

TEST(NewReno, a_loss_halves_and_avoidance_adds_a_segment_a_window) {
  NewReno cc{kNewRenoParameters};
  cc.on_loss(LossKind::kFastRecovery, {}, 20'000);
  EXPECT_EQ(cc.window_bytes(), 10'000u);
  EXPECT_EQ(cc.ssthresh(), 10'000u);
  cc.on_recovery_exit({});
  for (int i = 0; i < 9; ++i) cc.on_ack(ack(1000));
  EXPECT_EQ(cc.window_bytes(), 10'000u);
  cc.on_ack(ack(1000));
  EXPECT_EQ(cc.window_bytes(), 11'000u);
}

TEST(NewReno, a_timeout_goes_back_to_one_segment) {
  NewReno cc{kNewRenoParameters};
  cc.on_loss(LossKind::kTimeout, {}, 10'000);
  EXPECT_EQ(cc.window_bytes(), 1000u);
  EXPECT_EQ(cc.ssthresh(), 5000u);
  cc.on_loss(LossKind::kTimeout, {}, 1000);  // nothing got through meanwhile
  EXPECT_EQ(cc.ssthresh(), 5000u);
  for (int i = 0; i < 4; ++i) cc.on_ack(ack(1000));
  EXPECT_EQ(cc.window_bytes(), 5000u);
  EXPECT_FALSE(cc.is_slow_start());
}

TEST(NewReno, never_falls_below_its_minima) {
  NewReno cc{kNewRenoParameters};
  cc.on_loss(LossKind::kFastRecovery, {}, 0);
  EXPECT_EQ(cc.window_bytes(), 2000u);
  cc.on_mss_change(9000);
  EXPECT_EQ(cc.window_bytes(), 9000u);
}

TEST(NewReno, takes_a_mistaken_reduction_back) {
  NewReno cc{kNewRenoParameters};
  cc.on_loss(LossKind::kTimeout, {}, 10'000);
  cc.on_loss(LossKind::kTimeout, {}, 10'000);
  cc.on_spurious({});
  EXPECT_EQ(cc.window_bytes(), 10'000u);
  EXPECT_EQ(cc.ssthresh(), UINT32_MAX);
  cc.on_spurious({});
  EXPECT_EQ(cc.window_bytes(), 10'000u);
}

TEST(NewReno, restarts_from_the_initial_window_after_idle_time) {
  NewReno cc{kNewRenoParameters};
  for (int i = 0; i < 20; ++i) cc.on_ack(ack(2000));
  cc.on_idle_restart({});
  EXPECT_EQ(cc.window_bytes(), 10'000u);
}

TEST(NewReno, the_window_has_an_end) {
  NewReno cc{{.mss = 65'000, .initial_window = UINT32_MAX}};
  EXPECT_EQ(cc.window_bytes(), kMaxWindow);
  cc.on_ack(ack(UINT32_MAX));
  EXPECT_EQ(cc.window_bytes(), kMaxWindow);
}

TEST(NewReno, a_mark_halves_for_good) {
  NewReno cc{kNewRenoParameters};
  cc.on_loss(LossKind::kEcn, {}, 10'000);
  EXPECT_EQ(cc.window_bytes(), 5'000u);
  EXPECT_EQ(cc.ssthresh(), 5'000u);
  cc.on_spurious({});
  EXPECT_EQ(cc.window_bytes(), 5'000u);
}

// RFC 8511 §3.1
TEST(NewReno, a_mark_costs_a_fifth_with_alternative_backoff_and_a_loss_half) {
  Parameters p = kNewRenoParameters;
  p.ecn_alternative_backoff = true;
  NewReno cc{p};
  cc.on_loss(LossKind::kEcn, {}, 10'000);
  EXPECT_EQ(cc.window_bytes(), 8'000u);
  cc.on_loss(LossKind::kFastRecovery, {}, 8'000);
  EXPECT_EQ(cc.window_bytes(), 4'000u);
}

TEST(NewReno, leaves_slow_start_by_hystart_only_when_told_to) {
  using namespace std::chrono_literals;
  for (const bool on : {false, true}) {
    Parameters p = kNewRenoParameters;
    p.hystart = on;
    NewReno cc{p};
    for (int round = 0; round < 12; ++round) {
      const std::uint32_t window = cc.window_bytes();
      for (std::uint32_t acked = 0; acked < window; acked += 1'000) {
        cc.on_ack({.newly_acked_bytes = 1'000,
                   .bytes_in_flight = cc.window_bytes(),
                   .rtt = 20ms + round * 10ms});
      }
    }
    EXPECT_EQ(cc.is_slow_start(), !on);
  }
}

}  // namespace
}  // namespace zs::tcp::cc
