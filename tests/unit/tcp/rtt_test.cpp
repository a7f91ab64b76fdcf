#include "tcp/rtt.hpp"

#include <gtest/gtest.h>

namespace zs::tcp {
namespace {

TEST(RttEstimator, starts_with_the_configured_timeout) {
  const RttEstimator rtt{Config{}};
  EXPECT_EQ(rtt.rto(), 1s);
  EXPECT_FALSE(rtt.has_sample());
  EXPECT_EQ(rtt.srtt(), Duration::zero());
}

TEST(RttEstimator, the_first_sample_is_the_estimate) {
  RttEstimator rtt{Config{}};
  rtt.on_sample(400ms);
  EXPECT_EQ(rtt.srtt(), 400ms);
  EXPECT_EQ(rtt.rttvar(), 200ms);
  EXPECT_EQ(rtt.rto(), 1200ms);
}

TEST(RttEstimator, later_samples_are_smoothed) {
  RttEstimator rtt{Config{}};
  rtt.on_sample(400ms);
  rtt.on_sample(800ms);
  EXPECT_EQ(rtt.srtt(), 450ms);
  EXPECT_EQ(rtt.rttvar(), 250ms);
  EXPECT_EQ(rtt.rto(), 1450ms);
  EXPECT_EQ(rtt.latest(), 800ms);
  EXPECT_EQ(rtt.min_rtt(), 400ms);
}

TEST(RttEstimator, the_floor_lies_under_the_variance) {
  RttEstimator rtt{Config{}};
  for (int i = 0; i < 100; ++i) rtt.on_sample(300ms);
  EXPECT_EQ(rtt.rto(), 500ms);
  RttEstimator local{Config{}};
  local.on_sample(Duration::zero());
  EXPECT_TRUE(local.has_sample());
  EXPECT_GE(local.rto(), 200ms);
  EXPECT_LT(local.rto(), 201ms);
}

TEST(RttEstimator, backs_off_to_the_maximum_and_no_further) {
  RttEstimator rtt{Config{}};
  rtt.backoff();
  EXPECT_EQ(rtt.rto(), 2s);
  for (int i = 0; i < 1000; ++i) rtt.backoff();
  EXPECT_EQ(rtt.rto(), 120s);
  rtt.reset_backoff();
  EXPECT_EQ(rtt.rto(), 1s);
}

TEST(RttEstimator, a_sample_ends_the_backoff) {
  RttEstimator rtt{Config{}};
  rtt.on_sample(400ms);
  rtt.backoff();
  EXPECT_EQ(rtt.rto(), 2400ms);
  rtt.on_sample(400ms);
  EXPECT_LT(rtt.rto(), 1200ms);
}

//= https://www.rfc-editor.org/rfc/rfc6298#section-5
//= type=test
TEST(RttEstimator, a_repeated_handshake_means_three_seconds) {
  RttEstimator rtt{Config{}};
  rtt.backoff();
  rtt.backoff();
  rtt.on_handshake_repeated();
  EXPECT_EQ(rtt.rto(), 3s);
  rtt.on_sample(400ms);
  rtt.on_handshake_repeated();
  EXPECT_EQ(rtt.rto(), 1200ms);
}

TEST(RttEstimator, absurd_samples_do_no_harm) {
  RttEstimator rtt{Config{}};
  rtt.on_sample(-5s);
  EXPECT_FALSE(rtt.has_sample());
  rtt.on_sample(24h);
  EXPECT_EQ(rtt.rto(), 120s);
  rtt.backoff();
  EXPECT_EQ(rtt.backoffs(), 0);
}

// RFC 4015 §3.2 step 7: SRTT = max(SRTT_prev, sample), RTTVAR = max(RTTVAR_prev, sample / 2), where
// SRTT_prev is two ticks more than it was.
TEST(RttEstimator, after_a_mistaken_timeout_the_next_sample_counts_as_the_first) {
  RttEstimator rtt{Config{}};
  for (int i = 0; i < 20; ++i) rtt.on_sample(100ms);
  rtt.backoff();
  rtt.on_spurious_timeout();
  EXPECT_EQ(rtt.srtt(), 100ms);
  rtt.on_sample(500ms);
  EXPECT_EQ(rtt.srtt(), 500ms);
  EXPECT_EQ(rtt.rttvar(), 250ms);
  EXPECT_EQ(rtt.rto(), 1500ms);
  rtt.on_sample(500ms);
  EXPECT_LT(rtt.rto(), 1500ms);
}

TEST(RttEstimator, a_mistaken_timeout_never_makes_the_timer_bolder) {
  RttEstimator rtt{Config{}};
  rtt.on_sample(400ms);
  rtt.on_spurious_timeout();
  rtt.on_sample(10ms);
  EXPECT_EQ(rtt.srtt(), 402ms);
  EXPECT_EQ(rtt.rttvar(), 200ms);
  RttEstimator fresh{Config{}};
  fresh.on_spurious_timeout();
  fresh.on_sample(400ms);
  EXPECT_EQ(fresh.srtt(), 400ms);
}

}  // namespace
}  // namespace zs::tcp
