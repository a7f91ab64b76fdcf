#include "bench/round_trips.hpp"

#include <poll.h>
#include <sched.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <ctime>
#include <vector>

#include "runtime/clock.hpp"

namespace zs::bench {
namespace {

constexpr int kPatienceMs = 2'000;

bool receive_all(int socket, std::vector<char>& buffer) {
  std::size_t got = 0;
  while (got < buffer.size()) {
    pollfd readable{socket, POLLIN, 0};
    if (poll(&readable, 1, kPatienceMs) != 1) return false;
    const ssize_t n = recv(socket, buffer.data() + got, buffer.size() - got, MSG_DONTWAIT);
    if (n < 0 && errno == EAGAIN) continue;
    if (n <= 0) return false;
    got += static_cast<std::size_t>(n);
  }
  return true;
}

/// The calling thread on one CPU for as long as this lives.
class Pinned {
 public:
  explicit Pinned(unsigned cpu) {
    sched_getaffinity(0, sizeof before_, &before_);
    cpu_set_t only;
    CPU_ZERO(&only);
    CPU_SET(cpu, &only);
    sched_setaffinity(0, sizeof only, &only);
  }
  ~Pinned() { sched_setaffinity(0, sizeof before_, &before_); }
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;

 private:
  cpu_set_t before_{};
};

}  // namespace

Result<RoundTrips> measure_round_trips(int socket, std::size_t bytes, std::uint32_t count,
                                       Duration gap, unsigned cpu) {
  const Pinned pinned(cpu);
  std::vector<char> buffer(bytes, 'x');
  std::vector<Duration> all;
  all.reserve(count);
  for (std::uint32_t i = 0; i < count; ++i) {
    if (gap.count() > 0) {
      const timespec pause{gap.count() / 1'000'000'000, gap.count() % 1'000'000'000};
      nanosleep(&pause, nullptr);
    }
    const Instant began = runtime::read_clock();
    if (send(socket, buffer.data(), bytes, MSG_NOSIGNAL) != static_cast<ssize_t>(bytes) ||
        !receive_all(socket, buffer)) {
      return Errc::kConnReset;
    }
    all.push_back(runtime::read_clock() - began);
  }
  std::sort(all.begin(), all.end());
  if (all.empty()) return RoundTrips{};
  return RoundTrips{all[all.size() / 2], all[(all.size() - 1) * 99 / 100]};
}

}  // namespace zs::bench
