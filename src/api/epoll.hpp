#pragma once

#include "api/instance.hpp"

namespace zs::api {

/// The descriptor of a shard's epoll instance: above every socket's.
inline constexpr int kEpollDescriptor = 1 << 30;

/// True if `fd` is the epoll descriptor, which is closed then.
bool close_epoll(Instance& here, int fd);

}  // namespace zs::api
