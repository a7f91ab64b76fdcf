#pragma once

#include <sys/epoll.h>

#include <optional>

#include "base/time.hpp"

namespace zs::api {

// z_epoll_* and ff_epoll_*, which differ in their names, and in that one may wait.
int epoll_create();
int epoll_control(int epfd, int op, int fd, const epoll_event* event);
int epoll_collect(int epfd, epoll_event* events, int n);
/// epoll_collect(), which in a fiber waits for that time (none: for ever) until there is something.
int epoll_await(int epfd, epoll_event* events, int n, std::optional<Duration> time);

}  // namespace zs::api
