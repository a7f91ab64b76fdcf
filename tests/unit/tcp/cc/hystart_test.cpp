#include "tcp/cc/hystart.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace zs::tcp::cc {
namespace {

using namespace std::chrono_literals;
using Phase = HyStart::Phase;

constexpr std::uint32_t kMss = 1'000;

/// A sender that is acknowledged segment by segment. One more than a round has is in flight, so
/// that the next round begins with the first acknowledgement of the next call.
class Rounds {
 public:
  /// A round in which each segment took `rtt`; returns the window's growth in bytes.
  std::uint32_t round(std::uint32_t segments, Duration rtt, std::uint32_t timed = UINT32_MAX) {
    std::uint32_t growth = 0;
    for (std::uint32_t i = 0; i < segments; ++i) {
      growth += hystart.on_ack({.newly_acked = kMss,
                                .in_flight = (segments + 1) * kMss,
                                .rtt = i < timed ? rtt : Duration{},
                                .mss = kMss});
    }
    return growth;
  }
  HyStart hystart;
};

struct Rise {
  Duration before, after;
  bool is_noticed;
};
// RFC 9406 §4.2: RttThresh = max(MIN_RTT_THRESH, min(lastRoundMinRTT / 8, MAX_RTT_THRESH)).
constexpr Rise kRises[] = {
    {10ms, 14ms, true},       // an eighth would be less than 4 ms
    {10ms, 13'999us, false},  //
    {80ms, 90ms, true},       // an eighth
    {80ms, 89'999us, false},  //
    {400ms, 416ms, true},     // never more than 16 ms
    {400ms, 415'999us, false}, {100us, 4'100us, true}, {100us, 4'099us, false}, {50ms, 40ms, false},
};

TEST(HyStart, notices_a_rise_by_the_threshold_of_the_rfc) {
  for (const Rise& rise : kRises) {
    Rounds r;
    r.round(10, rise.before);
    r.round(20, rise.before);
    EXPECT_EQ(r.hystart.phase(), Phase::kSlowStart);
    r.round(20, rise.after);
    EXPECT_EQ(r.hystart.phase(), rise.is_noticed ? Phase::kConservative : Phase::kSlowStart)
        << rise.before.count() << " to " << rise.after.count();
  }
}

TEST(HyStart, needs_eight_samples_a_round) {
  Rounds seven, eight;
  seven.round(20, 20ms);
  eight.round(20, 20ms);
  seven.round(20, 40ms, 7);
  eight.round(20, 40ms, 8);
  EXPECT_EQ(seven.hystart.phase(), Phase::kSlowStart);
  EXPECT_EQ(eight.hystart.phase(), Phase::kConservative);
}

TEST(HyStart, needs_a_round_to_compare_with) {
  Rounds r;
  r.round(20, 900ms);
  EXPECT_EQ(r.hystart.phase(), Phase::kSlowStart);
}

TEST(HyStart, grows_by_eight_segments_an_acknowledgement_at_most_unless_paced) {
  HyStart h;
  HyStart::Ack ack{.newly_acked = 20 * kMss, .in_flight = 40 * kMss, .rtt = 10ms, .mss = kMss};
  EXPECT_EQ(h.on_ack(ack), 8 * kMss);
  ack.newly_acked = 3 * kMss;
  EXPECT_EQ(h.on_ack(ack), 3 * kMss);
  ack.newly_acked = 20 * kMss;
  ack.paced = true;
  EXPECT_EQ(h.on_ack(ack), 20 * kMss);
}

TEST(HyStart, grows_by_a_quarter_of_that_in_conservative_slow_start) {
  Rounds r;
  EXPECT_EQ(r.round(16, 20ms), 16 * kMss);
  r.round(16, 40ms);
  ASSERT_EQ(r.hystart.phase(), Phase::kConservative);
  EXPECT_EQ(r.round(16, 40ms), 16 * kMss / HyStart::kCssGrowthDivisor);
}

TEST(HyStart, gives_way_to_congestion_avoidance_after_five_rounds) {
  Rounds r;
  r.round(16, 20ms);
  r.round(16, 40ms);  // CSS begins in its middle: the first of five
  ASSERT_EQ(r.hystart.phase(), Phase::kConservative);
  for (int i = 0; i < 4; ++i) r.round(16, 41ms);
  EXPECT_EQ(r.hystart.phase(), Phase::kConservative);
  r.round(1, 41ms);  // the sixth begins
  EXPECT_EQ(r.hystart.phase(), Phase::kOver);
}

TEST(HyStart, goes_back_to_slow_start_when_the_rise_was_jitter) {
  Rounds r;
  r.round(16, 20ms);
  r.round(16, 40ms);
  ASSERT_EQ(r.hystart.phase(), Phase::kConservative);
  r.round(16, 39ms);
  EXPECT_EQ(r.hystart.phase(), Phase::kSlowStart);
  EXPECT_EQ(r.round(16, 39ms), 16 * kMss);
  // Once more, and from the beginning.
  r.round(16, 60ms);
  EXPECT_EQ(r.hystart.phase(), Phase::kConservative);
  for (int i = 0; i < 4; ++i) r.round(16, 60ms);
  EXPECT_EQ(r.hystart.phase(), Phase::kConservative);
  r.round(1, 60ms);
  EXPECT_EQ(r.hystart.phase(), Phase::kOver);
}

TEST(HyStart, counts_rounds_though_what_was_acknowledged_wraps) {
  HyStart h;
  for (int i = 0; i < 10; ++i) {
    h.on_ack({.newly_acked = 1u << 30, .in_flight = 1u << 30, .rtt = 10ms, .mss = kMss});
  }
  EXPECT_EQ(h.phase(), Phase::kSlowStart);
}

}  // namespace
}  // namespace zs::tcp::cc
