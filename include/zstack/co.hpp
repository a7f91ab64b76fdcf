#pragma once

#include <zstack/zstack.h>

#include <cerrno>
#include <chrono>
#include <concepts>
#include <coroutine>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <zstack/address.hpp>
#include <zstack/reactor.hpp>
#include <zstack/task.hpp>

/// Coroutines on zstack: each shard runs its own, on its own thread.
///
///     zs::co::Task<> serve(zs::co::Stream client) {
///       while (auto bytes = co_await client.read()) {
///         if (bytes->empty() || !co_await client.write(*std::move(bytes))) break;
///       }
///     }
///     zs::co::Task<> listen() { ... }
///     int main(int argc, char** argv) { return zs::co::run(argc, argv, listen); }
///
/// Reading, writing, accepting and sleeping allocate nothing: what waits, waits in the frame of the
/// coroutine. Who is cancelled (Cancel, with_timeout(), Group::cancel()) finds ECANCELED.
namespace zs::co {

/// A value, or the errno that says why there is none.
template <typename T>
class [[nodiscard]] Expected {
 public:
  Expected(T value) : value_(std::move(value)) {}  // NOLINT: implicit on purpose
  /// `error` is an errno; 0, which is none, becomes EINVAL.
  static Expected failed(int error) noexcept {
    return Expected(Failure{error != 0 ? error : EINVAL});
  }
  Expected(Expected&& other) noexcept(std::is_nothrow_move_constructible_v<T>)
      : error_(other.error_) {
    if (error_ == 0) std::construct_at(&value_, std::move(other.value_));
  }
  Expected(const Expected& other) requires std::copy_constructible<T> : error_(other.error_) {
    if (error_ == 0) std::construct_at(&value_, other.value_);
  }
  Expected& operator=(Expected other) noexcept(std::is_nothrow_move_constructible_v<T>) {
    clear();
    if (other.error_ == 0) std::construct_at(&value_, std::move(other.value_));
    error_ = other.error_;
    return *this;
  }
  ~Expected() { clear(); }
  explicit operator bool() const noexcept { return error_ == 0; }
  T& operator*() & noexcept { return value_; }
  T&& operator*() && noexcept { return std::move(value_); }
  T* operator->() noexcept { return &value_; }
  int error() const noexcept { return error_; }

 private:
  struct Failure {
    int error;
  };
  explicit Expected(Failure failure) noexcept : error_(failure.error) {}
  void clear() noexcept {
    if (error_ == 0) std::destroy_at(&value_);
    error_ = EINVAL;  // should what follows throw
  }

  union {
    T value_;  ///< only where there is no error
  };
  int error_ = 0;
};

/// Bytes in the stack's own buffers. There is one owner; sending hands them over without a copy.
class Buffer {
 public:
  Buffer() noexcept = default;
  explicit Buffer(rte_mbuf* chain) noexcept : chain_(chain) {}
  Buffer(Buffer&& other) noexcept : chain_(std::exchange(other.chain_, nullptr)) {}
  Buffer& operator=(Buffer&& other) noexcept {
    std::swap(chain_, other.chain_);
    return *this;
  }
  ~Buffer() {
    if (chain_ != nullptr) z_free(chain_);  // mostly it has been moved from: no call then
  }

  /// A copy of the bytes; empty, with errno, where there are no buffers.
  static Buffer copy_of(std::string_view bytes) {
    Buffer buffer(bytes.empty() ? nullptr : z_alloc(bytes.size()));
    for (rte_mbuf* m = buffer.chain_; m != nullptr; m = z_next(m)) {
      bytes.copy(static_cast<char*>(z_data(m)), z_len(m));
      bytes.remove_prefix(z_len(m));
    }
    return buffer;
  }
  /// The same bytes once more, shared: for many receivers.
  Buffer share() const { return Buffer(chain_ == nullptr ? nullptr : z_ref(chain_)); }
  std::size_t size() const noexcept { return z_pktlen(chain_); }
  bool empty() const noexcept { return size() == 0; }
  template <typename F>
  void for_each_piece(F&& f) const {
    for (const rte_mbuf* m = chain_; m != nullptr; m = z_next(m)) {
      f(std::string_view(static_cast<const char*>(z_data(m)), z_len(m)));
    }
  }
  std::string text() const {
    std::string all;
    for_each_piece([&all](std::string_view piece) { all += piece; });
    return all;
  }
  rte_mbuf* get() const noexcept { return chain_; }
  rte_mbuf* release() noexcept { return std::exchange(chain_, nullptr); }
  void reset(rte_mbuf* chain) noexcept { z_free(std::exchange(chain_, chain)); }

