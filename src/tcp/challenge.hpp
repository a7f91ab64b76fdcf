#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace zs::tcp {

/// How many challenge ACKs one connection may draw (RFC 5961 §7 proposes 10 in 5 s). Counted per
/// connection, not per host: a shared budget is a side channel that tells an attacker about other
/// connections (CVE-2016-5696).
class ChallengeLimiter {
 public:
  static constexpr std::uint8_t kBudget = 10;
  static constexpr Duration kPeriod = std::chrono::seconds{5};

  /// True, and one of the budget is spent, if another may be sent.
  bool take(Instant now) {
    if (now - period_start_ >= kPeriod) {
      period_start_ = now;
      left_ = kBudget;
    }
    if (left_ == 0) return false;
    --left_;
    return true;
  }

 private:
  Instant period_start_;
  std::uint8_t left_ = kBudget;
};

}  // namespace zs::tcp
