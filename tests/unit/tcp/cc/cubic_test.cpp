#include "tcp/cc/cubic.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace zs::tcp::cc {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kMss = 1000;
constexpr Parameters kCubicParameters{.mss = kMss, .initial_window = 10 * kMss};

/// A path of constant round trip on which each window is acknowledged in ten pieces.
class Path {
 public:
  Path(Cubic& cc, Duration rtt) : cc_(cc), rtt_(rtt) {}

  void round_trip() {
    const std::uint32_t window = cc_.window_bytes();
    for (int i = 0; i < 10; ++i) {
      now = now + rtt_ / 10;
      cc_.on_ack({.now = now,
                  .newly_acked_bytes = window / 10,
                  .bytes_in_flight = window,
                  .rtt = rtt_,
                  .smoothed_rtt = rtt_});
    }
  }
  void run(Duration time) {
    for (const Instant end = now + time; now < end;) round_trip();
  }
  void lose() {
    cc_.on_loss(LossKind::kFastRecovery, now, cc_.window_bytes());
    now = now + rtt_;
    cc_.on_recovery_exit(now);
  }

  Instant now;

 private:
  Cubic& cc_;
  Duration rtt_;
};

void reach(Cubic& cc, Path& path, std::uint32_t window) {
  while (cc.window_bytes() < window) path.round_trip();
}

TEST(Cubic, slow_start_doubles_each_round_trip) {
  Cubic cc{kCubicParameters};
  Path path{cc, 100ms};
  path.round_trip();
  EXPECT_EQ(cc.window_bytes(), 20 * kMss);
}

TEST(Cubic, a_stretched_ack_adds_at_most_eight_segments) {
  Cubic cc{kCubicParameters};
  cc.on_ack({.newly_acked_bytes = 60'000});
  EXPECT_EQ(cc.window_bytes(), 18 * kMss);
}

TEST(Cubic, a_loss_leaves_seven_tenths) {
  Cubic cc{kCubicParameters};
  Path path{cc, 100ms};
  reach(cc, path, 100 * kMss);
  const std::uint32_t before = cc.window_bytes();
  path.lose();
  EXPECT_NEAR(cc.window_bytes(), 0.7 * before, 1);
  EXPECT_EQ(cc.ssthresh(), cc.window_bytes());
}

// RFC 9438 §4.2: the window is back at W_max after K = cbrt(W_max * (1 - beta) / C) seconds.
TEST(Cubic, is_back_at_its_maximum_after_k_seconds_and_flat_there) {
  Cubic cc{kCubicParameters};
  Path path{cc, 100ms};
  reach(cc, path, 1000 * kMss);
  const double w_max = cc.window_bytes() / double{kMss};
  path.lose();
  const double k = std::cbrt(w_max * 0.3 / 0.4);
  path.run(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(k / 2)));
  EXPECT_LT(cc.window_bytes() / double{kMss}, 0.97 * w_max);
  path.run(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(k / 2)));
  EXPECT_NEAR(cc.window_bytes() / double{kMss}, w_max, 0.02 * w_max);
  path.run(1s);
  EXPECT_NEAR(cc.window_bytes() / double{kMss}, w_max, 0.03 * w_max);
  path.run(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(k)));
  EXPECT_GT(cc.window_bytes() / double{kMss}, 1.1 * w_max);
}

TEST(Cubic, is_no_slower_than_reno_on_a_short_path) {
  Cubic cc{kCubicParameters};
  Path path{cc, 1ms};
  reach(cc, path, 20 * kMss);
  path.lose();
  const double before = cc.window_bytes() / double{kMss};
  for (int i = 0; i < 100; ++i) path.round_trip();
  // Reno with beta 0.7 adds 0.53 segments a round trip until W_max, then one.
  EXPECT_GT(cc.window_bytes() / double{kMss}, before + 60);
}

TEST(Cubic, converges_fast_when_it_did_not_regain_its_maximum) {
  Cubic cc{kCubicParameters};
  Path path{cc, 100ms};
  reach(cc, path, 1000 * kMss);
  path.lose();
  const double second = cc.window_bytes() / double{kMss};
  path.lose();
  // The plateau is now 0.85 of the window at the second loss: after its K there is less.
  path.run(std::chrono::duration_cast<Duration>(
      std::chrono::duration<double>(std::cbrt(second * 0.15 / 0.4))));
  EXPECT_NEAR(cc.window_bytes() / double{kMss}, 0.85 * second, 0.02 * second);
}

TEST(Cubic, a_timeout_goes_back_to_one_segment_and_slow_start) {
  Cubic cc{kCubicParameters};
  Path path{cc, 100ms};
  reach(cc, path, 100 * kMss);
  const std::uint32_t before = cc.window_bytes();
  cc.on_loss(LossKind::kTimeout, path.now, before);
  cc.on_loss(LossKind::kTimeout, path.now + 1s, kMss);
  EXPECT_EQ(cc.window_bytes(), kMss);
  EXPECT_NEAR(cc.ssthresh(), 0.7 * before, 1);
  EXPECT_TRUE(cc.is_slow_start());
  reach(cc, path, cc.ssthresh());
  path.round_trip();
  EXPECT_LT(cc.window_bytes(), cc.ssthresh() + 3 * kMss);
}

