#include "api/blocking.hpp"

#include <algorithm>

namespace zs::api {
namespace {

using sock::WaitEnd;
namespace ready = sock::ready;

Result<void> outcome_of(WaitEnd end) {
  switch (end) {
    case WaitEnd::kNotYet:
    case WaitEnd::kReady:
      return {};
    case WaitEnd::kTimeout:
      return Errc::kAgain;
    case WaitEnd::kGone:
      return Errc::kBadFd;
    case WaitEnd::kCancelled:
      return Errc{ECANCELED};
  }
  return {};
}

}  // namespace

bool Patience::has_any() const {
  if (!here_.fibers.is_inside()) return false;
  const auto non_blocking = here_.sockets.is_non_blocking(fd_);
  return non_blocking && !*non_blocking;
}

Result<void> Patience::wait() {
  if (!until_) {
    if (!has_any()) return Errc::kAgain;
    ZS_TRY_ASSIGN(const sock::Timeouts timeouts, here_.queues.timeouts(fd_));
    const Duration time = way_ == Way::kIn ? timeouts.receive : timeouts.send;
    until_ = time.count() == 0 ? Instant::never() : here_.queues.now() + time;
  }
  if (*until_ <= here_.queues.now()) return Errc::kAgain;
  const std::uint32_t wanted =
      way_ == Way::kIn ? ready::kReadable | ready::kPeerClosed : ready::kWritable;
  const sock::Wish wish{fd_, wanted};
  // A socket that is ready and says kAgain all the same has too little room for a whole chain. No
  // event tells of "enough": it is asked again a little later instead of in each pass.
  constexpr Duration kALittle{1'000'000};
  const auto bits = here_.sockets.readiness(fd_);
  if (bits && (*bits & wanted) != 0) {
    ZS_TRY_ASSIGN(const WaitEnd end,
                  here_.fibers.wait({}, std::min(*until_, here_.queues.now() + kALittle)));
    return end == WaitEnd::kTimeout ? Result<void>{} : outcome_of(end);
  }
  ZS_TRY_ASSIGN(const WaitEnd end, here_.fibers.wait({&wish, 1}, *until_));
  return outcome_of(end);
}

Result<void> await_connection(Instance& here, int fd, Errc begun) {
  const auto refused = Patience(here, fd, Way::kOut).wait();
  if (!refused) return refused.error() == Errc::kAgain ? begun : refused.error();
  const Errc error = here.sockets.take_error(fd);
  if (error != Errc{}) return error;
  return {};
}

}  // namespace zs::api
