#pragma once

#include <cassert>
#include <coroutine>
#include <cstddef>
#include <exception>
#include <optional>
#include <utility>

namespace zs::co {

/// A place in a ring, or its beginning: a circular list of things that it does not own. Alone it
/// points nowhere, so that what never waits costs next to nothing.
class Linked {
 public:
  Linked() noexcept = default;
  Linked(const Linked&) = delete;
  Linked& operator=(const Linked&) = delete;
  ~Linked() { unlink(); }
  /// With others.
  bool is_linked() const noexcept { return next_ != nullptr && next_ != this; }
  void unlink() noexcept {
    if (next_ == nullptr) return;
    next_->previous_ = previous_;
    previous_->next_ = next_;
    next_ = previous_ = nullptr;
  }
  void link_before(Linked& other) noexcept {
    if (other.next_ == nullptr) other.next_ = other.previous_ = &other;
    next_ = &other;
    previous_ = other.previous_;
    previous_->next_ = this;
    other.previous_ = this;
  }
  Linked& next() noexcept { return *next_; }

 private:
  Linked* next_ = nullptr;
  Linked* previous_ = nullptr;
};

/// A wish that what runs under it end: every wait below it fails with ECANCELED, now and later.
/// Tasks inherit it from who awaits them.
class Cancel : public Linked {
 public:
  Cancel() = default;
  explicit Cancel(Cancel* parent) {
    if (parent == nullptr) return;
    link_before(parent->children_);
    is_cancelled_ = parent->is_cancelled_;
  }

  /// What can be interrupted: a wait that is under way.
  class Wait : public Linked {
   public:
    virtual void interrupt() noexcept = 0;

   protected:
    ~Wait() = default;
  };

  bool is_cancelled() const noexcept { return is_cancelled_; }
  void add(Wait& wait) noexcept { wait.link_before(waits_); }
  void cancel() noexcept {
    if (std::exchange(is_cancelled_, true)) return;
    while (waits_.is_linked()) {
      Wait& wait = static_cast<Wait&>(waits_.next());
      wait.unlink();
      wait.interrupt();
    }
    if (!children_.is_linked()) return;
    for (Linked* child = &children_.next(); child != &children_; child = &child->next()) {
      static_cast<Cancel*>(child)->cancel();
    }
  }

 private:
  bool is_cancelled_ = false;
  Linked waits_;
  Linked children_;
};

template <typename T = void>
class Task;

namespace detail {

struct PromiseBase {
  std::coroutine_handle<> continuation = std::noop_coroutine();
  std::exception_ptr thrown;
  Cancel* cancel = nullptr;

  struct Final {
    bool await_ready() const noexcept { return false; }
    template <typename P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> ended) const noexcept {
      return ended.promise().continuation;
    }
    void await_resume() const noexcept {}
  };
  std::suspend_always initial_suspend() const noexcept { return {}; }
  Final final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { thrown = std::current_exception(); }
};

template <typename T>
struct Promise : PromiseBase {
  std::optional<T> value;
  Task<T> get_return_object() noexcept;
  template <typename U>
  void return_value(U&& v) {
    value.emplace(std::forward<U>(v));
  }
  T take() {
    if (thrown) std::rethrow_exception(thrown);
    return *std::move(value);
  }
};

template <>
struct Promise<void> : PromiseBase {
  Task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const {
    if (thrown) std::rethrow_exception(thrown);
  }
};

}  // namespace detail

/// A coroutine that begins when it is awaited, and gives a T. Belongs to whoever holds it:
/// destroyed before it has ended, all that lives in it is destroyed as well.
template <typename T>
class [[nodiscard]] Task {
 public:
  using promise_type = detail::Promise<T>;
  using Handle = std::coroutine_handle<promise_type>;

  explicit Task(Handle handle) noexcept : handle_(handle) {}
  Task(Task&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Task& operator=(Task&& other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Task() {
    if (handle_) handle_.destroy();
  }

  /// Awaited under another wish to cancel than the awaiting coroutine's.
  auto under(Cancel& cancel) && noexcept { return Awaiter{handle_, &cancel}; }
  auto operator co_await() && noexcept { return Awaiter{handle_, nullptr}; }
  Handle handle() const noexcept { return handle_; }

 private:
  struct Awaiter {
    Handle handle;
    Cancel* own;
    bool await_ready() const noexcept { return false; }
    template <typename P>
    Handle await_suspend(std::coroutine_handle<P> awaiting) const noexcept {
      handle.promise().continuation = awaiting;
      handle.promise().cancel = own != nullptr ? own : awaiting.promise().cancel;
      return handle;
    }
    T await_resume() const { return handle.promise().take(); }
  };

  Handle handle_;
};

namespace detail {
template <typename T>
Task<T> Promise<T>::get_return_object() noexcept {
  return Task<T>{std::coroutine_handle<Promise<T>>::from_promise(*this)};
}
inline Task<void> Promise<void>::get_return_object() noexcept {
  return Task<void>{std::coroutine_handle<Promise<void>>::from_promise(*this)};
}

/// A coroutine that nobody holds: it destroys itself at its end.
struct Detached {
  struct promise_type {
    Cancel* cancel = nullptr;
    Detached get_return_object() noexcept {
      return {std::coroutine_handle<promise_type>::from_promise(*this)};
    }
    std::suspend_always initial_suspend() const noexcept { return {}; }
    std::suspend_never final_suspend() const noexcept { return {}; }
    void return_void() const noexcept {}
    [[noreturn]] void unhandled_exception() const noexcept { std::terminate(); }
  };
  std::coroutine_handle<promise_type> handle;
};
}  // namespace detail

/// Tasks that run side by side, and an end that waits for all of them. An exception that leaves one
/// ends the program.
///
///     zs::co::Group clients;
///     while (auto client = co_await listener.accept()) clients.spawn(serve(*std::move(client)));
///     clients.cancel();
///     co_await clients.join();
class Group {
 public:
  Group() = default;
  explicit Group(Cancel& parent) : cancel_(&parent) {}
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;
  /// Everything has to be joined: what runs on would run without it.
  ~Group() { assert(count_ == 0 && "a group that was not joined"); }

  /// Runs the task at once, until it waits for the first time.
  void spawn(Task<void> task) {
    ++count_;
    const auto started = run(std::move(task), *this);
    started.handle.promise().cancel = &cancel_;
    started.handle.resume();
  }
  void cancel() noexcept { cancel_.cancel(); }
  std::size_t running() const noexcept { return count_; }
  /// Waits until no task is left. By one coroutine at a time.
  auto join() noexcept { return Join{*this}; }

 private:
  struct Join {
    Group& group;
    bool await_ready() const noexcept { return group.count_ == 0; }
    void await_suspend(std::coroutine_handle<> waiting) const noexcept { group.waiting_ = waiting; }
    void await_resume() const noexcept {}
  };
  static detail::Detached run(Task<void> task, Group& group) {
    co_await std::move(task);
    if (--group.count_ == 0 && group.waiting_) std::exchange(group.waiting_, nullptr).resume();
  }

  Cancel cancel_;
  std::size_t count_ = 0;
  std::coroutine_handle<> waiting_;
};

}  // namespace zs::co
