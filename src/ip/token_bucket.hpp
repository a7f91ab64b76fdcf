#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.hpp"

namespace zs::ip {

/// Lets `burst` events pass at once and `per_second` of them in the long run.
class TokenBucket {
 public:
  constexpr TokenBucket(std::uint32_t per_second, std::uint32_t burst)
      : interval_ns_(per_second == 0 ? 0 : kSecond / per_second),
        capacity_ns_(interval_ns_ * burst),
        credit_ns_(capacity_ns_) {}

  /// True, and one token less, when there is one. A rate of 0 lets nothing pass.
  constexpr bool take(Instant now) {
    if (interval_ns_ == 0) return false;
    // Credit is kept in time, so that no fraction of a token is ever lost to rounding.
    credit_ns_ =
        std::min(capacity_ns_, credit_ns_ + std::max<std::int64_t>(0, (now - last_).count()));
    last_ = now;
    if (credit_ns_ < interval_ns_) return false;
    credit_ns_ -= interval_ns_;
    return true;
  }

 private:
  static constexpr std::int64_t kSecond = 1'000'000'000;
  std::int64_t interval_ns_;
  std::int64_t capacity_ns_;
  std::int64_t credit_ns_;
  Instant last_;
};

}  // namespace zs::ip
