// The server that zstack is measured against: plain epoll on the kernel's sockets, one thread, the
// same answer byte for byte. It parses just enough HTTP to be right for wrk (the end of a head),
// and that is fair to it: zstack pays for a full parser.

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::string_view kEndOfHead = "\r\n\r\n";
constexpr std::size_t kReadBytes = 16 * 1024;

/// What a connection has between two calls of the kernel.
struct Connection {
  std::string partial;  ///< of a head whose end has not come
  std::string unsent;
};

class Server {
 public:
  Server(int listener, std::string answer)
      : listener_(listener), answer_(std::move(answer)), epoll_(epoll_create1(EPOLL_CLOEXEC)) {
    watch(listener_, EPOLLIN, EPOLL_CTL_ADD);
  }

  [[noreturn]] void run() {
    std::array<epoll_event, 256> events{};
    while (true) {
      const int n = epoll_wait(epoll_, events.data(), static_cast<int>(events.size()), -1);
      for (int i = 0; i < n; ++i) {
        const epoll_event& e = events[static_cast<std::size_t>(i)];
        if (e.data.fd == listener_) {
          accept_all();
        } else if ((e.events & EPOLLOUT) != 0) {
          flush(e.data.fd);
        } else {
          serve(e.data.fd);
        }
      }
    }
  }

 private:
  void watch(int fd, std::uint32_t events, int operation) const {
    epoll_event e{};
    e.events = events;
    e.data.fd = fd;
    epoll_ctl(epoll_, operation, fd, &e);
  }

  void accept_all() {
    int fd = -1;
    while ((fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
      const int on = 1;
      setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      const auto place = static_cast<std::size_t>(fd);
      if (connections_.size() <= place) connections_.resize(place + 1);
      connections_[place] = {};
      watch(fd, EPOLLIN, EPOLL_CTL_ADD);
    }
  }

  void serve(int fd) {
    Connection& c = connections_[static_cast<std::size_t>(fd)];
    const ssize_t n = recv(fd, input_.data(), input_.size(), 0);
    if (n <= 0) {
      if (n == 0 || errno != EAGAIN) close(fd);
      return;
    }
    std::string_view text(input_.data(), static_cast<std::size_t>(n));
    if (!c.partial.empty()) text = c.partial.append(text);
    std::size_t answers = 0;
    for (auto end = text.find(kEndOfHead); end != std::string_view::npos;
         end = text.find(kEndOfHead)) {
      text.remove_prefix(end + kEndOfHead.size());
      ++answers;
    }
    c.partial = std::string(text);
    // The usual case is one request, answered by one call and without a copy.
    if (answers == 1 && c.unsent.empty()) return send_or_keep(fd, c, answer_);
    std::string many;
    for (std::size_t i = 0; i < answers; ++i) many += answer_;
    if (!many.empty()) send_or_keep(fd, c, many);
  }

  void send_or_keep(int fd, Connection& c, std::string_view bytes) {
    const ssize_t n = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN) {
      close(fd);
      return;
    }
    const std::size_t sent = n < 0 ? 0 : static_cast<std::size_t>(n);
    if (sent == bytes.size()) return;
    c.unsent += bytes.substr(sent);
    watch(fd, EPOLLOUT, EPOLL_CTL_MOD);
  }

  void flush(int fd) {
    Connection& c = connections_[static_cast<std::size_t>(fd)];
    const ssize_t n = send(fd, c.unsent.data(), c.unsent.size(), MSG_NOSIGNAL);
    if (n < 0) {
      if (errno != EAGAIN) close(fd);
      return;
    }
    c.unsent.erase(0, static_cast<std::size_t>(n));
    if (c.unsent.empty()) watch(fd, EPOLLIN, EPOLL_CTL_MOD);
  }

  int listener_;
  std::string answer_;
  int epoll_;
  std::vector<Connection> connections_;
  std::array<char, kReadBytes> input_{};
};

int listen_on(std::uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  sockaddr_in any{};
  any.sin_family = AF_INET;
  any.sin_port = htons(port);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&any), sizeof(any)) != 0 ||
      listen(fd, 4096) != 0) {
    std::fprintf(stderr, "kernel_server: port %d: %s\n", port, std::strerror(errno));
    std::exit(1);
  }
  return fd;
}

std::string make_answer(std::size_t size) {
  std::string answer =
      "HTTP/1.1 200 OK\r\nServer: zstack\r\nContent-Type: text/plain\r\nContent-Length: " +
      std::to_string(size) + "\r\n\r\n";
  // As zstack serve makes it.
  for (std::size_t i = 0; i < size; ++i) {
    answer += static_cast<char>('a' + (i * 7 + i / 26 + i / 677) % 26);
  }
  return answer;
}

}  // namespace

int main(int argc, char** argv) {
  std::size_t size = 64;
  int port = 80;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view option = argv[i];
    if (option == "--size") size = std::strtoul(argv[i + 1], nullptr, 10);
    if (option == "--port") port = std::atoi(argv[i + 1]);
  }
  if (argc % 2 == 0 || size > 59'999 || port < 1 || port > 65'535) {
    std::fprintf(stderr, "usage: kernel_server [--size BYTES (at most 59999)] [--port PORT]\n");
    return 2;
  }
  std::signal(SIGPIPE, SIG_IGN);
  Server(listen_on(static_cast<std::uint16_t>(port)), make_answer(size)).run();
}
