#pragma once

#include <sys/socket.h>

#include "api/instance.hpp"

namespace zs::api {

/// SO_RCVTIMEO and SO_SNDTIMEO, a timeval: how long a call may wait for the socket in a fiber; 0:
/// for ever.
bool is_timeout_option(int level, int name) noexcept;

/// kInvalid: no timeval. EDOM: microseconds that are none; Linux takes seconds below 0 for no time
/// at all, and so do we.
Result<void> set_timeout_option(Instance& here, int fd, int name, const void* value,
                                socklen_t length);
/// As much of it as there is room for, as Linux does.
Result<void> timeout_option(Instance& here, int fd, int name, void* value, socklen_t* length);

}  // namespace zs::api
