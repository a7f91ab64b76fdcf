// Readiness in F-Stack's words: kqueue, epoll, poll() and select().
#include <ff_api.h>
#include <ff_epoll.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

#include "api/blocking.hpp"
#include "api/epoll_calls.hpp"
#include "sock/kernel_queue.hpp"

namespace {

using zs::Duration;
using zs::Errc;
using zs::Result;
using zs::api::Instance;
using zs::sock::KernelEvent;
using zs::sock::KernelQueue;
using zs::sock::Wish;
namespace ready = zs::sock::ready;
namespace kq = zs::sock::kq;

static_assert(EVFILT_READ == kq::kRead && EVFILT_WRITE == kq::kWrite &&
              EVFILT_TIMER == kq::kTimer && EVFILT_USER == kq::kUser);
static_assert(EV_EOF == kq::kEof && EV_ERROR == kq::kError && EV_DISPATCH == kq::kDispatch);

KernelEvent from_c(const kevent& e) {
  return {.ident = e.ident,
          .filter = e.filter,
          .flags = e.flags,
          .fflags = e.fflags,
          .data = e.data,
          .udata = e.udata};
}

kevent to_c(const KernelEvent& e) {
  kevent out{};
  out.ident = e.ident;
  out.filter = e.filter;
  out.flags = e.flags;
  out.fflags = e.fflags;
  out.data = e.data;
  out.udata = e.udata;
  return out;
}

/// In milliseconds; below 0: for ever.
std::optional<Duration> time_of(int milliseconds) {
  if (milliseconds < 0) return std::nullopt;
  return Duration{std::int64_t{milliseconds} * 1'000'000};
}

/// No place: for ever. What is no time is none to wait for; nobody outlives ten years.
template <typename T>
std::optional<Duration> time_at(const T* time, std::int64_t nanoseconds) {
  if (time == nullptr) return std::nullopt;
  constexpr std::int64_t kMostSeconds = std::int64_t{10} * 365 * 86'400;
  const std::int64_t seconds = std::clamp<std::int64_t>(time->tv_sec, -1, kMostSeconds);
  return Duration{seconds * 1'000'000'000 + std::clamp<std::int64_t>(nanoseconds, 0, 999'999'999)};
}
std::optional<Duration> time_at(const timespec* time) {
  return time_at(time, time == nullptr ? 0 : std::int64_t{time->tv_nsec});
}
std::optional<Duration> time_at(const timeval* time) {
  return time_at(time,
                 time == nullptr ? 0 : std::clamp<std::int64_t>(time->tv_usec, 0, 999'999) * 1'000);
}

bool is_in_fiber() {
  const Instance* const here = zs::api::current();
  return here != nullptr && here->fibers.is_inside();
}

struct Lists {
  const kevent* changes;
  int change_count;
  const void* events;
  int event_count;
};

Result<KernelQueue*> queue_of(Instance& here, int number, const Lists& lists) {
  KernelQueue* const queue = here.queues.kernel_queue(number);
  if (queue == nullptr) return Errc::kBadFd;
  if (lists.change_count < 0 || lists.event_count < 0) return Errc::kInvalid;
  if (lists.changes == nullptr && lists.change_count > 0) return Errc{EFAULT};
  if (lists.events == nullptr && lists.event_count > 0) return Errc{EFAULT};
  return queue;
}

/// Applies the changes, in order. What there is to say about them goes to `take` as long as there
/// is room for it. The number of those.
template <typename Take>
Result<int> apply(KernelQueue& queue, const Lists& lists, Take&& take) {
  int said = 0;
  for (int i = 0; i < lists.change_count; ++i) {
    KernelEvent change = from_c(lists.changes[i]);  // `take` may write to where it lies
    const auto done = queue.change(change);
    if (done && (change.flags & EV_RECEIPT) == 0) continue;
    if (said == lists.event_count) {
      if (!done) return done.error();
      continue;
    }
    change.flags |= EV_ERROR;
    change.data = done ? 0 : static_cast<std::intptr_t>(done.error());
    take(change);
    ++said;
  }
  return said;
}

short poll_events(std::uint32_t bits, short asked) {
  unsigned events = 0;
  if ((bits & ready::kReadable) != 0) events |= POLLIN | POLLRDNORM;
  if ((bits & ready::kWritable) != 0) events |= POLLOUT | POLLWRNORM;
  if ((bits & ready::kPeerClosed) != 0) events |= POLLRDHUP;
  events &= static_cast<unsigned>(asked);
  if ((bits & ready::kHangup) != 0) events |= POLLHUP;
  if ((bits & ready::kError) != 0) events |= POLLERR;
  return static_cast<short>(events);
}

std::uint32_t wanted_by_poll(short events) {
  const auto asked = static_cast<unsigned>(events);
  std::uint32_t bits = 0;
  if ((asked & (POLLIN | POLLRDNORM)) != 0) bits |= ready::kReadable;
  if ((asked & (POLLOUT | POLLWRNORM)) != 0) bits |= ready::kWritable;
  if ((asked & POLLRDHUP) != 0) bits |= ready::kPeerClosed;
  return bits;
}

Result<std::uint32_t> readiness_of(Instance& here, int fd) {
  if (zs::sock::EventQueue* const queue = here.queues.find(fd)) {
    here.queues.collect();
    return queue->has_ready() ? ready::kReadable : 0;
  }
  return here.sockets.readiness(fd);
}

/// select(2): which of the three sets a descriptor with these bits belongs to.
constexpr std::uint32_t kSelectsRead = ready::kReadable | ready::kHangup | ready::kError;
constexpr std::uint32_t kSelectsWrite = ready::kWritable | ready::kError;

/// The descriptors below `most` in the three sets; nothing is ever exceptional.
struct SelectSets {
  using Bits = std::array<std::uint32_t, FD_SETSIZE>;

  static bool is_in(int fd, const fd_set* set) { return set != nullptr && FD_ISSET(fd, set); }
  bool has(int fd) const { return is_in(fd, read) || is_in(fd, write) || is_in(fd, exceptional); }
  std::vector<Wish> wishes() const {
    std::vector<Wish> all;
    for (int fd = 0; fd < std::min(most, FD_SETSIZE); ++fd) {
      std::uint32_t bits = is_in(fd, read) ? kSelectsRead : 0;
      if (is_in(fd, write)) bits |= kSelectsWrite;
      if (bits != 0) all.push_back({fd, bits});
    }
    return all;
  }
  int count(const Bits& bits) const {
    int count = 0;
    for (int fd = 0; fd < most; ++fd) {
      const std::uint32_t b = bits[static_cast<std::size_t>(fd)];
      if (is_in(fd, read) && (b & kSelectsRead) != 0) ++count;
      if (is_in(fd, write) && (b & kSelectsWrite) != 0) ++count;
    }
    return count;
  }
  /// Takes out what is not so; how many are left.
  int keep(const Bits& bits) const {
    for (int fd = 0; fd < most; ++fd) {
      const std::uint32_t b = bits[static_cast<std::size_t>(fd)];
      if (is_in(fd, read) && (b & kSelectsRead) == 0) FD_CLR(fd, read);
      if (is_in(fd, write) && (b & kSelectsWrite) == 0) FD_CLR(fd, write);
      if (is_in(fd, exceptional)) FD_CLR(fd, exceptional);
    }
    return count(bits);
  }

  int most;
  fd_set* read;
  fd_set* write;
  fd_set* exceptional;
};

}  // namespace

int ff_kqueue(void) {
  return zs::api::call<int>([](Instance& here) { return here.queues.open_kernel_queue(); });
}

int ff_kevent(int kq, const struct kevent* changelist, int nchanges, struct kevent* eventlist,
              int nevents, const struct timespec* timeout) {
  Lists lists{changelist, nchanges, eventlist, nevents};
  const auto collect = [&, eventlist, nevents, kq](Instance& here) -> Result<int> {
    ZS_TRY_ASSIGN(KernelQueue* const queue, queue_of(here, kq, lists));
    int count = 0;
    const auto take = [&](const KernelEvent& e) { eventlist[count++] = to_c(e); };
    ZS_TRY_ASSIGN(const int said, apply(*queue, lists, take));
    if (said > 0) return said;
    lists.change_count = 0;  // of the calls behind a wait, which have no change to make
    queue->collect_events(static_cast<std::size_t>(nevents), take);
    return count;
  };
  if (nevents == 0) return zs::api::call<int>(collect);
  const Wish wish{kq, ready::kReadable};
  return zs::api::collecting_call({&wish, 1}, time_at(timeout), collect);
}

int ff_kevent_do_each(int kq, const struct kevent* changelist, int nchanges, void* eventlist,
                      int nevents, const struct timespec* timeout,
                      void (*do_each)(void**, struct kevent*)) {
  // Called when the work is done: what `do_each` does is not known, and may be another call.
  std::vector<kevent> found;
  Lists lists{changelist, nchanges, eventlist, nevents};
  const auto collect = [&](Instance& here) -> Result<int> {
    ZS_TRY_ASSIGN(KernelQueue* const queue, queue_of(here, kq, lists));
    if (do_each == nullptr && nevents > 0) return Errc{EFAULT};
    const auto take = [&](const KernelEvent& e) { found.push_back(to_c(e)); };
    ZS_TRY_ASSIGN(const int said, apply(*queue, lists, take));
    lists.change_count = 0;
    if (said == 0) queue->collect_events(static_cast<std::size_t>(nevents), take);
    return static_cast<int>(found.size());
  };
  const Wish wish{kq, ready::kReadable};
  const int count = nevents == 0 ? zs::api::call<int>(collect)
                                 : zs::api::collecting_call({&wish, 1}, time_at(timeout), collect);
  for (int i = 0; i < count; ++i) do_each(&eventlist, &found[static_cast<std::size_t>(i)]);
  return count;
}

int ff_epoll_create(int /*size*/) { return zs::api::epoll_create(); }

int ff_epoll_ctl(int epfd, int op, int fd, struct epoll_event* event) {
  return zs::api::epoll_control(epfd, op, fd, event);
}

int ff_epoll_wait(int epfd, struct epoll_event* events, int maxevents, int timeout) {
  return zs::api::epoll_await(epfd, events, maxevents, time_of(timeout));
}

int ff_poll(struct pollfd fds[], nfds_t nfds, int timeout) {
  std::vector<Wish> wishes;  // of a fiber, which waits
  const auto look = [&, fds, nfds](Instance& here) -> Result<int> {
    if (fds == nullptr && nfds > 0) return Errc{EFAULT};
    int count = 0;
    for (pollfd& one : std::span(fds, nfds)) {
      one.revents = 0;
      if (one.fd < 0) continue;
      const auto bits = readiness_of(here, one.fd);
      one.revents = bits ? poll_events(*bits, one.events) : short{POLLNVAL};
      if (one.revents != 0) ++count;
    }
    return count;
  };
  if (is_in_fiber() && fds != nullptr) {
    for (const pollfd& one : std::span(fds, nfds)) {
      if (one.fd >= 0) wishes.push_back({one.fd, wanted_by_poll(one.events)});
    }
  }
  return zs::api::collecting_call(wishes, time_of(timeout), look);
}

int ff_select(int nfds, fd_set* readfds, fd_set* writefds, fd_set* exceptfds,
              struct timeval* timeout) {
  const SelectSets sets{nfds, readfds, writefds, exceptfds};
  const std::vector<Wish> wishes = is_in_fiber() ? sets.wishes() : std::vector<Wish>{};
  const auto look = [&](Instance& here) -> Result<int> {
    if (nfds < 0 || nfds > FD_SETSIZE) return Errc::kInvalid;
    SelectSets::Bits bits{};
    for (int fd = 0; fd < nfds; ++fd) {
      if (!sets.has(fd)) continue;
      ZS_TRY_ASSIGN(bits[static_cast<std::size_t>(fd)], readiness_of(here, fd));
    }
    return sets.count(bits) == 0 ? 0 : sets.keep(bits);
  };
  const int count = zs::api::collecting_call(wishes, time_at(timeout), look);
  if (count == 0) sets.keep({});
  return count;
}