 private:
  rte_mbuf* chain_ = nullptr;
};

namespace detail {

/// An operation of a socket: tried at once, and whenever the socket is ready.
template <typename Derived, typename T, Operation* Endpoint::*Side>
class SocketOperation : public Operation {
 public:
  bool await_ready() const noexcept { return false; }
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> waiting) {
    // One coroutine reads and one writes; a second one would steal the first one's turn.
    if (endpoint_->*Side != nullptr) {
      error_ = EBUSY;
      return false;
    }
    // Who is cancelled does nothing any more, even what could be done at once.
    if (is_cancelled(waiting) || derived().attempt()) return false;
    begin(waiting);
    endpoint_->*Side = this;
    return true;
  }
  Expected<T> await_resume() {
    if (error_ != 0) return Expected<T>::failed(error_);
    return derived().result();
  }
  void on_ready() noexcept final {
    if (!derived().attempt()) return;
    endpoint_->*Side = nullptr;
    resume();
  }

 protected:
  explicit SocketOperation(Endpoint* endpoint) : endpoint_(endpoint) {}
  ~SocketOperation() { SocketOperation::leave(); }
  void leave() noexcept final {
    if (endpoint_->*Side == this) endpoint_->*Side = nullptr;
  }
  /// What a call returned: whether that is an outcome.
  bool is_over(long returned) noexcept {
    if (returned >= 0) return true;
    if (errno == EAGAIN) return false;
    error_ = errno;
    return true;
  }

  Endpoint* endpoint_;

 private:
  Derived& derived() noexcept { return *static_cast<Derived*>(this); }
};

struct Read final : SocketOperation<Read, Buffer, &Endpoint::reader> {
  Read(Endpoint* endpoint, std::size_t most) : SocketOperation(endpoint), most_(most) {}
  bool attempt() noexcept {
    if (!endpoint_->may_read) return false;
    const long n = z_read(endpoint_->fd, &chain_, most_);
    // Less than was asked for is all that there was, unless it was the last: what comes later, the
    // end too, brings an event.
    endpoint_->may_read = n >= static_cast<long>(most_) || endpoint_->has_ended;
    if (n > 0) return true;
    if (n < 0 && errno == EAGAIN) return false;
    endpoint_->may_read = true;  // the end and an error are there to be read again
    return is_over(n);
  }
  Buffer result() noexcept { return Buffer(chain_); }

 private:
  std::size_t most_;
  rte_mbuf* chain_ = nullptr;
};

/// All of a chain: at once, or in pieces that a send buffer has room for.
struct Write final : SocketOperation<Write, std::size_t, &Endpoint::writer> {
  Write(Endpoint* endpoint, Buffer&& bytes) : SocketOperation(endpoint), bytes_(std::move(bytes)) {}
  bool attempt() noexcept {
    if (size_ != 0) return attempt_pieces();
    const long n = z_write(endpoint_->fd, bytes_.get());
    if (n < 0) [[unlikely]]
      return attempt_after_refusal();
    bytes_.release();
    size_ = static_cast<std::size_t>(n);
    return true;
  }
  std::size_t result() const noexcept { return size_; }

 private:
  [[gnu::noinline]] bool attempt_after_refusal() noexcept {
    const int error = errno;
    const std::size_t size = bytes_.size();
    if (size == 0) return true;  // nothing to be written is no error
    errno = error;
    if (size <= kPiece || (error != EAGAIN && error != EMSGSIZE)) return is_over(-1);
    size_ = size;
    return attempt_pieces();
  }
  [[gnu::noinline]] bool attempt_pieces() noexcept {
    while (!bytes_.empty()) {
      rte_mbuf* rest = bytes_.release();
      rte_mbuf* piece = rest;
      if (z_pktlen(rest) > kPiece) {
        piece = z_split(&rest, kPiece);
      } else {
        rest = nullptr;
      }
      const bool is_sent = piece != nullptr && z_write(endpoint_->fd, piece) >= 0;
      const int error = errno;
      if (!is_sent && piece != nullptr && rest != nullptr) rest = z_concat(piece, rest);
      bytes_ = Buffer(is_sent || rest != nullptr ? rest : piece);
      errno = error;
      if (!is_sent) return is_over(-1);
    }
    return true;
  }

