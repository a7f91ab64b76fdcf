#include "api/sockaddr.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace zs::api {

// Copied in and out: the application's memory need not be aligned for either type.

Result<Endpoint> from_sockaddr(const sockaddr* address, socklen_t length) noexcept {
  sa_family_t family = 0;
  if (address == nullptr || length < sizeof(family)) return Errc::kInvalid;
  std::memcpy(&family, &address->sa_family, sizeof(family));
  if (family == AF_INET) {
    sockaddr_in in{};
    if (length < sizeof(in)) return Errc::kInvalid;
    std::memcpy(&in, address, sizeof(in));
    return Endpoint{.address = IpAddress::v4(ntohl(in.sin_addr.s_addr)),
                    .port = ntohs(in.sin_port)};
  }
  if (family == AF_INET6) {
    sockaddr_in6 in6{};
    if (length < sizeof(in6)) return Errc::kInvalid;
    std::memcpy(&in6, address, sizeof(in6));
    IpAddress::Bytes bytes;
    std::memcpy(bytes.data(), &in6.sin6_addr, bytes.size());
    return Endpoint{.address = IpAddress::v6(bytes), .port = ntohs(in6.sin6_port)};
  }
  return Errc::kAfNotSupported;
}

void to_sockaddr(const Endpoint& endpoint, IpFamily family, sockaddr* address,
                 socklen_t* length) noexcept {
  if (address == nullptr) return;
  const auto put = [&](const auto& whole) {
    std::memcpy(address, &whole, std::min<std::size_t>(*length, sizeof(whole)));
    *length = sizeof(whole);
  };
  if (family == IpFamily::kV4) {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    in.sin_addr.s_addr = htonl(endpoint.address.v4_value());
    put(in);
    return;
  }
  sockaddr_in6 in6{};
  in6.sin6_family = AF_INET6;
  in6.sin6_port = htons(endpoint.port);
  std::memcpy(&in6.sin6_addr, endpoint.address.bytes().data(), sizeof(in6.sin6_addr));
  put(in6);
}

}  // namespace zs::api
