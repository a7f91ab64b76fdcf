#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <cstring>

namespace zs::co {

/// Where a socket is or goes: an IPv4 or IPv6 address and a port.
class Address {
 public:
  Address() noexcept = default;  ///< of no family: no call takes it
  Address(const sockaddr_in& v4) noexcept { set(&v4, sizeof(v4)); }   // NOLINT: implicit
  Address(const sockaddr_in6& v6) noexcept { set(&v6, sizeof(v6)); }  // NOLINT: on purpose
  /// Any of the two; what is neither, or too short for what it says it is, gives Address().
  Address(const sockaddr* any, socklen_t length) noexcept {
    if (any == nullptr || length < sizeof(sockaddr_in)) return;
    if (any->sa_family == AF_INET) set(any, sizeof(sockaddr_in));
    if (any->sa_family == AF_INET6 && length >= sizeof(sockaddr_in6)) {
      set(any, sizeof(sockaddr_in6));
    }
  }
  /// From text such as "10.0.0.1" or "2001:db8::1"; Address() if it is neither.
  static Address parse(const char* text, std::uint16_t port) noexcept {
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    if (inet_pton(AF_INET, text, &v4.sin_addr) == 1) return v4;
    sockaddr_in6 v6 = on_all(port);
    return inet_pton(AF_INET6, text, &v6.sin6_addr) == 1 ? Address(v6) : Address();
  }
  /// All addresses of the shard, IPv4 and IPv6.
  static Address all(std::uint16_t port) noexcept { return on_all(port); }

  int family() const noexcept { return place_.sin6_family; }
  std::uint16_t port() const noexcept { return ntohs(place_.sin6_port); }  // both have it there
  const sockaddr* get() const noexcept {
    const void* const place = &place_;
    return static_cast<const sockaddr*>(place);
  }
  socklen_t length() const noexcept {
    return family() == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  }

 private:
  static sockaddr_in6 on_all(std::uint16_t port) noexcept {
    sockaddr_in6 everywhere{};
    everywhere.sin6_family = AF_INET6;
    everywhere.sin6_port = htons(port);
    return everywhere;
  }
  void set(const void* from, std::size_t bytes) noexcept { std::memcpy(&place_, from, bytes); }

  sockaddr_in6 place_{};  ///< the larger of the two
};

}  // namespace zs::co
