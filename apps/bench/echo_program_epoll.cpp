// An echo server in the C API, as its users write it.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <zstack/zstack.h>

#include <array>
#include <cerrno>

#include "bench/echo.hpp"
#include "bench/echo_programs.hpp"

namespace zs::bench {
namespace {

constexpr std::size_t kTurnBytes = 128 * 1'024;

struct EpollServer {
  int set = -1;
  int listener = -1;
};

void watch(const EpollServer& server, int fd) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = fd;
  z_epoll_ctl(server.set, EPOLL_CTL_ADD, fd, &event);
}

EpollServer open_epoll_server() {
  EpollServer server;
  server.set = z_epoll_create();
  server.listener = z_socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(kEchoPort);
  const void* const address = &at;
  if (z_bind(server.listener, static_cast<const sockaddr*>(address), sizeof(at)) == 0 &&
      z_listen(server.listener, 4'096) == 0) {
    watch(server, server.listener);
  }
  return server;
}

void accept_all(const EpollServer& server) {
  for (int fd = 0; (fd = z_accept(server.listener, nullptr, nullptr)) >= 0;) {
    const int on = 1;
    z_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    watch(server, fd);
  }
}

void echo_once(int fd) {
  rte_mbuf* chain = nullptr;
  const ssize_t n = z_read(fd, &chain, kTurnBytes);
  if (n > 0 && z_write(fd, chain) == n) return;
  if (n < 0 && errno == EAGAIN) return;
  z_free(chain);
  z_close(fd);
}

}  // namespace

int echo_epoll(void* /*argument*/) {
  static const EpollServer server = open_epoll_server();
  std::array<epoll_event, 64> events;
  const int n = z_epoll_wait(server.set, events.data(), static_cast<int>(events.size()));
  for (int i = 0; i < n; ++i) {
    const int fd = events[static_cast<std::size_t>(i)].data.fd;
    if (fd == server.listener) {
      accept_all(server);
    } else {
      echo_once(fd);
    }
  }
  return 0;
}

}  // namespace zs::bench
