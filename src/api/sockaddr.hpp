#pragma once

#include <sys/socket.h>

#include "base/address.hpp"
#include "base/result.hpp"

namespace zs::api {

/// kInvalid for NULL or too short, kAfNotSupported for another family than AF_INET and AF_INET6.
Result<Endpoint> from_sockaddr(const sockaddr* address, socklen_t length) noexcept;

/// Whether there is a place for an address: none is asked for, or there is one with a length.
inline bool is_place(const sockaddr* address, const socklen_t* length) noexcept {
  return address == nullptr || length != nullptr;
}

/// As a socket of `family` says it (an AF_INET6 one shows IPv4 as ::ffff:a.b.c.d), cut to *length,
/// which becomes the whole length. Nothing for a NULL address. Precondition: is_place().
void to_sockaddr(const Endpoint& endpoint, IpFamily family, sockaddr* address,
                 socklen_t* length) noexcept;

}  // namespace zs::api
