#pragma once

#include <sys/socket.h>

#include "api/instance.hpp"
#include "base/result.hpp"

namespace zs::api {

/// Whether the option names a multicast group: IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP, MCAST_JOIN_GROUP
/// and their opposites. It can only be set.
bool is_group_option(int level, int name);
/// Precondition: is_group_option().
Result<void> set_group_option(Instance& here, int fd, int level, int name, const void* value,
                              socklen_t length);

/// IP_MULTICAST_IF, which names an interface in three ways. Sets Option::kGroupInterface.
Result<void> set_group_interface_v4(Instance& here, int fd, const void* value, socklen_t length);

}  // namespace zs::api
