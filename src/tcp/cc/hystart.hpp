#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.hpp"

namespace zs::tcp::cc {

/// HyStart++ (RFC 9406): ends a connection's first slow start before it overruns the path's queue,
/// by the delay that the queue adds. A rise of the least round trip from one round to the next
/// leads to conservative slow start (CSS), which either finds that the rise was noise, or lasts for
/// five rounds and gives way to congestion avoidance.
///
/// Rounds are counted in bytes: one is over when as much was acknowledged as was in flight when it
/// began, which is when SND.UNA passes what SND.NXT was then (§4.2).
class HyStart {
 public:
  // §4.3, the recommended values.
  static constexpr std::uint32_t kMinRttThreshUs = 4'000;   ///< MIN_RTT_THRESH
  static constexpr std::uint32_t kMaxRttThreshUs = 16'000;  ///< MAX_RTT_THRESH
  static constexpr std::uint32_t kMinRttDivisor = 8;        ///< MIN_RTT_DIVISOR
  static constexpr std::uint8_t kRttSamples = 8;            ///< N_RTT_SAMPLE
  static constexpr std::uint32_t kCssGrowthDivisor = 4;     ///< CSS_GROWTH_DIVISOR
  static constexpr std::uint8_t kCssRounds = 5;             ///< CSS_ROUNDS
  /// L, of senders that do not pace; those that do have no limit.
  static constexpr std::uint32_t kUnpacedLimit = 8;

  enum class Phase : std::uint8_t { kSlowStart, kConservative, kOver };

  struct Ack {
    std::uint32_t newly_acked = 0;  ///< N, bytes
    std::uint32_t in_flight = 0;    ///< bytes, before it
    Duration rtt{};                 ///< currRTT; zero: none
    std::uint32_t mss = 0;
    bool paced = false;
  };
  /// What the acknowledgement adds to the window, in bytes. After it the phase may be kOver: then
  /// ssthresh is to be the window.
  std::uint32_t on_ack(const Ack& ack) noexcept;

  Phase phase() const noexcept { return phase_; }

 private:
  static constexpr std::uint32_t kNone = UINT32_MAX;

  void count_round(const Ack& ack) noexcept;
  void take_sample(Duration rtt) noexcept;
  void judge() noexcept;

  std::uint32_t acked_ = 0;      ///< bytes, all in all; may wrap
  std::uint32_t round_end_ = 0;  ///< windowEnd, in acked_
  // Microseconds.
  std::uint32_t last_min_us_ = kNone;      ///< lastRoundMinRTT
  std::uint32_t current_min_us_ = kNone;   ///< currentRoundMinRTT
  std::uint32_t baseline_min_us_ = kNone;  ///< cssBaselineMinRtt
  std::uint8_t samples_ = 0;               ///< rttSampleCount, up to kRttSamples
  std::uint8_t css_rounds_ = 0;            ///< begun, the one in which CSS began included
  Phase phase_ = Phase::kSlowStart;
  bool begun_ = false;
};

}  // namespace zs::tcp::cc
