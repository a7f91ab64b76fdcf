#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <string>
#include <vector>

#include "unit/api/shards.hpp"

namespace zs::api::test {

/// What a scenario does, on Linux or here. Sockets and sets go by names of the scenario's, since
/// descriptors differ. Each call adds a line to the transcript, which is what is compared.
class Twin {
 public:
  virtual ~Twin() = default;

  void listen(char name) { fds_[name] = open_listener(); }
  void socket(char name) { fds_[name] = open_socket(); }
  void connect(char name) { say("connect", begin_connect(fds_[name]), true); }
  /// To a port where nobody listens.
  void connect_to_nobody(char name) {
    refused_connect(fds_[name]);
    settle();
  }
  void accept(char listener, char name) {
    settle();
    fds_[name] = take(fds_[listener]);
    say("accept", fds_[name] >= 0 ? 0 : -1, true);
  }
  void pair(char listener, char client, char server) {
    listen(listener);
    socket(client);
    connect(client);
    accept(listener, server);
  }
  void send(char name, std::size_t n) {
    say("send", put(fds_[name], n), true);
    settle();
  }
  void receive(char name, std::size_t n) { say("receive", get(fds_[name], n), true); }
  void shutdown(char name, int how) {
    say("shutdown", end(fds_[name], how), true);
    settle();
  }
  void close(char name) {
    say("close", drop(fds_[name]), true);
    settle();
  }
  void reset(char name) {
    linger_zero(fds_[name]);
    close(name);
  }
  void duplicate(char name, char as) { fds_[as] = copy(fds_[name]); }
  void take_error(char name) {
    transcript.push_back("error " + std::to_string(pending(fds_[name])));
  }
  void set(char name) { fds_[name] = open_set(); }
  void control(char set, int op, char name, std::uint32_t events) {
    epoll_event e{};
    e.events = events;
    e.data.u64 = static_cast<unsigned char>(name);
    say("control", ctl(fds_[set], op, fds_[name], &e), true);
  }
  void add(char set, char name, std::uint32_t events) { control(set, EPOLL_CTL_ADD, name, events); }
  void modify(char set, char name, std::uint32_t events) {
    control(set, EPOLL_CTL_MOD, name, events);
  }
  void remove(char set, char name) { control(set, EPOLL_CTL_DEL, name, 0); }
  /// Who is ready, by name, and how.
  void wait(char set, int most = 16) {
    settle();
    std::array<epoll_event, 16> found{};
    const int n = collect(fds_[set], found.data(), most);
    std::string line = "wait";
    if (n < 0) line += " errno " + std::to_string(errno);
    std::sort(found.begin(), found.begin() + std::max(n, 0),
              [](const auto& a, const auto& b) { return a.data.u64 < b.data.u64; });
    for (int i = 0; i < n; ++i) {
      const epoll_event& e = found[static_cast<std::size_t>(i)];
      line += " ";
      line += static_cast<char>(e.data.u64);
      line += ":" + std::to_string(e.events);
    }
    transcript.push_back(line);
  }

  std::vector<std::string> transcript;

 protected:
  virtual void settle() {}
  virtual int open_listener() = 0;
  virtual int open_socket() = 0;
  virtual int begin_connect(int fd) = 0;
  virtual void refused_connect(int fd) = 0;
  virtual int take(int listener) = 0;
  virtual long put(int fd, std::size_t n) = 0;
  virtual long get(int fd, std::size_t n) = 0;
  virtual int end(int fd, int how) = 0;
  virtual int drop(int fd) = 0;
  virtual void linger_zero(int fd) = 0;
  virtual int copy(int fd) = 0;
  virtual int pending(int fd) = 0;
  virtual int open_set() = 0;
  virtual int ctl(int set, int op, int fd, epoll_event* event) = 0;
  virtual int collect(int set, epoll_event* events, int most) = 0;

  std::map<char, int> fds_;

 private:
  void say(const char* what, long result, bool with_errno) {
    std::string line = std::string(what) + " " + std::to_string(result);
    if (result < 0 && with_errno) line += " errno " + std::to_string(errno);
    transcript.push_back(line);
  }
};

/// Linux' own, over the loopback interface. It is told what was heard here, so that it waits as
/// long as something is to be expected, and no longer.
class LinuxTwin final : public Twin {
 public:
  explicit LinuxTwin(const std::vector<std::string>& other) : other_(other) {}
  ~LinuxTwin() override {
    for (const auto& [name, fd] : fds_) ::close(fd);
  }

