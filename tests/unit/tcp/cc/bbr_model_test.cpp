#include "tcp/cc/bbr_model.hpp"

#include <gtest/gtest.h>

namespace zs::tcp::cc {
namespace {

using namespace std::chrono_literals;

Instant model_time(Duration d) { return Instant::from_ns(0) + 1s + d; }
constexpr BbrModel::Situation kCruising{.cwnd = 50'000, .full_bw_reached = true};

/// One sample a round.
class Rounds {
 public:
  DeliverySample next(std::uint64_t rate, std::uint32_t delivered = 10'000) {
    const std::uint64_t prior = total_;
    total_ += delivered;
    now_ = now_ + 10ms;
    return {.now = now_,
            .total_delivered = total_,
            .newly_acked = delivered,
            .rtt = 10ms,
            .is_known = true,
            .rate = rate,
            .prior_delivered = prior,
            .delivered = delivered,
            .tx_in_flight = delivered};
  }

 private:
  std::uint64_t total_ = 0;
  Instant now_ = model_time(0ms);
};

void feed(BbrModel& model, const DeliverySample& s,
          const BbrModel::Situation& situation = kCruising) {
  model.on_sample(s, situation);
  model.after_sample(s);
}

TEST(WindowedMax, forgets_what_is_older_than_its_window) {
  WindowedMax max;
  max.update(100, 0, 10);
  for (std::uint32_t round = 1; round <= 10; ++round) {
    max.update(50 - round, round, 10);
    EXPECT_EQ(max.get(), 100u) << round;
  }
  max.update(30, 11, 10);
  EXPECT_LT(max.get(), 50u);
  max.update(200, 12, 10);
  EXPECT_EQ(max.get(), 200u);
}

TEST(BbrModel, keeps_the_best_rate_of_two_cycles) {
  BbrModel model{1'000};
  Rounds rounds;
  feed(model, rounds.next(1'000'000));
  feed(model, rounds.next(500'000));
  EXPECT_EQ(model.max_bw(), 1'000'000u);
  model.advance_max_bw();
  feed(model, rounds.next(600'000));
  EXPECT_EQ(model.max_bw(), 1'000'000u);
  model.advance_max_bw();
  EXPECT_EQ(model.max_bw(), 600'000u);
}

TEST(BbrModel, believes_an_application_limited_sample_only_if_it_is_more) {
  BbrModel model{1'000};
  Rounds rounds;
  feed(model, rounds.next(1'000'000));
  model.advance_max_bw();
  auto low = rounds.next(400'000);
  low.app_limited = true;
  feed(model, low);
  model.advance_max_bw();
  EXPECT_EQ(model.max_bw(), 1'000'000u);
  auto high = rounds.next(1'500'000);
  high.app_limited = true;
  feed(model, high);
  EXPECT_EQ(model.max_bw(), 1'500'000u);
}

TEST(BbrModel, lowers_its_bounds_once_a_round_with_losses) {
  BbrModel model{1'000};
  Rounds rounds;
  feed(model, rounds.next(1'000'000));
  auto lossy = rounds.next(100'000, 5'000);
  lossy.newly_lost = 1'000;
  feed(model, lossy);
  EXPECT_EQ(model.bw_lo, 1'000'000u);  // what was delivered since the round before is its floor
  auto again = rounds.next(100'000, 5'000);
  again.newly_lost = 1'000;
  feed(model, again);
  EXPECT_EQ(model.bw_lo, 700'000u);
  EXPECT_EQ(model.inflight_lo, 24'500u);  // 50'000 * 0.7 * 0.7
  feed(model, rounds.next(100'000));
  EXPECT_EQ(model.bw_lo, 700'000u);
  model.reset_lower_bounds();
  EXPECT_EQ(model.bw(), 1'000'000u);
}

TEST(BbrModel, losses_while_probing_lower_nothing) {
  BbrModel model{1'000};
  Rounds rounds;
  feed(model, rounds.next(1'000'000));
  auto lossy = rounds.next(100'000);
  lossy.newly_lost = 1'000;
  feed(model, lossy, {.cwnd = 50'000, .probes_bandwidth = true});
  EXPECT_EQ(model.bw_lo, BbrModel::kNoRate);
}

TEST(BbrModel, renews_the_round_trip_after_ten_seconds) {
  BbrModel model{1'000};
  Rounds rounds;
  feed(model, rounds.next(1'000'000));
  EXPECT_EQ(model.min_rtt(), 10ms);
  auto later = rounds.next(1'000'000);
  later.now = model_time(6s);
  later.rtt = 30ms;
  feed(model, later);
  EXPECT_EQ(model.min_rtt(), 10ms);
  EXPECT_TRUE(model.is_probe_rtt_due());
  later.now = model_time(11s);
  feed(model, later);
  EXPECT_EQ(model.min_rtt(), 30ms);
}

TEST(BbrModel, counts_what_comes_in_one_heap) {
  BbrModel model{1'000};
  Rounds rounds;
  feed(model, rounds.next(1'000'000));
  auto heap = rounds.next(1'000'000, 40'000);
  feed(model, heap);
  EXPECT_GE(model.extra_acked(), 30'000u);
  EXPECT_LE(model.extra_acked(), 50'000u);  // the window
}

TEST(BbrModel, leaves_headroom) {
  BbrModel model{1'000};
  EXPECT_EQ(model.inflight_with_headroom(), BbrModel::kNoVolume);
  model.inflight_hi = 100'000;
  EXPECT_EQ(model.inflight_with_headroom(), 85'000u);
  model.inflight_hi = 3'000;
  EXPECT_EQ(model.inflight_with_headroom(), 4'000u);
  EXPECT_EQ(model.bdp(1'000'000, 1.0, 77), 77u);  // no round trip yet
}

}  // namespace
}  // namespace zs::tcp::cc
