#pragma once

#include <sys/epoll.h>

namespace zs::api {

// z_epoll_* and ff_epoll_*, which differ in their names only.
int epoll_create();
int epoll_control(int epfd, int op, int fd, const epoll_event* event);
int epoll_collect(int epfd, epoll_event* events, int n);

}  // namespace zs::api