 private:
  sockaddr_in loopback(std::uint16_t port) const {
    sockaddr_in a{};
    a.sin_family = AF_INET;
    a.sin_port = htons(port);
    a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return a;
  }
  int open_listener() override {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    sockaddr_in a = loopback(0);
    socklen_t length = sizeof(a);
    EXPECT_EQ(::bind(fd, any(a), length), 0);
    EXPECT_EQ(::listen(fd, 8), 0);
    EXPECT_EQ(::getsockname(fd, any(a), &length), 0);
    port_ = ntohs(a.sin_port);
    return fd;
  }
  int open_socket() override {
    return ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  }
  int begin_connect(int fd) override {
    sockaddr_in a = loopback(port_);
    return ::connect(fd, any(a), sizeof(a));
  }
  void refused_connect(int fd) override {
    // Bound and not listening: nobody else gets the port meanwhile.
    const int nobody = open_socket();
    sockaddr_in a = loopback(0);
    socklen_t length = sizeof(a);
    EXPECT_EQ(::bind(nobody, any(a), length), 0);
    EXPECT_EQ(::getsockname(nobody, any(a), &length), 0);
    (void)::connect(fd, any(a), sizeof(a));
    ::close(nobody);
  }
  int take(int listener) override {
    epoll_event e{};
    e.events = EPOLLIN;
    const int set = ::epoll_create1(EPOLL_CLOEXEC);
    ::epoll_ctl(set, EPOLL_CTL_ADD, listener, &e);
    ::epoll_wait(set, &e, 1, 1'000);
    ::close(set);
    return ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  }
  long put(int fd, std::size_t n) override {
    return ::send(fd, std::string(n, 'x').data(), n, MSG_NOSIGNAL);
  }
  long get(int fd, std::size_t n) override {
    std::string room(n, ' ');
    return ::recv(fd, room.data(), n, 0);
  }
  int end(int fd, int how) override { return ::shutdown(fd, how); }
  int drop(int fd) override { return ::close(fd); }
  void linger_zero(int fd) override {
    const linger l{1, 0};
    EXPECT_EQ(::setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
  }
  int copy(int fd) override { return ::dup(fd); }
  int pending(int fd) override {
    int error = 0;
    socklen_t length = sizeof(error);
    EXPECT_EQ(::getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    return error;
  }
  int open_set() override { return ::epoll_create1(EPOLL_CLOEXEC); }
  int ctl(int set, int op, int fd, epoll_event* event) override {
    return ::epoll_ctl(set, op, fd, event);
  }
  int collect(int set, epoll_event* events, int most) override {
    const std::string& heard = other_[std::min(transcript.size(), other_.size() - 1)];
    return ::epoll_wait(set, events, most, heard == "wait" ? 0 : 1'000);
  }

  const std::vector<std::string>& other_;
  std::uint16_t port_ = 0;
};

/// Ours, in virtual time.
class OurTwin final : public Twin {
 public:
  explicit OurTwin(CShard& w) : w_(w) {}

 private:
  void settle() override { w_.settle(); }
  int open_listener() override { return w_.listener({kOurs, 80}); }
  int open_socket() override { return z_socket(AF_INET, SOCK_STREAM, 0); }
  int begin_connect(int fd) override {
    sockaddr_in a = at4(kOurs, 80);
    return z_connect(fd, any(a), sizeof(a));
  }
  void refused_connect(int fd) override {
    sockaddr_in a = at4(kOurs, 4'444);
    (void)z_connect(fd, any(a), sizeof(a));
  }
  int take(int listener) override { return z_accept(listener, nullptr, nullptr); }
  long put(int fd, std::size_t n) override { return z_send(fd, std::string(n, 'x').data(), n); }
  long get(int fd, std::size_t n) override {
    std::string room(n, ' ');
    return z_recv(fd, room.data(), n);
  }
  int end(int fd, int how) override { return z_shutdown(fd, how); }
  int drop(int fd) override { return z_close(fd); }
  void linger_zero(int fd) override {
    const linger l{1, 0};
    EXPECT_EQ(z_setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
  }
  int copy(int fd) override { return *w_.table->duplicate(fd); }
  int pending(int fd) override {
    int error = 0;
    socklen_t length = sizeof(error);
    EXPECT_EQ(z_getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length), 0);
    return error;
  }
  int open_set() override { return z_epoll_create(); }
  int ctl(int set, int op, int fd, epoll_event* event) override {
    return z_epoll_ctl(set, op, fd, event);
  }
  int collect(int set, epoll_event* events, int most) override {
    return z_epoll_wait(set, events, most);
  }

  CShard& w_;
};

}  // namespace zs::api::test
