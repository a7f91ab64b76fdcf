#include "tcp/cc/delivery_rate.hpp"

#include <gtest/gtest.h>

namespace zs::tcp::cc {
namespace {

using namespace std::chrono_literals;

Instant at(Duration d) { return Instant::from_ns(0) + 1s + d; }

/// Sends 1000 bytes each millisecond from the start, segment `i` in [1000 i, 1000 (i + 1)).
void send(DeliveryRate& rate, int from, int to) {
  for (int i = from; i < to; ++i) {
    ASSERT_TRUE(rate.on_sent({.snd_max = SeqNum{static_cast<std::uint32_t>(1'000 * (i + 1))},
                              .in_flight = static_cast<std::uint32_t>(1'000 * (i + 1)),
                              .from_idle = i == 0,
                              .now = at(i * 1ms)}));
  }
}

DeliverySample acknowledge(DeliveryRate& rate, int segment, Duration when,
                           std::uint32_t bytes = 1'000) {
  return rate.on_ack({.now = at(when),
                      .una = SeqNum{static_cast<std::uint32_t>(1'000 * (segment + 1))},
                      .delivered = bytes,
                      .sent_at = at(segment * 1ms),
                      .rtt = 10ms,
                      .min_rtt = 10ms});
}

TEST(DeliveryRate, is_what_was_delivered_since_the_segment_left) {
  DeliveryRate rate;
  send(rate, 0, 10);
  const auto first = acknowledge(rate, 0, 10ms);
  ASSERT_TRUE(first.is_known);
  EXPECT_EQ(first.delivered, 1'000u);
  EXPECT_EQ(first.rate, 100'000u);  // 1000 bytes in 10 ms
  EXPECT_EQ(first.prior_delivered, 0u);
  // A round later the samples show the true rate of a segment a millisecond.
  for (int i = 1; i < 10; ++i) acknowledge(rate, i, 10ms + i * 1ms);
  send(rate, 10, 20);
  EXPECT_EQ(acknowledge(rate, 10, 20ms).prior_delivered, 10'000u);
}

TEST(DeliveryRate, bunched_acknowledgements_do_not_make_the_path_faster) {
  DeliveryRate rate;
  send(rate, 0, 10);
  // All come at once, after the last: the interval is that of the acknowledgements.
  const auto sample = acknowledge(rate, 9, 19ms, 10'000);
  EXPECT_EQ(sample.rate, 10'000u * 1'000 / 19);
  // And data that took long to send is no faster than it was sent.
  DeliveryRate slow;
  send(slow, 0, 10);
  acknowledge(slow, 0, 10ms);
  const auto last = acknowledge(slow, 9, 11ms, 9'000);
  EXPECT_LE(last.rate, 1'000'000u);
}

TEST(DeliveryRate, less_than_a_round_trip_is_no_sample) {
  DeliveryRate rate;
  send(rate, 0, 1);
  const auto sample = acknowledge(rate, 0, 5ms);
  EXPECT_TRUE(sample.is_known);
  EXPECT_EQ(sample.rate, 0u);
}

TEST(DeliveryRate, knows_what_the_application_did_not_ask_for) {
  DeliveryRate rate;
  rate.on_app_limited(0);
  send(rate, 0, 2);
  EXPECT_TRUE(acknowledge(rate, 0, 10ms).app_limited);
  // The mark goes with the data that was in flight when it was set.
  EXPECT_FALSE(rate.is_app_limited());
  EXPECT_TRUE(acknowledge(rate, 1, 11ms).app_limited);  // sent before it went
  send(rate, 2, 3);
  EXPECT_FALSE(acknowledge(rate, 2, 20ms).app_limited);
}

TEST(DeliveryRate, counts_losses_since_the_segment_left) {
  DeliveryRate rate;
  send(rate, 0, 10);
  rate.on_lost(1'000, at(3ms));
  const auto sample = acknowledge(rate, 0, 10ms);
  EXPECT_EQ(sample.newly_lost, 1'000u);
  EXPECT_EQ(sample.lost, 1'000u);
  ASSERT_TRUE(sample.loss);
  EXPECT_EQ(sample.loss->tx_in_flight, 4'000u);
  EXPECT_EQ(sample.loss->lost, 1'000u);
  const auto next = acknowledge(rate, 1, 11ms);
  EXPECT_EQ(next.newly_lost, 0u);
  EXPECT_FALSE(next.loss);
}

TEST(DeliveryRate, forgets_what_is_acknowledged_and_keeps_its_bound) {
  DeliveryRate rate;
  send(rate, 0, 10);
  EXPECT_EQ(rate.records(), 10u);
  acknowledge(rate, 4, 20ms, 5'000);
  EXPECT_EQ(rate.records(), 5u);
  for (std::uint32_t i = 0; i < 2 * DeliveryRate::kMaxRecords; ++i) {
    (void)rate.on_sent({.snd_max = SeqNum{20'000 + i}, .in_flight = i, .now = at(1s + i * 1us)});
  }
  EXPECT_EQ(rate.records(), DeliveryRate::kMaxRecords);
  // Of what was forgotten there is no sample.
  EXPECT_FALSE(acknowledge(rate, 5, 2s).is_known);
}

}  // namespace
}  // namespace zs::tcp::cc
