#pragma once

#include <sys/socket.h>

#include <optional>
#include <span>

#include "api/call.hpp"

namespace zs::api {

enum class Way : std::uint8_t { kIn, kOut };

/// How long one call on a socket may wait for it: not at all outside of a fiber or with O_NONBLOCK,
/// else as long as SO_RCVTIMEO or SO_SNDTIMEO says, all its waits together.
class Patience {
 public:
  Patience(Instance& here, int fd, Way way) : here_(here), fd_(fd), way_(way) {}

  /// Success: the call may be tried again. kAgain: it may not wait, or not any longer. kBadFd:
  /// somebody has closed the socket. ECANCELED: the stack stops.
  Result<void> wait();

 private:
  bool has_any() const;

  Instance& here_;
  int fd_;
  Way way_;
  std::optional<Instant> until_;  ///< from the first wait on
};

/// One try of a call that may have to wait.
template <typename F>
auto try_once(Instance& here, F& f) {
  const InCall mark(here);
  return f(here);
}

/// The tries behind call()'s, which gave kAgain.
template <typename R, typename F>
[[gnu::noinline, gnu::cold]] R call_again(int fd, Way way, F& f) noexcept {
  return to_c<R>([&]() -> decltype(f(std::declval<Instance&>())) {
    Instance& here = *current();
    Patience patience(here, fd, way);
    for (;;) {
      ZS_TRY(patience.wait());
      auto result = try_once(here, f);
      if (result || result.error() != Errc::kAgain) return result;
    }
  });
}

/// As call(), of one that a fiber may wait in: `f` is called until it gives another answer than
/// kAgain, or there is no patience left.
template <typename R, typename F>
R waiting_call(int fd, Way way, F&& f) noexcept {
  const R done = call<R>(f);
  if (done >= 0 || errno != EAGAIN) [[likely]]
    return done;
  return call_again<R>(fd, way, f);
}

/// As waiting_call(), of one with flags: MSG_DONTWAIT forbids to wait.
template <typename R, typename F>
R waiting_call(int fd, Way way, int flags, F&& f) noexcept {
  return (flags & MSG_DONTWAIT) != 0 ? call<R>(f) : waiting_call<R>(fd, way, f);
}

/// A call that is to move `all` bytes, in parts if it must wait in between: `part(Instance&,
/// moved)` moves more behind the `moved` ones, and is how many. What was moved counts, however it
/// ends.
template <typename F>
ssize_t transferring_call(int fd, Way way, int flags, std::size_t all, F&& part) noexcept {
  std::size_t moved = 0;
  const auto more = [&](Instance& here) -> Result<ssize_t> {
    ZS_TRY_ASSIGN(const std::size_t n, part(here, moved));
    moved += n;
    // Of what is read, nothing is the end.
    if (moved < all && (n > 0 || way == Way::kOut)) return Errc::kAgain;
    return static_cast<ssize_t>(moved);
  };
  const auto done = waiting_call<ssize_t>(fd, way, flags, more);
  return done < 0 && moved > 0 ? static_cast<ssize_t>(moved) : done;
}

/// What is left of connect(), which gave kInProgress or kAlready. Inside of a call().
Result<void> await_connection(Instance& here, int fd, Errc begun);

/// The tries behind call()'s, which found nothing.
template <typename F>
[[gnu::noinline, gnu::cold]] int collect_again(std::span<const sock::Wish> wishes,
                                               std::optional<Duration> time, F& f) noexcept {
  return to_c<int>([&]() -> Result<int> {
    Instance& here = *current();
    if (!here.fibers.is_inside()) return 0;
    const Instant until = time ? here.queues.now() + *time : Instant::never();
    while (until > here.queues.now()) {
      ZS_TRY_ASSIGN(const sock::WaitEnd end, here.fibers.wait(wishes, until));
      if (end == sock::WaitEnd::kCancelled) return Errc{ECANCELED};
      if (end == sock::WaitEnd::kGone) return Errc::kBadFd;
      Result<int> found = try_once(here, f);
      if (!found || *found != 0) return found;
    }
    return 0;
  });
}

/// A call that collects what is ready: `f(Instance&)` is the number of it or a refusal. Where the
/// number is 0, a fiber waits for one of `wishes` for that time (none: for ever).
template <typename F>
int collecting_call(std::span<const sock::Wish> wishes, std::optional<Duration> time,
                    F&& f) noexcept {
  const int found = call<int>(f);
  return found != 0 ? found : collect_again(wishes, time, f);
}

}  // namespace zs::api
