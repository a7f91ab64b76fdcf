// An echo server of objects that a kqueue calls back: what coroutines are to be compared with, as a
// careful hand writes it. It hears of every edge once, reads once where that emptied the socket,
// and keeps what the send buffer had no room for.
#include <ff_api.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <zstack/zstack.h>

#include <array>
#include <cerrno>
#include <memory>

#include "bench/echo.hpp"
#include "bench/echo_programs.hpp"

namespace zs::bench {
namespace {

constexpr std::size_t kMostAtOnce = 128 * 1'024;

class Watcher {
 public:
  virtual ~Watcher() = default;
  virtual void on_readable(const struct kevent& event) = 0;
  virtual void on_writable() = 0;
};

void watch_edges(int queue, int fd, Watcher& watcher) {
  std::array<struct kevent, 2> changes{};
  EV_SET(&changes[0], static_cast<std::uintptr_t>(fd), EVFILT_READ, EV_ADD | EV_CLEAR, 0, 0,
         &watcher);
  EV_SET(&changes[1], static_cast<std::uintptr_t>(fd), EVFILT_WRITE, EV_ADD | EV_CLEAR, 0, 0,
         &watcher);
  ff_kevent(queue, changes.data(), 2, nullptr, 0, nullptr);
}

/// Deletes itself when its connection ends.
class EchoConnection final : public Watcher {
 public:
  EchoConnection(int queue, int fd) : fd_(fd) { watch_edges(queue, fd, *this); }
  ~EchoConnection() override {
    z_free(unsent_);
    z_close(fd_);
  }
  EchoConnection(const EchoConnection&) = delete;
  EchoConnection& operator=(const EchoConnection&) = delete;

  void on_readable(const struct kevent& event) override {
    const bool has_ended = (event.flags & EV_EOF) != 0;
    while (unsent_ == nullptr) {
      rte_mbuf* chain = nullptr;
      const ssize_t n = z_read(fd_, &chain, kMostAtOnce);
      if (n <= 0) {
        if (n == 0 || errno != EAGAIN) delete this;
        return;
      }
      if (z_write(fd_, chain) < 0) {
        unsent_ = chain;
        if (errno != EAGAIN) delete this;
        return;
      }
      if (static_cast<std::size_t>(n) < kMostAtOnce && !has_ended) return;
    }
  }
  void on_writable() override {
    if (unsent_ == nullptr || z_write(fd_, unsent_) < 0) return;
    unsent_ = nullptr;
    struct kevent as_if_ended {};
    as_if_ended.flags = EV_EOF;  // who knows what has come meanwhile
    on_readable(as_if_ended);
  }

 private:
  int fd_;
  rte_mbuf* unsent_ = nullptr;
};

class CallbackServer final : public Watcher {
 public:
  CallbackServer() : queue_(ff_kqueue()), listener_(z_socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in at{};
    at.sin_family = AF_INET;
    at.sin_port = htons(kEchoPort);
    const void* const address = &at;
    z_bind(listener_, static_cast<const sockaddr*>(address), sizeof(at));
    z_listen(listener_, 4'096);
    watch_edges(queue_, listener_, *this);
  }

  void turn() {
    const int n =
        ff_kevent(queue_, nullptr, 0, events_.data(), static_cast<int>(events_.size()), nullptr);
    for (int i = 0; i < n; ++i) {
      const struct kevent& event = events_[static_cast<std::size_t>(i)];
      auto* const watcher = static_cast<Watcher*>(event.udata);
      if (event.filter == EVFILT_READ) {
        watcher->on_readable(event);
      } else {
        watcher->on_writable();
      }
    }
  }
  void on_readable(const struct kevent& /*event*/) override {
    for (int fd = 0; (fd = z_accept(listener_, nullptr, nullptr)) >= 0;) {
      const int on = 1;
      z_setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
      (void)std::make_unique<EchoConnection>(queue_, fd).release();  // which deletes itself
    }
  }
  void on_writable() override {}

 private:
  int queue_;
  int listener_;
  std::array<struct kevent, 64> events_{};
};

}  // namespace

int echo_callbacks(void* /*argument*/) {
  static CallbackServer server;
  server.turn();
  return 0;
}

}  // namespace zs::bench