  static constexpr std::size_t kPiece = 64 * 1'024;
  Buffer bytes_;
  std::size_t size_ = 0;  ///< of all; before the end only where it goes in pieces
};

struct Connect final : SocketOperation<Connect, bool, &Endpoint::writer> {
  Connect(Endpoint* endpoint, const Address& to) : SocketOperation(endpoint), to_(to) {}
  bool attempt() noexcept {
    if (!std::exchange(has_begun_, true)) {
      const int done = z_connect(endpoint_->fd, to_.get(), to_.length());
      if (done < 0 && errno == EINPROGRESS) return false;
      return is_over(done);
    }
    socklen_t length = sizeof(error_);
    z_getsockopt(endpoint_->fd, SOL_SOCKET, SO_ERROR, &error_, &length);
    return error_ != 0 || has_peer();
  }
  bool result() const noexcept { return true; }

 private:
  /// An event alone says nothing: only a connection that stands has a peer.
  bool has_peer() const noexcept {
    sockaddr_in6 peer{};
    socklen_t length = sizeof(peer);
    void* const place = &peer;
    return z_getpeername(endpoint_->fd, static_cast<sockaddr*>(place), &length) == 0;
  }

  Address to_;
  bool has_begun_ = false;
};

}  // namespace detail

/// An open socket of this shard, closed with this object. Nothing may wait on it then.
class Socket {
 public:
  Socket(Socket&&) noexcept = default;
  Socket& operator=(Socket&& other) noexcept {
    std::swap(endpoint_, other.endpoint_);
    return *this;
  }
  ~Socket() {
    if (!endpoint_) return;
    detail::Reactor::here().remove(*endpoint_);
    z_close(endpoint_->fd);
  }
  int fd() const noexcept { return endpoint_->fd; }

 protected:
  using Owned = std::unique_ptr<detail::Endpoint>;
  explicit Socket(Owned endpoint) noexcept : endpoint_(std::move(endpoint)) {}
  /// What a z_ call gave, -1 with errno too: a socket whose events are heard, or none, and then
  /// the descriptor is closed.
  static Expected<Owned> hear(int fd) noexcept {
    if (fd < 0) return Expected<Owned>::failed(errno);
    Owned endpoint(new (std::nothrow) detail::Endpoint{.fd = fd});
    if (endpoint && detail::Reactor::here().add(*endpoint)) return endpoint;
    const int error = endpoint ? errno : ENOMEM;
    z_close(fd);
    return Expected<Owned>::failed(error);
  }
  /// A new one, bound to `at`.
  static Expected<Owned> bound(const Address& at, int type) noexcept {
    auto endpoint = hear(z_socket(at.family(), type, 0));
    if (!endpoint || z_bind((*endpoint)->fd, at.get(), at.length()) == 0) return endpoint;
    return refused(*std::move(endpoint));
  }
  /// The latest call failed.
  static Expected<Owned> refused(Owned endpoint) noexcept {
    const int error = errno;
    detail::Reactor::here().remove(*endpoint);
    z_close(endpoint->fd);
    return Expected<Owned>::failed(error);
  }

  Owned endpoint_;
};

/// A connection.
class Stream : public Socket {
 public:
  /// Takes over a connected socket of this shard. If it cannot, it is closed.
  static Expected<Stream> adopt(int fd) {
    auto endpoint = hear(fd);
    if (!endpoint) return Expected<Stream>::failed(endpoint.error());
    return Stream(*std::move(endpoint));
  }

