// F-Stack's socket options: Linux' numbers, and FreeBSD's.
#include <ff_api.h>

#include <cstring>
#include <optional>

#include "api/call.hpp"

namespace {

using zs::Errc;
using zs::Result;
using zs::api::Instance;

struct Name {
  int level, name;
};
struct Pair {
  Name freebsd, linux_name;
};
constexpr int kFreeBsdSocket = 0xffff;

/// FreeBSD's sys/socket.h, netinet/in.h, netinet6/in6.h and netinet/tcp.h beside Linux' numbers.
constexpr Pair kPairs[] = {
    {{kFreeBsdSocket, 0x0002}, {SOL_SOCKET, SO_ACCEPTCONN}},
    {{kFreeBsdSocket, 0x0004}, {SOL_SOCKET, SO_REUSEADDR}},
    {{kFreeBsdSocket, 0x0008}, {SOL_SOCKET, SO_KEEPALIVE}},
    {{kFreeBsdSocket, 0x0020}, {SOL_SOCKET, SO_BROADCAST}},
    {{kFreeBsdSocket, 0x0080}, {SOL_SOCKET, SO_LINGER}},
    {{kFreeBsdSocket, 0x0200}, {SOL_SOCKET, SO_REUSEPORT}},
    {{kFreeBsdSocket, 0x1001}, {SOL_SOCKET, SO_SNDBUF}},
    {{kFreeBsdSocket, 0x1002}, {SOL_SOCKET, SO_RCVBUF}},
    {{kFreeBsdSocket, 0x1005}, {SOL_SOCKET, SO_SNDTIMEO}},
    {{kFreeBsdSocket, 0x1006}, {SOL_SOCKET, SO_RCVTIMEO}},
    {{kFreeBsdSocket, 0x1007}, {SOL_SOCKET, SO_ERROR}},
    {{kFreeBsdSocket, 0x1008}, {SOL_SOCKET, SO_TYPE}},
    {{kFreeBsdSocket, 0x1016}, {SOL_SOCKET, SO_PROTOCOL}},
    {{kFreeBsdSocket, 0x1019}, {SOL_SOCKET, SO_DOMAIN}},
    {{IPPROTO_IP, 9}, {IPPROTO_IP, IP_MULTICAST_IF}},
    {{IPPROTO_IP, 10}, {IPPROTO_IP, IP_MULTICAST_TTL}},
    {{IPPROTO_IP, 11}, {IPPROTO_IP, IP_MULTICAST_LOOP}},
    {{IPPROTO_IP, 12}, {IPPROTO_IP, IP_ADD_MEMBERSHIP}},
    {{IPPROTO_IP, 13}, {IPPROTO_IP, IP_DROP_MEMBERSHIP}},
    {{IPPROTO_IPV6, 9}, {IPPROTO_IPV6, IPV6_MULTICAST_IF}},
    {{IPPROTO_IPV6, 10}, {IPPROTO_IPV6, IPV6_MULTICAST_HOPS}},
    {{IPPROTO_IPV6, 11}, {IPPROTO_IPV6, IPV6_MULTICAST_LOOP}},
    {{IPPROTO_IPV6, 12}, {IPPROTO_IPV6, IPV6_JOIN_GROUP}},
    {{IPPROTO_IPV6, 13}, {IPPROTO_IPV6, IPV6_LEAVE_GROUP}},
    {{IPPROTO_IPV6, 27}, {IPPROTO_IPV6, IPV6_V6ONLY}},
    {{IPPROTO_TCP, 1}, {IPPROTO_TCP, TCP_NODELAY}},
    {{IPPROTO_TCP, 256}, {IPPROTO_TCP, TCP_KEEPIDLE}},
    {{IPPROTO_TCP, 512}, {IPPROTO_TCP, TCP_KEEPINTVL}},
    {{IPPROTO_TCP, 1024}, {IPPROTO_TCP, TCP_KEEPCNT}},
};

/// FreeBSD's level and name in Linux' numbers; a name that has none is one that nobody knows.
Name from_freebsd(int level, int name) {
  for (const Pair& pair : kPairs) {
    if (pair.freebsd.level == level && pair.freebsd.name == name) return pair.linux_name;
  }
  return {level, -1};
}

Name from_either(int level, int name) {
  return level == kFreeBsdSocket ? from_freebsd(level, name) : Name{level, name};
}

bool is_reuse_port(const Name& n) { return n.level == SOL_SOCKET && n.name == SO_REUSEPORT; }

/// What F-Stack has and z_setsockopt() has not. Nothing: it is that one's.
std::optional<Result<void>> set_own(Instance& here, int s, const Name& n, const void* value,
                                    socklen_t length) {
  if (!is_reuse_port(n)) return std::nullopt;
  const auto info = here.sockets.info(s);
  if (!info) return Result<void>{info.error()};
  if (value == nullptr || length < sizeof(int)) return Result<void>{Errc::kInvalid};
  if (info->type != zs::sock::Type::kDatagram) return Result<void>{};
  int on = 0;
  std::memcpy(&on, value, sizeof(on));
  return here.sockets.set_option(s, zs::sock::Option::kReuseAddress, on);
}

template <typename T>
Result<void> put(const T& from, void* value, socklen_t* length) {
  if (value == nullptr || length == nullptr || *length < sizeof(from)) return Errc::kInvalid;
  std::memcpy(value, &from, sizeof(from));
  *length = sizeof(from);
  return {};
}

std::optional<Result<void>> get_own(Instance& here, int s, const Name& n, void* value,
                                    socklen_t* length) {
  const bool is_protocol = n.level == SOL_SOCKET && n.name == SO_PROTOCOL;
  if (!is_reuse_port(n) && !is_protocol) return std::nullopt;
  const auto info = here.sockets.info(s);
  if (!info) return Result<void>{info.error()};
  if (is_reuse_port(n)) return put(1, value, length);
  return put(info->type == zs::sock::Type::kStream ? int{IPPROTO_TCP} : int{IPPROTO_UDP}, value,
             length);
}

int set(int s, const Name& n, const void* value, socklen_t length) {
  std::optional<Result<void>> own;
  const int done = zs::api::call<int>([&](Instance& here) -> Result<void> {
    own = set_own(here, s, n, value, length);
    return own ? *own : Result<void>{};
  });
  return done != 0 || own ? done : z_setsockopt(s, n.level, n.name, value, length);
}

int get(int s, const Name& n, void* value, socklen_t* length) {
  std::optional<Result<void>> own;
  const int done = zs::api::call<int>([&](Instance& here) -> Result<void> {
    own = get_own(here, s, n, value, length);
    return own ? *own : Result<void>{};
  });
  return done != 0 || own ? done : z_getsockopt(s, n.level, n.name, value, length);
}

}  // namespace

int ff_setsockopt(int s, int level, int optname, const void* optval, socklen_t optlen) {
  return set(s, from_either(level, optname), optval, optlen);
}

int ff_getsockopt(int s, int level, int optname, void* optval, socklen_t* optlen) {
  return get(s, from_either(level, optname), optval, optlen);
}

int ff_setsockopt_freebsd(int s, int level, int optname, const void* optval, socklen_t optlen) {
  return set(s, from_freebsd(level, optname), optval, optlen);
}

int ff_getsockopt_freebsd(int s, int level, int optname, void* optval, socklen_t* optlen) {
  return get(s, from_freebsd(level, optname), optval, optlen);
}
