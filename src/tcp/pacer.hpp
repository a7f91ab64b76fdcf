#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.hpp"

namespace zs::tcp {

/// Spreads what a connection sends over time: after each quantum a pause in proportion to it, so
/// that no burst is longer than one. Rates are bytes a second; kUnlimited never pauses.
class Pacer {
 public:
  static constexpr std::uint64_t kUnlimited = UINT64_MAX;

  /// How much leaves at once: about a millisecond's worth (Linux' TSO autosizing, and BBR's send
  /// quantum), at least two segments, at most what a device takes, in whole segments.
  static constexpr std::uint32_t quantum(std::uint64_t rate, std::uint32_t mss,
                                         std::uint32_t most) {
    const std::uint64_t wanted = std::min(std::max(rate / 1'000, 2 * std::uint64_t{mss}),
                                          std::max(std::uint64_t{most}, std::uint64_t{mss}));
    return static_cast<std::uint32_t>(wanted - wanted % mss);
  }

  bool holds(Instant now) const { return now < next_; }
  Instant next() const { return next_; }
  void on_sent(std::uint32_t bytes, std::uint64_t rate, Instant now) {
    if (rate == kUnlimited) {
      next_ = now;
      return;
    }
    const Duration pause{static_cast<std::int64_t>(std::uint64_t{bytes} * 1'000'000'000 /
                                                   std::max<std::uint64_t>(rate, 1))};
    // Who is woken late may be the sooner next time, by half a pause at most (as Linux has it); who
    // had nothing to send was not late.
    const Duration late = now - next_;
    const bool idle = late < Duration::zero() || late > pause;
    next_ = now + (idle ? pause : pause - std::min(late, pause / 2));
  }
  /// What was waited for no longer matters: another rate was set.
  void release() { next_ = {}; }

 private:
  Instant next_;
};

}  // namespace zs::tcp
