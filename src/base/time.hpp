#pragma once

#include <chrono>
#include <compare>
#include <cstdint>

#include "base/assert.hpp"

namespace zs {

/// A span of time, with the one resolution the whole stack uses.
using Duration = std::chrono::duration<std::int64_t, std::nano>;

/// A point on the shard's monotonic timeline.
///
/// There is deliberately no `Instant::now()`: time enters the stack in one place (the shard loop
/// reads the clock once a burst) and travels down as an argument, so that a test can own it.
class Instant {
 public:
  constexpr Instant() = default;
  static constexpr Instant from_ns(std::int64_t ns) { return Instant{ns}; }
  static constexpr Instant never() { return Instant{INT64_MAX}; }

  constexpr std::int64_t ns() const { return ns_; }
  constexpr bool is_never() const { return ns_ == INT64_MAX; }

  /// `d` later, for a time that is a time: one comparison less than t + d.
  constexpr Instant later_by(Duration d) const {
    ZS_ASSERT(!is_never());
    return Instant{ns_ + d.count()};
  }

  friend constexpr auto operator<=>(Instant, Instant) = default;
  friend constexpr Instant operator+(Instant t, Duration d) {
    return t.is_never() ? t : Instant{t.ns_ + d.count()};
  }
  friend constexpr Duration operator-(Instant a, Instant b) { return Duration{a.ns_ - b.ns_}; }

 private:
  constexpr explicit Instant(std::int64_t ns) : ns_(ns) {}
  std::int64_t ns_ = 0;
};

}  // namespace zs
