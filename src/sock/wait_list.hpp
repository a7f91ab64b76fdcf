#pragma once

#include <cstdint>
#include <deque>
#include <span>

#include "base/intrusive_list.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "sock/event_queue.hpp"

namespace zs::sock {

struct WaitTag;
struct Wait;

/// Any of the readiness bits `wanted` of a socket or a queue; an error and a hangup always are.
struct Wish {
  int fd = -1;
  std::uint32_t wanted = 0;
};

enum class WaitEnd : std::uint8_t {
  kNotYet,
  kReady,      ///< a wish has come true, or whoever waits only let others go first
  kTimeout,    ///< the time has come
  kGone,       ///< somebody closed what it waits for
  kCancelled,  ///< nobody is to wait any more
};

struct WaitWatch : Watch {
  Wait* wait = nullptr;
};

/// One who waits. Must be finished before it is destroyed.
struct Wait : ListHook<WaitTag> {
  WaitEnd end = WaitEnd::kNotYet;
  Instant until = Instant::never();
  WaitWatch timer;
  std::deque<WaitWatch> watches;  ///< which does not move them
};

/// Those who wait for sockets, queues of events or a time, and those of them whose wait is over.
class WaitList final : public EventQueue {
 public:
  explicit WaitList(EventQueues& all) : EventQueue(all, Kind::kWaitList, -1) {}

  /// kBadFd: one of `wishes` names nothing, and nothing has begun. What is so already is over at
  /// once.
  Result<void> begin(Wait& wait, std::span<const Wish> wishes, Instant until);
  /// Forgets all that it waits for. Needed behind each begin() and end_now().
  void finish(Wait& wait);
  /// It is over, for this reason.
  void end_now(Wait& wait, WaitEnd end);
  /// The next whose wait is over, or nullptr. It stays to be finished.
  Wait* take();
  /// Finds out whose wait is over. True if there is one.
  bool has_over();

  void forget(Watch& watch) override;
  void on_timer(Watch& watch, Instant now) override;
  unsigned depth() const override { return 1; }
  bool reaches(const EventQueue& other) const override { return this == &other; }

 private:
  bool is_ready(const Watch& watch) const override;

  IntrusiveList<Wait, WaitTag> over_;
};

}  // namespace zs::sock