TEST(Cubic, takes_a_mistaken_reduction_back) {
  Cubic cc{kCubicParameters};
  Path path{cc, 100ms};
  reach(cc, path, 500 * kMss);
  path.lose();
  path.run(2s);
  const std::uint32_t before = cc.window_bytes();
  const std::uint32_t ssthresh = cc.ssthresh();
  cc.on_loss(LossKind::kFastRecovery, path.now, before);
  cc.on_spurious(path.now);
  EXPECT_EQ(cc.window_bytes(), before);
  EXPECT_EQ(cc.ssthresh(), ssthresh);
  path.round_trip();
  EXPECT_GE(cc.window_bytes(), before);
}

TEST(Cubic, time_without_use_of_the_window_does_not_count) {
  Cubic cc{kCubicParameters};
  Path path{cc, 100ms};
  reach(cc, path, 500 * kMss);
  path.lose();
  path.run(1s);
  const std::uint32_t before = cc.window_bytes();
  for (int i = 0; i < 600; ++i) {
    path.now = path.now + 100ms;
    cc.on_ack(
        {.now = path.now, .newly_acked_bytes = 100, .smoothed_rtt = 100ms, .app_limited = true});
  }
  EXPECT_EQ(cc.window_bytes(), before);
  path.round_trip();
  EXPECT_LT(cc.window_bytes(), before + before / 10);
}

TEST(Cubic, restarts_from_the_initial_window_after_idle_time) {
  Cubic cc{kCubicParameters};
  Path path{cc, 100ms};
  reach(cc, path, 100 * kMss);
  cc.on_idle_restart(path.now + 60s);
  EXPECT_EQ(cc.window_bytes(), 10 * kMss);
}

TEST(Cubic, a_mark_leaves_seven_tenths_for_good) {
  Cubic cc{kCubicParameters};
  cc.on_loss(LossKind::kEcn, {}, 10 * kMss);
  EXPECT_EQ(cc.window_bytes(), 7 * kMss);
  cc.on_spurious({});
  EXPECT_EQ(cc.window_bytes(), 7 * kMss);
}

// RFC 8511 §3.1
TEST(Cubic, a_mark_leaves_more_with_alternative_backoff) {
  Parameters p = kCubicParameters;
  p.ecn_alternative_backoff = true;
  Cubic cc{p};
  cc.on_loss(LossKind::kEcn, {}, 10 * kMss);
  EXPECT_EQ(cc.window_bytes(), 8'500u);
  cc.on_loss(LossKind::kFastRecovery, {}, 8'500);
  EXPECT_NEAR(cc.window_bytes(), 5'950, 1);
}

/// A path of `queue` segments beyond its bandwidth-delay product: what is in flight beyond that
/// waits, and adds to the round trip. Returns the window at the end of the first slow start.
std::uint32_t overrun(Cubic& cc, std::uint32_t pipe_segments) {
  Instant now;
  for (int i = 0; i < 100'000 && cc.is_slow_start(); ++i) {
    const std::uint32_t segments = cc.window_bytes() / kMss;
    const Duration queueing = segments > pipe_segments ? (segments - pipe_segments) * 1ms : 0ms;
    now = now + 1ms;
    cc.on_ack({.now = now,
               .newly_acked_bytes = kMss,
               .bytes_in_flight = cc.window_bytes(),
               .rtt = pipe_segments * 1ms + queueing,
               .smoothed_rtt = pipe_segments * 1ms});
    if (cc.window_bytes() > 100 * pipe_segments * kMss) break;
  }
  return cc.window_bytes() / kMss;
}

// RFC 9406: out of slow start while the queue is a few times the path, not a hundred.
TEST(Cubic, leaves_its_first_slow_start_by_hystart) {
  Parameters p = kCubicParameters;
  Cubic without{p};
  p.hystart = true;
  Cubic with{p};
  EXPECT_GT(overrun(without, 100), 9'000u);
  const std::uint32_t window = overrun(with, 100);
  EXPECT_FALSE(with.is_slow_start());
  EXPECT_GT(window, 100u);
  EXPECT_LT(window, 600u);
  EXPECT_EQ(with.ssthresh(), with.window_bytes());
}

TEST(Cubic, a_later_slow_start_is_an_ordinary_one) {
  Parameters p = kCubicParameters;
  p.hystart = true;
  Cubic cc{p};
  cc.on_loss(LossKind::kTimeout, {}, 1'000 * kMss);
  EXPECT_EQ(cc.ssthresh(), 7 * kMss);  // of a window of ten
  cc.on_ack({.newly_acked_bytes = 3 * kMss, .bytes_in_flight = 3 * kMss, .rtt = 1s});
  EXPECT_EQ(cc.window_bytes(), 4 * kMss);
}

}  // namespace
}  // namespace zs::tcp::cc
