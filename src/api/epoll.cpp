// epoll as a view of the sockets' ready list.
#include "api/epoll.hpp"

#include <zstack/zstack.h>

#include <algorithm>
#include <array>

#include "api/call.hpp"

namespace {

using zs::Errc;
using zs::Result;
using zs::api::Instance;
namespace ready = zs::sock::ready;

struct Translation {
  std::uint32_t epoll;
  std::uint32_t ready;
};
constexpr std::array kTranslations{
    Translation{EPOLLIN, ready::kReadable},      Translation{EPOLLOUT, ready::kWritable},
    Translation{EPOLLRDHUP, ready::kPeerClosed}, Translation{EPOLLHUP, ready::kHangup},
    Translation{EPOLLERR, ready::kError},
};
/// Always reported; also what makes an interest in nothing else an interest.
constexpr std::uint32_t kAlwaysReported = ready::kHangup | ready::kError;

Result<std::uint32_t> to_interest(std::uint32_t events) {
  std::uint32_t interest = kAlwaysReported;
  for (const Translation& t : kTranslations) {
    if ((events & t.epoll) != 0) interest |= t.ready;
    events &= ~t.epoll;
  }
  if (events != 0) return Errc::kInvalid;  // edges, one-shots and whatever else there is not
  return interest;
}

std::uint32_t to_events(std::uint32_t bits) {
  std::uint32_t events = 0;
  for (const Translation& t : kTranslations) {
    if ((bits & t.ready) != 0) events |= t.epoll;
  }
  return events;
}

/// kBadFd for no descriptor, kInvalid for a socket's.
Result<void> check_epoll(const Instance& here, int epfd) {
  if (epfd == zs::api::kEpollDescriptor && here.has_epoll) return {};
  return here.sockets.info(epfd) ? Errc::kInvalid : Errc::kBadFd;
}

Result<void> control(Instance& here, int op, int fd, const epoll_event* event) {
  if (fd == zs::api::kEpollDescriptor && here.has_epoll) return Errc::kInvalid;
  ZS_TRY_ASSIGN(const auto info, here.sockets.info(fd));
  if (op != EPOLL_CTL_ADD && op != EPOLL_CTL_MOD && op != EPOLL_CTL_DEL) return Errc::kInvalid;
  const bool is_known = info.interest != 0;
  if (op == EPOLL_CTL_ADD && is_known) return Errc::kExists;
  if (op != EPOLL_CTL_ADD && !is_known) return Errc::kNotFound;
  if (op == EPOLL_CTL_DEL) return here.sockets.watch(fd, 0, 0);
  if (event == nullptr) return Errc::kInvalid;
  ZS_TRY_ASSIGN(const std::uint32_t interest, to_interest(event->events));
  return here.sockets.watch(fd, interest, event->data.u64);
}

/// As many at once: asked twice, the ready list would tell of a socket twice.
constexpr std::size_t kMostEvents = 64;

}  // namespace

namespace zs::api {

bool close_epoll(Instance& here, int fd) {
  if (fd != kEpollDescriptor || !here.has_epoll) return false;
  here.has_epoll = false;
  here.sockets.watch_nothing();
  return true;
}

}  // namespace zs::api

int z_epoll_create(void) {
  return zs::api::call<int>([](Instance& here) -> Result<int> {
    if (std::exchange(here.has_epoll, true)) return Errc::kTooManyFiles;
    return zs::api::kEpollDescriptor;
  });
}

int z_epoll_ctl(int epfd, int op, int fd, struct epoll_event* event) {
  return zs::api::call<int>([=](Instance& here) -> Result<void> {
    ZS_TRY(check_epoll(here, epfd));
    return control(here, op, fd, event);
  });
}

int z_epoll_wait(int epfd, struct epoll_event* events, int n) {
  return zs::api::call<int>([=](Instance& here) -> Result<int> {
    ZS_TRY(check_epoll(here, epfd));
    if (events == nullptr || n < 1) return Errc::kInvalid;
    std::array<zs::sock::ReadyEvent, kMostEvents> found;
    const std::size_t count = here.sockets.poll_ready(
        std::span(found).first(std::min(static_cast<std::size_t>(n), kMostEvents)));
    for (std::size_t i = 0; i < count; ++i) {
      events[i].events = to_events(found[i].ready);
      events[i].data.u64 = found[i].user_data;
    }
    return static_cast<int>(count);
  });
}
