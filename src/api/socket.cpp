// Sockets: POSIX' calls in POSIX' words.
#include <zstack/zstack.h>

#include "api/blocking.hpp"
#include "api/sockaddr.hpp"

namespace {

using zs::Endpoint;
using zs::Errc;
using zs::IpFamily;
using zs::Result;
using zs::api::Instance;
using zs::api::Way;

Result<zs::sock::Type> socket_type(int type, int protocol) {
  type &= ~(SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (type != SOCK_STREAM && type != SOCK_DGRAM) return Errc::kWrongSocketType;
  if (protocol != 0 && protocol != (type == SOCK_STREAM ? IPPROTO_TCP : IPPROTO_UDP)) {
    return Errc::kProtocolNotSupported;
  }
  return type == SOCK_STREAM ? zs::sock::Type::kStream : zs::sock::Type::kDatagram;
}

Result<zs::sock::ShutdownHow> shutdown_how(int how) {
  switch (how) {
    case SHUT_RD:
      return zs::sock::ShutdownHow::kRead;
    case SHUT_WR:
      return zs::sock::ShutdownHow::kWrite;
    case SHUT_RDWR:
      return zs::sock::ShutdownHow::kBoth;
    default:
      return Errc::kInvalid;
  }
}

}  // namespace

int z_socket(int domain, int type, int protocol) {
  return zs::api::call<int>([=](Instance& here) -> Result<int> {
    if (domain != AF_INET && domain != AF_INET6) return Errc::kAfNotSupported;
    ZS_TRY_ASSIGN(const zs::sock::Type kind, socket_type(type, protocol));
    ZS_TRY_ASSIGN(const int fd,
                  here.sockets.socket(kind, domain == AF_INET ? IpFamily::kV4 : IpFamily::kV6));
    if ((type & SOCK_NONBLOCK) != 0) ZS_TRY(here.sockets.set_non_blocking(fd, true));
    return fd;
  });
}

int z_bind(int fd, const struct sockaddr* addr, socklen_t len) {
  return zs::api::call<int>([=](Instance& here) -> Result<void> {
    ZS_TRY_ASSIGN(const Endpoint local, zs::api::from_sockaddr(addr, len));
    return here.sockets.bind(fd, local);
  });
}

int z_listen(int fd, int backlog) {
  return zs::api::call<int>([=](Instance& here) { return here.sockets.listen(fd, backlog); });
}

int z_accept(int fd, struct sockaddr* addr, socklen_t* len) {
  return zs::api::waiting_call<int>(fd, Way::kIn, [=](Instance& here) -> Result<int> {
    if (!zs::api::is_place(addr, len)) return Errc::kInvalid;
    Endpoint peer;
    ZS_TRY_ASSIGN(const int accepted, here.sockets.accept(fd, &peer));
    ZS_TRY_ASSIGN(const auto info, here.sockets.info(accepted));
    zs::api::to_sockaddr(peer, info.family, addr, len);
    return accepted;
  });
}

int z_connect(int fd, const struct sockaddr* addr, socklen_t len) {
  Result<void> begun;
  const int done = zs::api::call<int>([&](Instance& here) -> Result<void> {
    ZS_TRY_ASSIGN(const Endpoint remote, zs::api::from_sockaddr(addr, len));
    begun = here.sockets.connect(fd, remote);
    return begun;
  });
  if (begun || (begun.error() != Errc::kInProgress && begun.error() != Errc::kAlready)) return done;
  return zs::api::to_c<int>(
      [&] { return zs::api::await_connection(*zs::api::current(), fd, begun.error()); });
}

int z_shutdown(int fd, int how) {
  return zs::api::call<int>([=](Instance& here) -> Result<void> {
    ZS_TRY_ASSIGN(const auto direction, shutdown_how(how));
    return here.sockets.shutdown(fd, direction);
  });
}

int z_close(int fd) {
  return zs::api::call<int>([=](Instance& here) -> Result<void> {
    if (here.queues.close(fd)) return {};
    return here.sockets.close(fd);
  });
}

int z_getsockname(int fd, struct sockaddr* addr, socklen_t* len) {
  return zs::api::call<int>([=](Instance& here) -> Result<void> {
    if (addr == nullptr || len == nullptr) return Errc::kInvalid;
    ZS_TRY_ASSIGN(const auto info, here.sockets.info(fd));
    ZS_TRY_ASSIGN(const Endpoint local, here.sockets.local_endpoint(fd));
    zs::api::to_sockaddr(local, info.family, addr, len);
    return {};
  });
}

int z_getpeername(int fd, struct sockaddr* addr, socklen_t* len) {
  return zs::api::call<int>([=](Instance& here) -> Result<void> {
    if (addr == nullptr || len == nullptr) return Errc::kInvalid;
    ZS_TRY_ASSIGN(const auto info, here.sockets.info(fd));
    ZS_TRY_ASSIGN(const Endpoint peer, here.sockets.remote_endpoint(fd));
    zs::api::to_sockaddr(peer, info.family, addr, len);
    return {};
  });
}

int z_stop_run(void) {
  return zs::api::call<int>([](Instance& here) -> Result<void> {
    here.is_stopping = true;
    if (here.stop) here.stop();
    return {};
  });
}

int z_shard(void) {
  return zs::api::call<int>(
      [](Instance& here) -> Result<int> { return static_cast<int>(here.shard); });
}

int z_shard_count(void) {
  return zs::api::call<int>(
      [](Instance& here) -> Result<int> { return static_cast<int>(here.shards); });
}