  /// What has come, at most `most` bytes; an empty buffer is the end.
  detail::Read read(std::size_t most = 256 * 1'024) { return {endpoint_.get(), most}; }
  /// All of it; how many bytes.
  detail::Write write(Buffer&& bytes) { return {endpoint_.get(), std::move(bytes)}; }
  detail::Write write(std::string_view bytes) { return write(Buffer::copy_of(bytes)); }
  /// No more will be written; the peer reads the end.
  void finish() noexcept { z_shutdown(fd(), SHUT_WR); }

  /// To an IPv4 or IPv6 address; a sockaddr_in and a sockaddr_in6 are one.
  static Task<Expected<Stream>> connect(Address to) {
    auto endpoint = hear(z_socket(to.family(), SOCK_STREAM, 0));
    if (!endpoint) co_return Expected<Stream>::failed(endpoint.error());
    Stream stream(*std::move(endpoint));
    const auto done = co_await detail::Connect(stream.endpoint_.get(), to);
    if (!done) co_return Expected<Stream>::failed(done.error());
    co_return stream;
  }

 private:
  using Socket::Socket;
};

namespace detail {
struct Accept final : SocketOperation<Accept, Stream, &Endpoint::reader> {
  explicit Accept(Endpoint* endpoint) : SocketOperation(endpoint) {}
  bool attempt() noexcept {
    fd_ = z_accept(endpoint_->fd, nullptr, nullptr);
    return is_over(fd_);
  }
  Expected<Stream> result() const { return Stream::adopt(fd_); }

 private:
  int fd_ = -1;
};
}  // namespace detail

/// Where connections come to.
class Listener : public Socket {
 public:
  /// A port on all addresses, IPv4 and IPv6.
  static Expected<Listener> open(std::uint16_t port, int backlog = 1'024) {
    return open(Address::all(port), backlog);
  }
  static Expected<Listener> open(const Address& at, int backlog = 1'024) {
    auto endpoint = bound(at, SOCK_STREAM);
    if (endpoint && z_listen((*endpoint)->fd, backlog) < 0) {
      endpoint = refused(*std::move(endpoint));
    }
    if (!endpoint) return Expected<Listener>::failed(endpoint.error());
    return Listener(*std::move(endpoint));
  }
  detail::Accept accept() { return detail::Accept{endpoint_.get()}; }

 private:
  using Socket::Socket;
};

/// co_await sleep(1s): false if it was cancelled before.
inline detail::Timer sleep_until(Clock::time_point when) { return detail::Timer{when}; }
inline detail::Timer sleep(Clock::duration time) { return sleep_until(Clock::now() + time); }

namespace detail {
/// Cancels when the time has come, unless it has gone before.
struct Deadline final : Timer {
  Deadline(Clock::duration time, Cancel& what) : Timer(Clock::now() + time), cancel(what) {
    start();
  }
  void expire() override { cancel.cancel(); }

  Cancel& cancel;
};

struct CurrentCancel {
  Cancel* cancel = nullptr;
  bool await_ready() const noexcept { return false; }
  template <typename P>
  bool await_suspend(std::coroutine_handle<P> asking) noexcept {
    cancel = asking.promise().cancel;
    return false;
  }
  Cancel* await_resume() const noexcept { return cancel; }
};
}  // namespace detail

/// What the task gives; after `time` its waits are cancelled, and it gives what it makes of that.
template <typename T>
Task<T> with_timeout(Clock::duration time, Task<T> task) {
  Cancel cancel(co_await detail::CurrentCancel{});
  const detail::Deadline deadline(time, cancel);
  co_return co_await std::move(task).under(cancel);
}

namespace detail {
struct Program {
  Task<void> (*main)();
};

struct Shard {
  Reactor reactor;
  std::optional<Group> group;
  bool is_started = false;
};

inline int turn(void* argument) {
  // Not destroyed: the stack closes sockets by itself, when it ends.
  thread_local Shard* const shard = new Shard;
  Reactor::current() = &shard->reactor;
  if (!std::exchange(shard->is_started, true)) {
    shard->group.emplace().spawn(static_cast<Program*>(argument)->main());
  }
  shard->reactor.turn();
  return shard->group->running() == 0 ? 1 : 0;
}
}  // namespace detail

/// The stack of the command line (z_init()), with main() on each shard, until one of them ends or a
/// signal comes. What main() of a C program returns: 0, or 1 with a sentence on stderr.
inline int run(int argc, char** argv, Task<void> (*main)()) {
  detail::Program program{main};
  if (z_init(argc, argv) >= 0 && z_run(detail::turn, &program) == 0) return 0;
  std::fprintf(stderr, "%s\n", z_why());
  return 1;
}

}  // namespace zs::co
