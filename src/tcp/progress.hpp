#pragma once

#include <cstdint>

namespace zs::tcp {

/// What the readiness of a connection is made of, for who has to tell one moment from another.
struct Progress {
  std::uint64_t received = 0;        ///< payload bytes in order, ever
  std::uint32_t unread = 0;          ///< bytes that wait for the application
  std::uint32_t unacknowledged = 0;  ///< bytes written that the peer has not acknowledged
  std::uint32_t room = 0;            ///< bytes that a write could take
  bool connecting = false;
  bool no_more_in = false;   ///< the peer's FIN, shutdown(SHUT_RD), or the end
  bool no_more_out = false;  ///< shutdown(SHUT_WR), or the end
};

}  // namespace zs::tcp
