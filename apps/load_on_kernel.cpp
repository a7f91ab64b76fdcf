#include "load_on_kernel.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <vector>

#include "load_client.hpp"
#include "runtime/clock.hpp"
#include "runtime/signals.hpp"

namespace zs::apps {
namespace {

constexpr std::size_t kScratchBytes = 64 * 1024;
constexpr std::uint64_t kSignal = UINT64_MAX;  // an event's data that is no connection

Errc last_error() { return static_cast<Errc>(errno); }

union KernelAddress {
  sockaddr any;
  sockaddr_in v4;
  sockaddr_in6 v6;
};

KernelAddress kernel_address(const Endpoint& e, socklen_t& length) {
  KernelAddress a{};
  const auto address = e.address.wire_bytes();
  if (e.address.is_v4()) {
    a.v4.sin_family = AF_INET;
    a.v4.sin_port = htons(e.port);
    std::memcpy(&a.v4.sin_addr, address.data(), address.size());
    length = sizeof(a.v4);
  } else {
    a.v6.sin6_family = AF_INET6;
    a.v6.sin6_port = htons(e.port);
    std::memcpy(&a.v6.sin6_addr, address.data(), address.size());
    length = sizeof(a.v6);
  }
  return a;
}

/// The kernel's sockets and epoll as a transport.
class KernelSockets final : public LoadTransport {
 public:
  KernelSockets(const LoadPlan& plan, int signals)
      : pattern_(message_of(plan).pattern),
        target_(kernel_address(plan.target, target_length_)),
        epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    control(EPOLL_CTL_ADD, signals, EPOLLIN, kSignal);
  }
  ~KernelSockets() { ::close(epoll_); }
  KernelSockets(const KernelSockets&) = delete;
  KernelSockets& operator=(const KernelSockets&) = delete;

  bool is_usable() const { return epoll_ >= 0; }

  /// Waits for events, but not beyond `deadline`; they are in events() then.
  std::size_t wait(Instant deadline, Instant now) {
    const Duration left = std::max(Duration{}, deadline - now);
    const timespec timeout{left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    const int n = epoll_pwait2(epoll_, events_.data(), static_cast<int>(events_.size()),
                               deadline.is_never() ? nullptr : &timeout, nullptr);
    return n > 0 ? static_cast<std::size_t>(n) : 0;
  }
  const epoll_event& event(std::size_t i) const { return events_[i]; }

  Result<int> connect(std::uint32_t connection) override {
    const int fd = socket(target_.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return last_error();
    const int on = 1;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    if (::connect(fd, &target_.any, target_length_) != 0 && errno != EINPROGRESS) {
      const Errc why = last_error();
      ::close(fd);
      return why;
    }
    control(EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP, connection);
    return fd;
  }
  Errc take_error(int socket) override {
    int error = 0;
    socklen_t length = sizeof(error);
    getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &length);
    return static_cast<Errc>(error);
  }
  Result<std::size_t> send(int socket, std::size_t offset, std::size_t length) override {
    const ssize_t n = ::send(socket, pattern_.data() + offset, length, MSG_NOSIGNAL);
    if (n < 0) return last_error();
    return static_cast<std::size_t>(n);
  }
  Result<std::size_t> receive(int socket, ByteSink& sink) override {
    const ssize_t n = recv(socket, scratch_.data(), scratch_.size(), 0);
    if (n < 0) return last_error();
    const auto bytes = static_cast<std::size_t>(n);
    if (bytes > 0) sink.take(std::span(scratch_).first(bytes));
    return bytes;
  }
  void watch(int socket, std::uint32_t connection, LoadInterest interest) override {
    const std::uint32_t out = interest == LoadInterest::kBoth ? std::uint32_t{EPOLLOUT} : 0;
    control(EPOLL_CTL_MOD, socket, EPOLLIN | EPOLLRDHUP | out, connection);
  }
  void close(int socket, LoadEnding how) override {
    if (how == LoadEnding::kReset) {
      const linger now{1, 0};
      setsockopt(socket, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
    }
    ::close(socket);
  }

 private:
  void control(int operation, int fd, std::uint32_t events, std::uint64_t data) const {
    epoll_event e{};
    e.events = events;
    e.data.u64 = data;
    epoll_ctl(epoll_, operation, fd, &e);
  }

  std::vector<std::byte> pattern_;
  socklen_t target_length_ = 0;
  KernelAddress target_;
  int epoll_;
  std::array<epoll_event, 64> events_{};  // as many as a shard takes at once
  std::array<std::byte, kScratchBytes> scratch_{};
};

/// As many sockets as we may have; usually the limit is lower to be kind to select().
void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

Result<void> load_on_kernel(const LoadPlan& plan, LoadResult& result, std::string& why) {
  raise_descriptor_limit();
  runtime::StopSignals signals;
  KernelSockets sockets(plan, signals.fd());
  if (!sockets.is_usable()) {
    why = std::string("cannot make an epoll descriptor: ") + std::strerror(errno);
    return last_error();
  }
  LoadClient client(plan, 0, 1, sockets, result);
  Instant now = runtime::read_clock();
  client.advance(now);
  bool is_stopping = false;
  while (!client.is_finished()) {
    const std::size_t n = sockets.wait(client.next_deadline(), now);
    now = runtime::read_clock();
    for (std::size_t i = 0; i < n; ++i) {
      const epoll_event& e = sockets.event(i);
      if (e.data.u64 == kSignal) {
        signals.wait_for(Duration{});
        is_stopping ? client.abort() : client.stop(now);  // asked twice: nobody is waited for
        is_stopping = true;
        continue;
      }
      client.on_event({static_cast<std::uint32_t>(e.data.u64),
                       (e.events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP)) != 0,
                       (e.events & EPOLLOUT) != 0, (e.events & EPOLLERR) != 0},
                      now);
    }
    client.advance(now);
  }
  return {};
}

}  // namespace zs::apps
