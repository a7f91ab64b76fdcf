#include "api/timeout_options.hpp"

#include <sys/time.h>

#include <algorithm>
#include <cstring>

namespace zs::api {
namespace {

constexpr std::int64_t kMicrosecond = 1'000;
constexpr std::int64_t kSecond = 1'000'000'000;
/// Longer than any program runs, and no sum with a time overflows.
constexpr std::int64_t kMostSeconds = std::int64_t{100} * 365 * 86'400;

Duration to_duration(const timeval& time) {
  if (time.tv_sec < 0) return Duration{1};
  if (time.tv_sec >= kMostSeconds) return {};
  return Duration{time.tv_sec * kSecond + time.tv_usec * kMicrosecond};
}

timeval to_timeval(Duration time) {
  return {.tv_sec = time.count() / kSecond, .tv_usec = time.count() % kSecond / kMicrosecond};
}

}  // namespace

bool is_timeout_option(int level, int name) noexcept {
  return level == SOL_SOCKET && (name == SO_RCVTIMEO || name == SO_SNDTIMEO);
}

Result<void> set_timeout_option(Instance& here, int fd, int name, const void* value,
                                socklen_t length) {
  timeval time{};
  if (value == nullptr || length < sizeof(time)) return Errc::kInvalid;
  std::memcpy(&time, value, sizeof(time));
  if (time.tv_usec < 0 || time.tv_usec >= 1'000'000) return Errc{EDOM};
  ZS_TRY_ASSIGN(sock::Timeouts timeouts, here.queues.timeouts(fd));
  (name == SO_RCVTIMEO ? timeouts.receive : timeouts.send) = to_duration(time);
  return here.queues.set_timeouts(fd, timeouts);
}

Result<void> timeout_option(Instance& here, int fd, int name, void* value, socklen_t* length) {
  ZS_TRY_ASSIGN(const sock::Timeouts timeouts, here.queues.timeouts(fd));
  const timeval time = to_timeval(name == SO_RCVTIMEO ? timeouts.receive : timeouts.send);
  *length = std::min<socklen_t>(*length, sizeof(time));
  std::memcpy(value, &time, *length);
  return {};
}

}  // namespace zs::api
