// F-Stack's calls that have little to do with sockets.
#include <arpa/inet.h>
#include <ff_api.h>
#include <sys/time.h>

#include <cstring>

#include "api/call.hpp"
#include "api/sockaddr.hpp"

namespace {

using zs::Errc;
using zs::IpAddress;
using zs::IpPrefix;
using zs::Result;
using zs::api::Instance;

Result<IpAddress> address_of(const linux_sockaddr* a) {
  const void* const place = a;
  sa_family_t family = 0;
  if (a == nullptr) return Errc::kInvalid;
  std::memcpy(&family, place, sizeof(family));
  const socklen_t length = family == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
  ZS_TRY_ASSIGN(const zs::Endpoint endpoint,
                zs::api::from_sockaddr(static_cast<const sockaddr*>(place), length));
  return endpoint.address;
}

/// How many bits of a netmask are set; they must be its first.
Result<std::uint8_t> prefix_length(const IpAddress& mask) {
  std::uint8_t length = 0;
  bool has_ended = false;
  const auto bytes = mask.bytes();
  for (std::size_t i = mask.is_v4() ? 12 : 0; i < bytes.size(); ++i) {
    for (int bit = 7; bit >= 0; --bit) {
      const bool is_set = ((std::to_integer<unsigned>(bytes[i]) >> bit) & 1u) != 0;
      if (is_set && has_ended) return Errc::kInvalid;
      has_ended = !is_set;
      if (is_set) ++length;
    }
  }
  return length;
}

Result<IpPrefix> network_of(FF_ROUTE_FLAG flag, const IpAddress& to, const linux_sockaddr* mask) {
  const std::uint8_t whole = to.is_v4() ? 32 : 128;
  if (flag == FF_RTF_HOST) return IpPrefix{to, whole};
  if (mask == nullptr) return IpPrefix{to, to.is_unspecified() ? std::uint8_t{0} : whole};
  ZS_TRY_ASSIGN(const IpAddress bits, address_of(mask));
  if (bits.family() != to.family()) return Errc::kInvalid;
  ZS_TRY_ASSIGN(const std::uint8_t length, prefix_length(bits));
  return IpPrefix{to, length};
}

}  // namespace

int ff_route_ctl(enum FF_ROUTE_CTL req, enum FF_ROUTE_FLAG flag, struct linux_sockaddr* dst,
                 struct linux_sockaddr* gw, struct linux_sockaddr* netmask) {
  return zs::api::call<int>([=](Instance& here) -> Result<void> {
    ZS_TRY_ASSIGN(const IpAddress to, address_of(dst));
    ZS_TRY_ASSIGN(const IpPrefix network, network_of(flag, to, netmask));
    std::optional<IpAddress> gateway;
    if (gw != nullptr) {
      ZS_TRY_ASSIGN(gateway, address_of(gw));
    }
    if (req != FF_ROUTE_ADD) {
      const auto removed = here.sockets.remove_routes(network);
      if (!removed) return Errc{ESRCH};
    }
    if (req == FF_ROUTE_DEL) return {};
    if (req != FF_ROUTE_ADD && req != FF_ROUTE_CHANGE) return Errc::kInvalid;
    const auto added = here.sockets.add_route(network, gateway);
    if (!added && added.error() == Errc::kAlready) return Errc::kExists;
    return added;
  });
}

int ff_rtioctl(int /*fib*/, void* /*data*/, unsigned* /*plen*/, unsigned /*maxlen*/) {
  errno = EOPNOTSUPP;
  return -1;
}

int ff_ngctl(int /*cmd*/, void* /*data*/) {
  errno = EOPNOTSUPP;
  return -1;
}

int ff_gettimeofday(struct timeval* tv, void* /*tz*/) {
  if (tv == nullptr) {
    errno = EFAULT;
    return -1;
  }
  return gettimeofday(tv, nullptr);
}

int ff_pthread_create(pthread_t* thread, const pthread_attr_t* attr, void* (*start_routine)(void*),
                      void* arg) {
  if (thread == nullptr || start_routine == nullptr) return EINVAL;
  return pthread_create(thread, attr, start_routine, arg);
}

int ff_pthread_join(pthread_t thread, void** retval) { return pthread_join(thread, retval); }
