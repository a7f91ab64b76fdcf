// epoll, for z_ and ff_ programs.
#include <zstack/zstack.h>

#include <algorithm>

#include "api/blocking.hpp"
#include "api/epoll_calls.hpp"
#include "sock/epoll_set.hpp"

namespace zs::api {
namespace {

/// kBadFd for no descriptor, kInvalid for one that is no epoll set.
Result<sock::EpollSet*> set_of(Instance& here, int epfd) {
  if (sock::EpollSet* const set = here.queues.epoll(epfd)) return set;
  return here.queues.find(epfd) != nullptr || here.sockets.info(epfd) ? Errc::kInvalid
                                                                      : Errc::kBadFd;
}

}  // namespace

int epoll_create() {
  return call<int>([](Instance& here) { return here.queues.open_epoll(); });
}

int epoll_control(int epfd, int op, int fd, const epoll_event* event) {
  return call<int>([=](Instance& here) -> Result<void> {
    // Linux' order: both descriptors, then what is to be done with them.
    const auto set = set_of(here, epfd);
    if (!set && set.error() == Errc::kBadFd) return Errc::kBadFd;
    ZS_TRY(here.queues.source(fd));
    if (!set) return set.error();
    switch (op) {
      case EPOLL_CTL_ADD:
        return event == nullptr ? Errc::kInvalid : (*set)->add(fd, *event);
      case EPOLL_CTL_MOD:
        return event == nullptr ? Errc::kInvalid : (*set)->modify(fd, *event);
      case EPOLL_CTL_DEL:
        return (*set)->remove(fd);
      default:
        return Errc::kInvalid;
    }
  });
}

namespace {
Result<int> collect(Instance& here, int epfd, epoll_event* events, int n) {
  ZS_TRY_ASSIGN(sock::EpollSet* const set, set_of(here, epfd));
  if (events == nullptr || n < 1) return Errc::kInvalid;
  return static_cast<int>(set->wait({events, static_cast<std::size_t>(n)}));
}
}  // namespace

int epoll_collect(int epfd, epoll_event* events, int n) {
  return call<int>([=](Instance& here) { return collect(here, epfd, events, n); });
}

int epoll_await(int epfd, epoll_event* events, int n, std::optional<Duration> time) {
  const sock::Wish wish{epfd, sock::ready::kReadable};
  return collecting_call({&wish, 1}, time,
                         [=](Instance& here) { return collect(here, epfd, events, n); });
}

}  // namespace zs::api

int z_epoll_create(void) { return zs::api::epoll_create(); }

int z_epoll_ctl(int epfd, int op, int fd, struct epoll_event* event) {
  return zs::api::epoll_control(epfd, op, fd, event);
}

int z_epoll_wait(int epfd, struct epoll_event* events, int n) {
  return zs::api::epoll_collect(epfd, events, n);
}
