#pragma once

#include <cerrno>
#include <memory>
#include <type_traits>
#include <utility>

#include "base/assert.hpp"

namespace zs {

/// Everything a call can refuse to do. The values are errno values, so that the C boundary is a
/// cast and not a table.
enum class [[nodiscard]] Errc : int{
    kAgain = EAGAIN,
    kBadFd = EBADF,
    kInvalid = EINVAL,
    kNotFound = ENOENT,
    kNoMemory = ENOMEM,
    kNoBuffers = ENOBUFS,
    kTooManyFiles = EMFILE,
    kMessageSize = EMSGSIZE,
    kNotConnected = ENOTCONN,
    kIsConnected = EISCONN,
    kInProgress = EINPROGRESS,
    kAlready = EALREADY,
    kAddrInUse = EADDRINUSE,
    kAddrNotAvailable = EADDRNOTAVAIL,
    kNoRoute = ENETUNREACH,
    kHostUnreachable = EHOSTUNREACH,
    kNetDown = ENETDOWN,
    kConnReset = ECONNRESET,
    kConnRefused = ECONNREFUSED,
    kConnAborted = ECONNABORTED,
    kTimedOut = ETIMEDOUT,
    kPipe = EPIPE,
    kPermission = EPERM,
    kAccess = EACCES,
    kNotSupported = EOPNOTSUPP,
    kAfNotSupported = EAFNOSUPPORT,
    kProtocol = EPROTO,
    kNoDevice = ENODEV,
    kIo = EIO,
    kBusy = EBUSY,
    kDestinationRequired = EDESTADDRREQ,
    kExists = EEXIST,
    kNoProtocolOption = ENOPROTOOPT,
    kProtocolNotSupported = EPROTONOSUPPORT,
    kWrongSocketType = EPROTOTYPE,
};

/// A value or the reason why there is none: the subset of std::expected<T, Errc> that we use, with
/// its spelling (g++ 12 has <expected> under C++23 only, see docs/adr/0004). A union by hand,
/// because every call of the data path returns one, and std::variant moves and destroys by table.
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) noexcept(std::is_nothrow_move_constructible_v<T>)  // NOLINT: implicit on purpose
      : has_value_(true), value_(std::move(value)) {}
  Result(Errc e) noexcept : has_value_(false), error_(e) {}  // NOLINT: implicit on purpose
  Result(const Result& o) requires std::is_copy_constructible_v<T> : has_value_(o.has_value_) {
    take(o);
  }
  Result(Result&& o) noexcept(std::is_nothrow_move_constructible_v<T>) : has_value_(o.has_value_) {
    take(std::move(o));
  }
  Result& operator=(Result o) noexcept(std::is_nothrow_move_constructible_v<T>) {
    reset();
    has_value_ = o.has_value_;
    take(std::move(o));
    return *this;
  }
  ~Result() { reset(); }

  bool has_value() const noexcept { return has_value_; }
  explicit operator bool() const noexcept { return has_value_; }
  T& operator*() & noexcept { return value(); }
  const T& operator*() const& noexcept { return value(); }
  T&& operator*() && noexcept { return std::move(value()); }
  T* operator->() noexcept { return std::addressof(value()); }
  const T* operator->() const noexcept { return std::addressof(value()); }
  Errc error() const noexcept {
    ZS_ASSERT(!has_value_);
    return error_;
  }

 private:
  T& value() noexcept {
    ZS_ASSERT(has_value_);
    return value_;
  }
  const T& value() const noexcept {
    ZS_ASSERT(has_value_);
    return value_;
  }
  /// Fills the union from `o`'s; has_value_ is `o`'s already.
  template <typename Other>
  void take(Other&& o) {
    if (has_value_) {
      std::construct_at(std::addressof(value_), std::forward<Other>(o).value_);
    } else {
      error_ = o.error_;
    }
  }
  void reset() noexcept {
    if (has_value_) std::destroy_at(std::addressof(value_));
  }

  bool has_value_;
  union {
    T value_;
    Errc error_;
  };
};

template <>
class [[nodiscard]] Result<void> {
 public:
  constexpr Result() = default;
  constexpr Result(Errc e) : code_(static_cast<int>(e)) {}  // NOLINT: implicit on purpose
  constexpr bool has_value() const noexcept { return code_ == 0; }
  constexpr explicit operator bool() const noexcept { return has_value(); }
  constexpr Errc error() const noexcept { return static_cast<Errc>(code_); }

 private:
  int code_ = 0;
};

// The price of not having operator?. Both are statements: brace single-line `if` bodies.
#define ZS_CONCAT_(a, b) a##b
#define ZS_CONCAT(a, b) ZS_CONCAT_(a, b)
#define ZS_TRY(expr)                                    \
  do {                                                  \
    if (auto zs_r = (expr); !zs_r) return zs_r.error(); \
  } while (false)
#define ZS_TRY_ASSIGN_(tmp, decl, expr) \
  auto tmp = (expr);                    \
  if (!tmp) return tmp.error();         \
  decl = *std::move(tmp)
#define ZS_TRY_ASSIGN(decl, expr) ZS_TRY_ASSIGN_(ZS_CONCAT(zs_r_, __LINE__), decl, expr)

}  // namespace zs
