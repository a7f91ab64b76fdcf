#include "bench/kernel_stream.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/sockios.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "runtime/clock.hpp"

namespace zs::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kStreamBlock = 64 * 1024;
constexpr int kStreamPollMs = 20;  // how often a thread without events looks whether it is over
constexpr Duration kStreamConnectPatience = 5s;

void use_cubic(int fd) {
  constexpr char kName[] = "cubic";
  setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, kName, sizeof kName - 1);
}

bool is_transient(ssize_t n) { return n < 0 && (errno == EAGAIN || errno == EINTR); }

/// One way until `is_over` says so; the bytes, or -1 once the connection is gone.
template <typename IsOver>
std::int64_t stream(int fd, bool sends, IsOver is_over) {
  std::vector<std::byte> block(kStreamBlock);
  std::int64_t bytes = 0;
  while (!is_over()) {
    pollfd ready{fd, static_cast<short>(sends ? POLLOUT : POLLIN), 0};
    if (poll(&ready, 1, kStreamPollMs) <= 0) continue;
    const ssize_t n = sends ? send(fd, block.data(), block.size(), MSG_NOSIGNAL | MSG_DONTWAIT)
                            : recv(fd, block.data(), block.size(), MSG_DONTWAIT);
    if (is_transient(n)) continue;
    if (n <= 0) return -1;
    bytes += n;
  }
  int unacknowledged = 0;
  if (sends && ioctl(fd, SIOCOUTQ, &unacknowledged) == 0) bytes -= unacknowledged;
  return bytes;
}

}  // namespace

Result<std::unique_ptr<KernelStreamServer>> KernelStreamServer::create(const NetSpace& space,
                                                                       StreamWay way,
                                                                       std::uint16_t port,
                                                                       std::string& why) {
  std::unique_ptr<KernelStreamServer> server(new KernelStreamServer);
  space.inside([&] {
    dev::UniqueFd fd{socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    use_cubic(fd.get());
    sockaddr_in any{};
    any.sin_family = AF_INET;
    any.sin_port = htons(port);
    sockaddr generic{};
    std::memcpy(&generic, &any, sizeof generic);
    if (bind(fd.get(), &generic, sizeof any) == 0 && listen(fd.get(), SOMAXCONN) == 0) {
      server->listener_ = std::move(fd);
    }
  });
  if (!server->listener_) {
    why = "the kernel's server cannot listen";
    return Errc::kIo;
  }
  server->thread_ = std::thread([&self = *server, way] { self.accept_all(way); });
  return server;
}

KernelStreamServer::~KernelStreamServer() {
  stop_.store(true, std::memory_order_relaxed);
  if (thread_.joinable()) thread_.join();
  for (std::thread& one : streams_) one.join();
}

void KernelStreamServer::accept_all(StreamWay way) {
  while (!stop_.load(std::memory_order_relaxed)) {
    pollfd waiting{listener_.get(), POLLIN, 0};
    if (poll(&waiting, 1, kStreamPollMs) <= 0) continue;
    dev::UniqueFd fd{accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    if (!fd) continue;
    streams_.emplace_back([this, way, connection = std::move(fd)] {
      stream(connection.get(), way == StreamWay::kToClient,
             [this] { return stop_.load(std::memory_order_relaxed); });
    });
  }
}

double run_kernel_streams(const NetSpace& space, const StreamPlan& plan) {
  std::vector<std::int64_t> bytes(plan.connections, -1);
  std::vector<std::thread> threads;
  threads.reserve(bytes.size());
  for (std::int64_t& mine : bytes) {
    threads.emplace_back([&mine, &space, &plan] {
      const dev::UniqueFd fd = connect_from(space, plan.address, plan.port, kStreamConnectPatience);
      if (!fd) return;
      use_cubic(fd.get());
      const Instant end = runtime::read_clock() + plan.duration;
      mine = stream(fd.get(), plan.way == StreamWay::kToServer,
                    [end] { return runtime::read_clock() >= end; });
    });
  }
  for (std::thread& one : threads) one.join();
  std::int64_t total = 0;
  for (const std::int64_t one : bytes) {
    if (one < 0) return 0;
    total += one;
  }
  return static_cast<double>(total) / std::chrono::duration<double>(plan.duration).count();
}

}  // namespace zs::bench
