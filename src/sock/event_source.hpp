#pragma once

#include <cstdint>

#include "base/intrusive_list.hpp"
#include "base/time.hpp"
#include "sock/lazy.hpp"

namespace zs::sock {

class EventQueue;
struct Socket;

struct OfSourceTag;
struct OfQueueTag;
using OfSource = ListHook<OfSourceTag>;
using OfQueue = ListHook<OfQueueTag>;

struct Source;

/// One queue's interest in one source: the item of an epoll set, the knote of a kqueue.
struct Watch : OfSource, OfQueue {
  EventQueue* queue = nullptr;  ///< that owns it
  Source* source = nullptr;     ///< none: a timer's or the user's
  int fd = -1;                  ///< the descriptor that it was made for
  /// Told of changes of these readiness bits only; of any change where it is level-triggered.
  std::uint32_t wanted = 0;
  bool is_edge = false;

  bool is_queued() const { return static_cast<const OfQueue&>(*this).is_linked(); }
};

/// How long a call that waits does so, in either direction (SO_RCVTIMEO, SO_SNDTIMEO); 0: for ever.
struct Timeouts {
  Duration receive{};
  Duration send{};
};

/// What can be watched: a socket, or a queue of events itself. Remembers what it looked like when
/// it last changed, since an edge is a difference.
struct Source {
  Socket* socket = nullptr;
  EventQueue* queue = nullptr;  ///< the one that is watched, where it is no socket
  IntrusiveList<Watch, OfSourceTag> watches;
  std::uint64_t received = 0;
  std::uint32_t state = 0;
  /// A write was refused or found no room: that there is some again is news (Linux' rule).
  bool wants_room = false;
  /// Some watch is told of edges: until then nobody looks for them.
  bool has_edges = false;
  Lazy<Timeouts> timeouts;
};

}  // namespace zs::sock
