#include "tcp/cc/dctcp.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace zs::tcp::cc {
namespace {

constexpr std::uint32_t kDctcpMss = 1'000;
constexpr Parameters kDctcpParameters{.mss = kDctcpMss, .initial_window = 10 * kDctcpMss};

/// Windows of ten segments, each acknowledged by itself.
class Windows {
 public:
  void window(std::uint32_t marked) {
    for (std::uint32_t i = 0; i < 10; ++i) {
      cc.on_ack({.newly_acked_bytes = kDctcpMss,
                 .bytes_in_flight = 10 * kDctcpMss,
                 .app_limited = true,
                 .ecn_echo = i < marked});
    }
  }
  double alpha() const { return static_cast<double>(cc.alpha()) / Dctcp::kOne; }
  Dctcp cc{kDctcpParameters};
};

// RFC 8257 §3.3: alpha = alpha * (1 - g) + g * M, with g = 1/16.
TEST(Dctcp, alpha_follows_the_share_of_marked_bytes) {
  Windows w;
  EXPECT_EQ(w.alpha(), 1);
  for (int i = 0; i < 400; ++i) w.window(0);
  EXPECT_EQ(w.alpha(), 0);
  for (int i = 0; i < 400; ++i) w.window(10);
  EXPECT_NEAR(w.alpha(), 1, 0.001);
  for (int i = 0; i < 400; ++i) w.window(3);
  EXPECT_NEAR(w.alpha(), 0.3, 0.05);
}

TEST(Dctcp, alpha_moves_by_a_sixteenth_a_window) {
  Windows w;
  w.window(0);  // the first window is its first acknowledgement
  const double before = w.alpha();
  w.window(0);
  EXPECT_NEAR(w.alpha(), before * 15 / 16, 0.001);
}

TEST(Dctcp, the_first_mark_halves_the_window) {
  Dctcp cc{kDctcpParameters};
  cc.on_loss(LossKind::kEcn, Instant{}, 10 * kDctcpMss);
  EXPECT_EQ(cc.window_bytes(), 5 * kDctcpMss);
  EXPECT_EQ(cc.ssthresh(), 5 * kDctcpMss);
}

// RFC 8257 §3.3 (8): cwnd * (1 - alpha / 2).
TEST(Dctcp, a_mark_costs_half_of_alpha) {
  Windows w;
  for (int i = 0; i < 400; ++i) w.window(2);
  const double alpha = w.alpha();
  const double before = w.cc.window_bytes();
  w.cc.on_loss(LossKind::kEcn, Instant{}, 10 * kDctcpMss);
  EXPECT_NEAR(w.cc.window_bytes(), before * (1 - alpha / 2), 2);
}

TEST(Dctcp, without_marks_in_the_past_a_mark_costs_nothing) {
  Windows w;
  for (int i = 0; i < 400; ++i) w.window(0);
  w.cc.on_loss(LossKind::kEcn, Instant{}, 10 * kDctcpMss);
  EXPECT_EQ(w.cc.window_bytes(), 10 * kDctcpMss);
  EXPECT_FALSE(w.cc.is_slow_start());
}

TEST(Dctcp, a_loss_halves_and_a_timeout_begins_anew) {
  Dctcp cc{kDctcpParameters};
  cc.on_loss(LossKind::kFastRecovery, Instant{}, 10 * kDctcpMss);
  EXPECT_EQ(cc.window_bytes(), 5 * kDctcpMss);
  cc.on_loss(LossKind::kTimeout, Instant{}, 5 * kDctcpMss);
  EXPECT_EQ(cc.window_bytes(), kDctcpMss);
  EXPECT_EQ(cc.ssthresh(), 2'500u);
  cc.on_spurious(Instant{});
  EXPECT_EQ(cc.window_bytes(), 5 * kDctcpMss);
}

TEST(Dctcp, a_mark_is_never_taken_back) {
  Dctcp cc{kDctcpParameters};
  cc.on_loss(LossKind::kFastRecovery, Instant{}, 10 * kDctcpMss);
  cc.on_recovery_exit(Instant{});
  cc.on_loss(LossKind::kEcn, Instant{}, 5 * kDctcpMss);
  const std::uint32_t window = cc.window_bytes();
  cc.on_spurious(Instant{});
  EXPECT_EQ(cc.window_bytes(), window);
}

TEST(Dctcp, grows_as_newreno_but_not_by_what_tells_of_congestion) {
  Dctcp cc{kDctcpParameters};
  AckSample ack{.newly_acked_bytes = kDctcpMss, .bytes_in_flight = 10 * kDctcpMss};
  cc.on_ack(ack);
  EXPECT_EQ(cc.window_bytes(), 11 * kDctcpMss);
  ack.ecn_echo = true;
  cc.on_ack(ack);
  EXPECT_EQ(cc.window_bytes(), 11 * kDctcpMss);
  cc.on_loss(LossKind::kFastRecovery, Instant{}, 10 * kDctcpMss);
  ack.ecn_echo = false;
  for (int i = 0; i < 5; ++i) cc.on_ack(ack);
  EXPECT_EQ(cc.window_bytes(), 6 * kDctcpMss);
  cc.on_idle_restart(Instant{});
  EXPECT_EQ(cc.window_bytes(), 6 * kDctcpMss);
  cc.on_mss_change(9'000);
  EXPECT_EQ(cc.window_bytes(), 9'000u);
}

}  // namespace
}  // namespace zs::tcp::cc
