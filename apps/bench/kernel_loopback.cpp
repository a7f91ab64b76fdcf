// The echo benchmark on the kernel's own sockets, to be compared with: echo.cpp's server and client
// call by call, with epoll for the ready list and read() and write() for the buffers.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <deque>
#include <thread>
#include <vector>

#include "bench/two_cores.hpp"
#include "dev/unique_fd.hpp"
#include "runtime/clock.hpp"

namespace zs::bench {
namespace {

constexpr std::size_t kKernelBuffer = 128 * 1024;
constexpr int kKernelEvents = 256;
constexpr int kPollMs = 50;  // how often a thread without events looks whether it is over

void pin_to(unsigned cpu) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(cpu, &set);
  pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

void watch(int epoll, int fd) {
  epoll_event e{};
  e.events = EPOLLIN;
  e.data.fd = fd;
  epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e);
}

void set_nodelay(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/// Writes all; a full send buffer is waited for, which no measured size comes to.
bool write_all(int fd, const std::byte* bytes, std::size_t count) {
  while (count > 0) {
    const ssize_t n = write(fd, bytes, count);
    if (n < 0 && errno != EAGAIN) return false;
    if (n <= 0) continue;
    bytes += n;
    count -= static_cast<std::size_t>(n);
  }
  return true;
}

void serve_kernel(int listener, const std::atomic<bool>& stop, unsigned cpu, CoreMeter& meter) {
  pin_to(cpu);
  meter.begin();
  const dev::UniqueFd epoll{epoll_create1(EPOLL_CLOEXEC)};
  watch(epoll.get(), listener);
  std::vector<std::byte> buffer(kKernelBuffer);
  std::vector<dev::UniqueFd> accepted;
  std::array<epoll_event, kKernelEvents> events{};
  while (!stop.load(std::memory_order_relaxed)) {
    const int n = epoll_wait(epoll.get(), events.data(), kKernelEvents, kPollMs);
    for (int i = 0; i < n; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener) {
        accepted.emplace_back(accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        set_nodelay(accepted.back().get());
        watch(epoll.get(), accepted.back().get());
        continue;
      }
      const ssize_t got = read(fd, buffer.data(), buffer.size());
      const bool is_over = got == 0 || (got < 0 && errno != EAGAIN);
      if (is_over || (got > 0 && !write_all(fd, buffer.data(), static_cast<std::size_t>(got)))) {
        epoll_ctl(epoll.get(), EPOLL_CTL_DEL, fd, nullptr);
      }
    }
  }
}

class KernelClient {
 public:
  explicit KernelClient(const EchoClientOptions& options)
      : options_(options),
        epoll_{epoll_create1(EPOLL_CLOEXEC)},
        request_(options.request_bytes, std::byte{'a'}),
        buffer_(kKernelBuffer) {}

  bool open(const sockaddr_in& server) {
    for (std::uint32_t i = 0; i < options_.connections; ++i) {
      dev::UniqueFd fd{socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};
      sockaddr generic{};
      std::memcpy(&generic, &server, sizeof generic);
      if (connect(fd.get(), &generic, sizeof server) != 0) return false;
      set_nodelay(fd.get());
      watch(epoll_.get(), fd.get());
      if (static_cast<std::size_t>(fd.get()) >= flows_.size()) {
        flows_.resize(static_cast<std::size_t>(fd.get()) + 1);
      }
      connections_.push_back(std::move(fd));
    }
    return true;
  }

  void run(const std::atomic<bool>& stop, unsigned cpu) {
    pin_to(cpu);
    began_ = runtime::read_clock();
    for (const auto& fd : connections_) ask_again(fd.get(), began_);
    std::array<epoll_event, kKernelEvents> events{};
    // With a rate it must look at the clock all the time; its core is not what is measured.
    const int wait_ms = options_.rate > 0 ? 0 : kPollMs;
    while (!stop.load(std::memory_order_relaxed)) {
      const int n = epoll_wait(epoll_.get(), events.data(), kKernelEvents, wait_ms);
      const Instant now = runtime::read_clock();
      std::uint64_t answered = 0;
      for (int i = 0; i < n; ++i) {
        answered += on_readable(events[static_cast<std::size_t>(i)].data.fd, now) ? 1 : 0;
      }
      if (answered > 0) answered_.store(this->answered() + answered, std::memory_order_relaxed);
      if (options_.rate > 0) send_what_is_due(now);
    }
  }

  std::uint64_t answered() const { return answered_.load(std::memory_order_relaxed); }
  bool is_broken() const { return is_broken_.load(std::memory_order_relaxed); }
  LatencyMeter& latency() { return latency_; }

 private:
  struct Flow {
    Instant sent;
    std::uint32_t missing = 0;  ///< of the answer
  };

  Flow& flow(int fd) { return flows_[static_cast<std::size_t>(fd)]; }

  void send_request(int fd, Instant due) {
    flow(fd) = {due, options_.request_bytes};
    if (!write_all(fd, request_.data(), request_.size())) is_broken_ = true;
  }

  void ask_again(int fd, Instant now) {
    if (options_.rate > 0) {
      waiting_.push_back(fd);
    } else {
      send_request(fd, now);
    }
  }

  bool on_readable(int fd, Instant now) {
    const ssize_t n = recv(fd, buffer_.data(), buffer_.size(), MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) return false;
    Flow& f = flow(fd);
    if (n <= 0 || n > static_cast<ssize_t>(f.missing)) {
      is_broken_ = true;
      epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, fd, nullptr);
      return false;
    }
    f.missing -= static_cast<std::uint32_t>(n);
    if (f.missing > 0) return false;
    if (latency_.is_on()) latency_.record(now - f.sent);
    ask_again(fd, now);
    return true;
  }

  void send_what_is_due(Instant now) {
    const double interval_ns = 1e9 / options_.rate;
    while (!waiting_.empty()) {
      const Instant due = began_ + Duration{std::llround(static_cast<double>(sent_) * interval_ns)};
      if (due > now) return;
      send_request(waiting_.front(), due);
      waiting_.pop_front();
      ++sent_;
    }
  }

  EchoClientOptions options_;
  dev::UniqueFd epoll_;
  std::vector<std::byte> request_;
  std::vector<std::byte> buffer_;
  std::vector<dev::UniqueFd> connections_;
  std::vector<Flow> flows_;  ///< by descriptor
  std::deque<int> waiting_;  ///< connections without a request, with a rate
  std::uint64_t sent_ = 0;   ///< with a rate
  Instant began_;
  LatencyMeter latency_;
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<bool> is_broken_{false};
};

/// Listens on a free port of the loopback; `at` is where.
dev::UniqueFd listen_on_loopback(sockaddr_in& at) {
  dev::UniqueFd fd{socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  at = {};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  sockaddr generic{};
  std::memcpy(&generic, &at, sizeof generic);
  socklen_t length = sizeof at;
  if (bind(fd.get(), &generic, length) != 0 || listen(fd.get(), 4'096) != 0 ||
      getsockname(fd.get(), &generic, &length) != 0) {
    return dev::UniqueFd{};
  }
  std::memcpy(&at, &generic, sizeof at);
  return fd;
}

}  // namespace

Result<TwoCoresResult> run_kernel_loopback(const TwoCoresOptions& options, unsigned server_cpu,
                                           unsigned client_cpu, std::string& why) {
  sockaddr_in at{};
  const dev::UniqueFd listener = listen_on_loopback(at);
  KernelClient client(options.client);
  // The client first: a server that is gone looks to it like broken connections.
  std::atomic<bool> stop_client{false}, stop_server{false};
  CoreMeter meter;
  std::thread server([&] { serve_kernel(listener.get(), stop_server, server_cpu, meter); });
  std::thread runner;
  const bool is_open = listener.get() >= 0 && client.open(at);
  TwoCoresResult result;
  if (is_open) {
    runner = std::thread([&] { client.run(stop_client, client_cpu); });
    result.interval = measure_interval(
        options.warm_up, options.measured,
        {.count = [&] { return client.answered(); },
         .server_use = [&] { return meter.use(); },
         .switch_latency_meter = [&](bool on) { client.latency().switch_to(on); }});
  }
  stop_client = true;
  if (runner.joinable()) runner.join();
  stop_server = true;
  server.join();
  if (!is_open || client.is_broken()) {
    why = "the kernel's loopback does not carry the echo: is `lo` up?";
    return Errc::kConnReset;
  }
  result.set_latencies(client.latency());
  return result;
}

}  // namespace zs::bench
