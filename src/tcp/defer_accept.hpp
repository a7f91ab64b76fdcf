#pragma once

#include <algorithm>
#include <cstdint>

namespace zs::tcp {

/// TCP_DEFER_ACCEPT counts in seconds at the socket and in timeouts of the SYN-ACK below it, which
/// double from one second up to 120, as Linux has it.
inline constexpr int kFirstDeferredSeconds = 1;
inline constexpr int kMostDeferredSeconds = 120;

/// How many timeouts are over after `seconds` or the least more; 0 for none.
constexpr std::uint8_t deferred_timeouts(int seconds) {
  if (seconds <= 0) return 0;
  int timeout = kFirstDeferredSeconds;
  int period = timeout;
  std::uint8_t timeouts = 1;
  while (seconds > period && timeouts < UINT8_MAX) {
    ++timeouts;
    timeout = std::min(2 * timeout, kMostDeferredSeconds);
    period += timeout;
  }
  return timeouts;
}

/// How long so many timeouts take.
constexpr int deferred_seconds(std::uint8_t timeouts) {
  int period = 0;
  int timeout = kFirstDeferredSeconds;
  for (; timeouts > 0; --timeouts) {
    period += timeout;
    timeout = std::min(2 * timeout, kMostDeferredSeconds);
  }
  return period;
}

}  // namespace zs::tcp
