// F-Stack's socket calls: z_ calls by other names, where they are.
#include <ff_api.h>
#include <netinet/in.h>

#include <cstring>

#include "api/call.hpp"
#include "api/sockaddr.hpp"

namespace {

using zs::Endpoint;
using zs::Errc;
using zs::Result;
using zs::api::Instance;

// Passed through: struct linux_sockaddr only hides that these are Linux' own structures.
const sockaddr* plain(const linux_sockaddr* address) {
  const void* const place = address;
  return static_cast<const sockaddr*>(place);
}
sockaddr* plain(linux_sockaddr* address) {
  void* const place = address;
  return static_cast<sockaddr*>(place);
}

/// FreeBSD's SOCK_NONBLOCK and SOCK_CLOEXEC.
constexpr int kFreeBsdNonBlocking = 0x2000'0000;
constexpr int kFreeBsdTypeFlags = kFreeBsdNonBlocking | 0x1000'0000;

pcblddr_func_t local_address_hook = nullptr;

/// What the program's function chooses for a connection of a socket that has no address yet.
Result<void> choose_local_address(Instance& here, int fd, const Endpoint& remote) {
  ZS_TRY_ASSIGN(const Endpoint local, here.sockets.local_endpoint(fd));
  if (!local.address.is_unspecified() || local.port != 0) return {};
  const bool v4 = remote.address.is_v4();
  in6_addr to{};
  in6_addr from{};
  if (v4) {
    to.s6_addr32[0] = htonl(remote.address.v4_value());
  } else {
    std::memcpy(&to, remote.address.bytes().data(), sizeof(to));
  }
  const int refused = local_address_hook(v4 ? AF_INET : AF_INET6, &to, htons(remote.port), &from);
  if (refused != 0) return static_cast<Errc>(refused);
  zs::IpAddress::Bytes bytes;
  std::memcpy(bytes.data(), &from, bytes.size());
  const auto chosen = v4 ? zs::IpAddress::v4(ntohl(from.s6_addr32[0])) : zs::IpAddress::v6(bytes);
  if (chosen.is_unspecified()) return {};
  return here.sockets.bind(fd, {chosen, 0});
}

}  // namespace

void ff_regist_pcblddr_fun(pcblddr_func_t func) { local_address_hook = func; }

int ff_socket(int domain, int type, int protocol) {
  const int flag = (type & kFreeBsdNonBlocking) != 0 ? SOCK_NONBLOCK : 0;
  return z_socket(domain == AF_INET6_FREEBSD ? AF_INET6 : domain,
                  (type & ~kFreeBsdTypeFlags) | flag, protocol);
}

int ff_bind(int s, const struct linux_sockaddr* addr, socklen_t addrlen) {
  return z_bind(s, plain(addr), addrlen);
}

int ff_listen(int s, int backlog) { return z_listen(s, backlog); }

int ff_accept(int s, struct linux_sockaddr* addr, socklen_t* addrlen) {
  return z_accept(s, plain(addr), addrlen);
}

int ff_accept4(int s, struct linux_sockaddr* addr, socklen_t* addrlen, int flags) {
  if ((flags & ~(SOCK_NONBLOCK | SOCK_CLOEXEC | kFreeBsdTypeFlags)) != 0) {
    errno = EINVAL;
    return -1;
  }
  const int accepted = z_accept(s, plain(addr), addrlen);
  if (accepted < 0 || (flags & (SOCK_NONBLOCK | kFreeBsdNonBlocking)) == 0) return accepted;
  (void)zs::api::call<int>(
      [=](Instance& here) { return here.sockets.set_non_blocking(accepted, true); });
  return accepted;
}

int ff_connect(int s, const struct linux_sockaddr* name, socklen_t namelen) {
  if (local_address_hook != nullptr) {
    const int chosen = zs::api::call<int>([=](Instance& here) -> Result<void> {
      ZS_TRY_ASSIGN(const Endpoint remote, zs::api::from_sockaddr(plain(name), namelen));
      return choose_local_address(here, s, remote);
    });
    if (chosen != 0) return chosen;
  }
  return z_connect(s, plain(name), namelen);
}

int ff_close(int fd) { return z_close(fd); }

int ff_shutdown(int s, int how) { return z_shutdown(s, how); }

int ff_getsockname(int s, struct linux_sockaddr* name, socklen_t* namelen) {
  return z_getsockname(s, plain(name), namelen);
}

int ff_getpeername(int s, struct linux_sockaddr* name, socklen_t* namelen) {
  return z_getpeername(s, plain(name), namelen);
}

int ff_dup(int oldfd) {
  return zs::api::call<int>([=](Instance& here) { return here.sockets.duplicate(oldfd); });
}

int ff_dup2(int oldfd, int newfd) {
  return zs::api::call<int>(
      [=](Instance& here) { return here.sockets.duplicate_as(oldfd, newfd); });
}

int ff_fdisused(int fd) {
  Instance* const here = zs::api::current();
  if (here == nullptr) return 0;
  return here->queues.find(fd) != nullptr || here->sockets.info(fd) ? 1 : 0;
}

int ff_getmaxfd(void) {
  return zs::api::call<int>([](Instance& here) -> Result<int> { return here.sockets.most(); });
}
