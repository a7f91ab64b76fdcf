#pragma once

#include <cerrno>
#include <utility>
#include <variant>

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
/// its spelling (g++ 12 has <expected> under C++23 only, see docs/adr/0004).
template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : v_(std::in_place_index<0>, std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Errc e) : v_(std::in_place_index<1>, e) {}                  // NOLINT: implicit on purpose

  bool has_value() const noexcept { return v_.index() == 0; }
  explicit operator bool() const noexcept { return has_value(); }
  T& operator*() & noexcept { return *std::get_if<0>(&v_); }
  const T& operator*() const& noexcept { return *std::get_if<0>(&v_); }
  T&& operator*() && noexcept { return std::move(*std::get_if<0>(&v_)); }
  T* operator->() noexcept { return std::get_if<0>(&v_); }
  const T* operator->() const noexcept { return std::get_if<0>(&v_); }
  Errc error() const noexcept { return *std::get_if<1>(&v_); }

 private:
  std::variant<T, Errc> v_;
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
