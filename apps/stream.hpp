#pragma once

#include <cstdint>
#include <span>

#include "base/intrusive_list.hpp"
#include "base/time.hpp"
#include "buf/chain.hpp"
#include "http_session.hpp"

namespace zs::apps {

struct TimeoutTag;

/// What a connection is given time for; each has its own patience.
enum class Wait : std::uint8_t {
  kNone,
  kRequest,  ///< the rest of a request that has begun
  kIdle,     ///< the next request
  kSend,     ///< room for our answer: the peer reads too slowly, or not at all
  kLinger,   ///< the peer's FIN after ours
};
inline constexpr std::size_t kWaitKinds = 5;

/// One accepted connection, in a slab indexed by its descriptor.
struct Stream : ListHook<TimeoutTag> {
  int fd = -1;                    ///< -1: the place is free
  HttpSession session;            ///< used by the HTTP protocol only
  buf::Chain input;               ///< received, not yet consumed: it waits for room
  buf::Chain output;              ///< refused by the socket; goes first
  std::uint64_t body_left = 0;    ///< bytes of the endless pattern still to be sent, after `output`
  std::uint64_t body_offset = 0;  ///< where in the pattern they begin
  std::uint32_t interest = 0;     ///< as given to watch()
  Wait wait = Wait::kNone;
  Instant deadline;
  bool is_blocked = false;  ///< the send buffer is full
  bool ends_after_output = false;
  bool is_ending = false;   ///< our FIN is sent; input is thrown away until the peer's
  bool peer_ended = false;  ///< the peer's FIN came

  bool has_output() const { return !output.empty() || body_left > 0; }
};

}  // namespace zs::apps
