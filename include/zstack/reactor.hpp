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
#include <vector>
#include <zstack/task.hpp>

extern "C" {
int ff_kqueue(void);
int ff_kevent(int kq, const struct kevent* changelist, int nchanges, struct kevent* eventlist,
              int nevents, const struct timespec* timeout);
}

// What is under zstack/co.hpp: who waits for what on a shard. Not for programs.
namespace zs::co {

using Clock = std::chrono::steady_clock;

namespace detail {

/// A wait of a coroutine. attempt() tries what it waits for; true: there is an outcome.
class Operation : public Cancel::Wait {
 public:
  virtual bool attempt() noexcept = 0;
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
  void finish() noexcept {
    unlink();
    leave();
    is_interrupted_ = false;
    waiting_.resume();
  }

 protected:
  ~Operation();
  /// Takes it away from where it waits.
  virtual void leave() noexcept = 0;

  int error_ = 0;

 private:
  std::coroutine_handle<> waiting_;
  bool is_interrupted_ = false;  ///< and not finished yet
};

/// What the reactor knows of a socket.
struct Endpoint {
  int fd = -1;
  Operation* reader = nullptr;
  Operation* writer = nullptr;
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

  void add(Timer& timer);
  void remove(const Timer& timer) noexcept;
  /// To be finished when the caller's stack has unwound.
  void finish_later(Operation& operation) { cancelled_.push_back(&operation); }
  void forget(const Operation& operation) noexcept {
    std::replace(cancelled_.begin(), cancelled_.end(),
                 const_cast<Operation*>(&operation),  // NOLINT
                 static_cast<Operation*>(nullptr));
  }

 private:
  void arm();
  void fire();

  int queue_;
  std::array<struct kevent, 64> events_;
  std::size_t next_ = 0;
  std::size_t count_ = 0;
  std::vector<Timer*> timers_;  ///< a heap, the earliest first
  std::vector<Operation*> cancelled_;
};

inline void Operation::interrupt() noexcept {
  error_ = ECANCELED;
  leave();
  is_interrupted_ = true;
  Reactor::here().finish_later(*this);
}

inline Operation::~Operation() {
  if (is_interrupted_) Reactor::here().forget(*this);
}

struct Timer : Operation {
  explicit Timer(Clock::time_point at) : due(at) {}
  virtual ~Timer() { Timer::leave(); }
  bool await_ready() const noexcept { return false; }
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> waiting) {
    if (is_cancelled(waiting)) return false;
    begin(waiting);
    is_set = true;
    Reactor::here().add(*this);
    return true;
  }
  /// Whether the time has come, and not a wish to cancel.
  bool await_resume() const noexcept { return error_ == 0; }
  bool attempt() noexcept override { return true; }
  virtual void expire() { finish(); }
  void leave() noexcept override {
    if (std::exchange(is_set, false)) Reactor::here().remove(*this);
  }

  static bool is_later(const Timer* a, const Timer* b) noexcept { return a->due > b->due; }

  Clock::time_point due;
  bool is_set = false;
};

inline void Reactor::add(Timer& timer) {
  timers_.push_back(&timer);
  std::push_heap(timers_.begin(), timers_.end(), Timer::is_later);
  if (timers_.front() == &timer) arm();
}

inline void Reactor::remove(const Timer& timer) noexcept {
  const auto at = std::find(timers_.begin(), timers_.end(), &timer);
  if (at == timers_.end()) return;
  timers_.erase(at);
  std::make_heap(timers_.begin(), timers_.end(), Timer::is_later);
}

/// The shard must not sleep beyond the earliest.
inline void Reactor::arm() {
  const auto wait =
      std::chrono::duration_cast<std::chrono::microseconds>(timers_.front()->due - Clock::now());
  struct kevent change;
  EV_SET(&change, 0, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_USECONDS,
         std::max<std::intptr_t>(wait.count() + 1, 1), nullptr);
  (void)ff_kevent(queue_, &change, 1, nullptr, 0, nullptr);
}

inline void Reactor::fire() {
  while (!timers_.empty() && timers_.front()->due <= Clock::now()) {
    Timer& timer = *timers_.front();
    std::pop_heap(timers_.begin(), timers_.end(), Timer::is_later);
    timers_.pop_back();
    timer.is_set = false;
    timer.expire();
  }
}

inline void Reactor::turn() {
  const int n =
      ff_kevent(queue_, nullptr, 0, events_.data(), static_cast<int>(events_.size()), nullptr);
  count_ = n > 0 ? static_cast<std::size_t>(n) : 0;
  bool is_timer = false;
  for (next_ = 0; next_ < count_;) {
    const struct kevent event = events_[next_++];
    is_timer = is_timer || event.filter == EVFILT_TIMER;
    auto* const endpoint = static_cast<Endpoint*>(event.udata);
    if (endpoint == nullptr) continue;
    Operation* const waiting = event.filter == EVFILT_READ ? endpoint->reader : endpoint->writer;
    if (waiting != nullptr && waiting->attempt()) waiting->finish();
  }
  count_ = 0;
  fire();
  if (is_timer && !timers_.empty()) arm();
  for (std::size_t i = 0; i < cancelled_.size(); ++i) {  // which may grow meanwhile
    if (Operation* const operation = std::exchange(cancelled_[i], nullptr)) operation->finish();
  }
  cancelled_.clear();
}

}  // namespace detail
}  // namespace zs::co
