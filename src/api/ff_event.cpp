// Readiness in F-Stack's words: kqueue, epoll, poll() and select().
#include <ff_api.h>
#include <ff_epoll.h>

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "api/call.hpp"
#include "api/epoll_calls.hpp"
#include "sock/kernel_queue.hpp"

namespace {

using zs::Errc;
using zs::Result;
using zs::api::Instance;
using zs::sock::KernelEvent;
using zs::sock::KernelQueue;
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

}  // namespace

int ff_kqueue(void) {
  return zs::api::call<int>([](Instance& here) { return here.queues.open_kernel_queue(); });
}

int ff_kevent(int kq, const struct kevent* changelist, int nchanges, struct kevent* eventlist,
              int nevents, const struct timespec* /*timeout*/) {
  return zs::api::call<int>([=](Instance& here) -> Result<int> {
    const Lists lists{changelist, nchanges, eventlist, nevents};
    ZS_TRY_ASSIGN(KernelQueue* const queue, queue_of(here, kq, lists));
    int count = 0;
    const auto take = [&](const KernelEvent& e) { eventlist[count++] = to_c(e); };
    ZS_TRY_ASSIGN(const int said, apply(*queue, lists, take));
    if (said > 0) return said;
    queue->collect_events(static_cast<std::size_t>(nevents), take);
    return count;
  });
}

int ff_kevent_do_each(int kq, const struct kevent* changelist, int nchanges, void* eventlist,
                      int nevents, const struct timespec* /*timeout*/,
                      void (*do_each)(void**, struct kevent*)) {
  // Called when the work is done: what `do_each` does is not known, and may be another call.
  std::vector<kevent> found;
  const int count = zs::api::call<int>([&](Instance& here) -> Result<int> {
    const Lists lists{changelist, nchanges, eventlist, nevents};
    ZS_TRY_ASSIGN(KernelQueue* const queue, queue_of(here, kq, lists));
    if (do_each == nullptr && nevents > 0) return Errc{EFAULT};
    const auto take = [&](const KernelEvent& e) { found.push_back(to_c(e)); };
    ZS_TRY_ASSIGN(const int said, apply(*queue, lists, take));
    if (said == 0) queue->collect_events(static_cast<std::size_t>(nevents), take);
    return static_cast<int>(found.size());
  });
  for (int i = 0; i < count; ++i) do_each(&eventlist, &found[static_cast<std::size_t>(i)]);
  return count;
}

int ff_epoll_create(int /*size*/) { return zs::api::epoll_create(); }

int ff_epoll_ctl(int epfd, int op, int fd, struct epoll_event* event) {
  return zs::api::epoll_control(epfd, op, fd, event);
}

int ff_epoll_wait(int epfd, struct epoll_event* events, int maxevents, int /*timeout*/) {
  return zs::api::epoll_collect(epfd, events, maxevents);
}

int ff_poll(struct pollfd fds[], nfds_t nfds, int /*timeout*/) {
  return zs::api::call<int>([=](Instance& here) -> Result<int> {
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
  });
}

int ff_select(int nfds, fd_set* readfds, fd_set* writefds, fd_set* exceptfds,
              struct timeval* /*timeout*/) {
  return zs::api::call<int>([=](Instance& here) -> Result<int> {
    if (nfds < 0 || nfds > FD_SETSIZE) return Errc::kInvalid;
    const auto asks = [](int fd, const fd_set* set) { return set != nullptr && FD_ISSET(fd, set); };
    std::array<std::uint32_t, FD_SETSIZE> bits{};
    for (int fd = 0; fd < nfds; ++fd) {
      if (!asks(fd, readfds) && !asks(fd, writefds) && !asks(fd, exceptfds)) continue;
      ZS_TRY_ASSIGN(bits[static_cast<std::size_t>(fd)], readiness_of(here, fd));
    }
    int count = 0;
    const auto keep = [&](int fd, fd_set* set, bool is_so) {
      if (set == nullptr || !FD_ISSET(fd, set)) return;
      if (is_so) {
        ++count;
      } else {
        FD_CLR(fd, set);
      }
    };
    for (int fd = 0; fd < nfds; ++fd) {
      const std::uint32_t b = bits[static_cast<std::size_t>(fd)];
      keep(fd, readfds, (b & kSelectsRead) != 0);
      keep(fd, writefds, (b & kSelectsWrite) != 0);
      keep(fd, exceptfds, false);
    }
    return count;
  });
}
