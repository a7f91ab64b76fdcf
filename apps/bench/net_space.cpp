#include "bench/net_space.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <sstream>
#include <thread>

#include "runtime/clock.hpp"

namespace zs::bench {
namespace {

using namespace std::chrono_literals;

constexpr Duration kCommandPatience = 10s;

/// One attempt; it may take 300 ms.
dev::UniqueFd try_to_connect(const sockaddr_in& to) {
  dev::UniqueFd fd{socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  const int on = 1;
  setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  sockaddr generic{};
  std::memcpy(&generic, &to, sizeof generic);
  if (connect(fd.get(), &generic, sizeof to) == 0) return fd;
  if (errno != EINPROGRESS) return {};
  pollfd writable{fd.get(), POLLOUT, 0};
  int error = -1;
  socklen_t length = sizeof error;
  if (poll(&writable, 1, 300) != 1 ||
      getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0 || error != 0) {
    return {};
  }
  return fd;
}

}  // namespace

Result<NetSpace> NetSpace::create(std::string& why) {
  NetSpace space;
  int error = 0;
  std::thread([&] {
    if (unshare(CLONE_NEWNET) != 0) {
      error = errno;
      return;
    }
    space.fd_ = dev::UniqueFd{open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
    // The thread sees its own namespace's settings here.
    const dev::UniqueFd quiet{
        open("/proc/sys/net/ipv6/conf/default/disable_ipv6", O_WRONLY | O_CLOEXEC)};
    [[maybe_unused]] const ssize_t n = write(quiet.get(), "1", 1);
  }).join();
  if (!space.fd_) {
    why = error == EPERM ? "it needs root, to make network namespaces"
                         : std::string("no network namespace can be made: ") + std::strerror(error);
    return error == EPERM ? Errc::kPermission : Errc::kIo;
  }
  ZS_TRY(space.run("ip link set lo up", why));
  return space;
}

Result<void> NetSpace::run(const std::string& words, std::string& why) const {
  ChildOptions options;
  std::istringstream stream(words);
  for (std::string word; stream >> word;) options.command.push_back(word);
  options.network_namespace = fd_.get();
  ZS_TRY_ASSIGN([[maybe_unused]] const std::string output,
                run_command(options, kCommandPatience, why));
  return {};
}

void NetSpace::inside(const std::function<void()>& work) const {
  std::thread([&] {
    if (setns(fd_.get(), CLONE_NEWNET) == 0) work();
  }).join();
}

dev::UniqueFd connect_from(const NetSpace& space, const std::string& address, std::uint16_t port,
                           Duration patience) {
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(port);
  inet_pton(AF_INET, address.c_str(), &to.sin_addr);
  dev::UniqueFd fd;
  space.inside([&] {
    const Instant end = runtime::read_clock() + patience;
    while (!fd && runtime::read_clock() < end) {
      fd = try_to_connect(to);
      if (!fd) std::this_thread::sleep_for(10ms);
    }
  });
  return fd;
}

}  // namespace zs::bench
