#pragma once

#include <zstack/zstack.h>

#include "sock/socket_table.hpp"

namespace zs::api {

/// In Linux' units: microseconds, milliseconds for the times since, and segments of the sender's
/// MSS.
z_tcp_info to_tcp_info(const sock::StreamInfo& info) noexcept;

}  // namespace zs::api
