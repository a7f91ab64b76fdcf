#pragma once

#include <ff_event.h>
#include <zstack/zstack.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <coroutine>
#include <cstdint>
#include <utility>
#include <zstack/task.hpp>
#include <zstack/timer_heap.hpp>

extern "C" {
int ff_kqueue(void);
int ff_kevent(int kq, const struct kevent* changelist, int nchanges, struct kevent* eventlist,
              int nevents, const struct timespec* timeout);
}

// What is under zstack/co.hpp: who waits for what on a shard. Not for programs.
namespace zs::co {

namespace detail {

/// A wait of a coroutine. What is linked into the ring of a Cancel may be interrupted; who was, is
/// in the reactor's ring until it is resumed.
class Operation : public Cancel::Wait {
 public:
  /// What it waits for may have come: resumes the coroutine if there is an outcome.
  virtual void on_ready() noexcept = 0;
  void interrupt() noexcept override;

  /// Whether who is about to wait was told to end, which is the outcome then.
  template <typename P>
  bool is_cancelled(std::coroutine_handle<P> waiting) noexcept {
    const Cancel* const cancel = waiting.promise().cancel;
    if (cancel == nullptr || !cancel->is_cancelled()) return false;
    error_ = ECANCELED;
    return true;
  }
  template <typename P>
  void begin(std::coroutine_handle<P> waiting) noexcept {
    waiting_ = waiting;
    if (Cancel* const cancel = waiting.promise().cancel) cancel->add(*this);
  }
  /// It waits no longer. This may not be there any more afterwards.
  void resume() noexcept {
    unlink();
    waiting_.resume();
  }

 protected:
  ~Operation() = default;
  /// Takes it away from where it waits.
  virtual void leave() noexcept = 0;

  int error_ = 0;

 private:
  std::coroutine_handle<> waiting_;
};

/// What the reactor knows of a socket.
struct Endpoint {
  int fd = -1;
  Operation* reader = nullptr;
  Operation* writer = nullptr;
  bool may_read = true;  ///< false: it was emptied, and no event has come since
  /// The end, or an error, was told once and for all: no event will tell it again.
  bool has_ended = false;
};

struct Timer;

/// One a shard: hears from the stack what is ready and resumes who waits for it.
class Reactor {
 public:
  Reactor() : queue_(ff_kqueue()) {}
  Reactor(const Reactor&) = delete;
  Reactor& operator=(const Reactor&) = delete;
  ~Reactor() { z_close(queue_); }

  static Reactor& here() { return *current(); }
  static Reactor*& current() {
    thread_local Reactor* reactor = nullptr;
    return reactor;
  }

  /// False: no memory.
  bool add(Endpoint& endpoint) {
    std::array<struct kevent, 2> changes;
    EV_SET(&changes[0], static_cast<std::uintptr_t>(endpoint.fd), EVFILT_READ, EV_ADD | EV_CLEAR, 0,
           0, &endpoint);
    EV_SET(&changes[1], static_cast<std::uintptr_t>(endpoint.fd), EVFILT_WRITE, EV_ADD | EV_CLEAR,
           0, 0, &endpoint);
    return ff_kevent(queue_, changes.data(), 2, nullptr, 0, nullptr) == 0;
  }
  /// It is about to go: events of this pass that are its are nobody's.
  void remove(const Endpoint& endpoint) noexcept {
    for (std::size_t i = next_; i < count_; ++i) {
      if (events_[i].udata == &endpoint) events_[i].udata = nullptr;
    }
  }
  void turn();

  void add(Timer& timer) noexcept;
  void remove(Timer& timer) noexcept;
  /// To be resumed when the caller's stack has unwound.
  void resume_later(Operation& operation) noexcept { operation.link_before(cancelled_); }

 private:
  void tell(const struct kevent& event) noexcept;
  void arm() noexcept;
  void fire();

  int queue_;
  std::array<struct kevent, 64> events_;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  TimerHeap timers_;
  Linked cancelled_;
};

inline void Operation::interrupt() noexcept {
  error_ = ECANCELED;
  leave();
  Reactor::here().resume_later(*this);
}

struct Timer : Operation, TimerNode {
  explicit Timer(Clock::time_point at) : TimerNode(at) {}
  virtual ~Timer() { Timer::leave(); }
  bool await_ready() const noexcept { return false; }
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> waiting) {
    if (is_cancelled(waiting)) return false;
    begin(waiting);
    start();
    return true;
  }
  /// Whether the time has come, and not a wish to cancel.
  bool await_resume() const noexcept { return error_ == 0; }
  void on_ready() noexcept override { resume(); }
  virtual void expire() { resume(); }
  void leave() noexcept override {
    if (std::exchange(is_set_, false)) Reactor::here().remove(*this);
  }
  void start() noexcept {
    is_set_ = true;
    Reactor::here().add(*this);
  }
  /// It is no longer in the heap.
  void take_out() noexcept { is_set_ = false; }

 private:
  bool is_set_ = false;
};

inline void Reactor::add(Timer& timer) noexcept {
  timers_.push(timer);
  if (timers_.earliest() == &timer) arm();
}

inline void Reactor::remove(Timer& timer) noexcept { timers_.remove(timer); }

/// The shard must not sleep beyond the earliest.
inline void Reactor::arm() noexcept {
  const auto wait =
      std::chrono::duration_cast<std::chrono::microseconds>(timers_.earliest()->due - Clock::now());
  struct kevent change;
  EV_SET(&change, 0, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_USECONDS,
         std::max<std::intptr_t>(wait.count() + 1, 1), nullptr);
  (void)ff_kevent(queue_, &change, 1, nullptr, 0, nullptr);
}

inline void Reactor::fire() {
  while (TimerNode* const first = timers_.earliest()) {
    if (first->due > Clock::now()) return;
    Timer& timer = static_cast<Timer&>(*first);
    timers_.remove(timer);
    timer.take_out();
    timer.expire();
  }
}

inline void Reactor::tell(const struct kevent& event) noexcept {
  auto& endpoint = *static_cast<Endpoint*>(event.udata);
  if (event.filter == EVFILT_READ) {
    endpoint.may_read = true;
    if ((event.flags & EV_EOF) != 0) endpoint.has_ended = true;
    if (endpoint.reader != nullptr) endpoint.reader->on_ready();
  } else if (endpoint.writer != nullptr) {
    endpoint.writer->on_ready();
  }
}

inline void Reactor::turn() {
  const int n =
      ff_kevent(queue_, nullptr, 0, events_.data(), static_cast<int>(events_.size()), nullptr);
  count_ = n > 0 ? static_cast<std::size_t>(n) : 0;
  bool is_timer = false;
  for (next_ = 0; next_ < count_;) {
    const struct kevent& event = events_[next_++];
    if (event.udata != nullptr) {
      tell(event);
    } else {
      is_timer = is_timer || event.filter == EVFILT_TIMER;
    }
  }
  count_ = 0;
  fire();
  if (is_timer && timers_.earliest() != nullptr) arm();
  while (cancelled_.is_linked()) {  // which may grow meanwhile
    static_cast<Operation&>(cancelled_.next()).resume();
  }
}

}  // namespace detail
}  // namespace zs::co
