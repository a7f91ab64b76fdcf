// How long calls wait in a fiber, and F-Stack's calls among them.
#include <fcntl.h>
#include <ff_api.h>
#include <ff_epoll.h>
#include <ff_event.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/select.h>

#include <array>

#include "unit/api/fibers.hpp"

namespace zs::api {
namespace {

using namespace test;

class BlockingFfTest : public FiberTest {
 protected:
  void patience(int fd, int name, const timeval& time) {
    ASSERT_EQ(z_setsockopt(fd, SOL_SOCKET, name, &time, sizeof(time)), 0);
  }
  /// How long `call` takes in a fiber, and that it ends in time.
  Duration time_of(Body call) {
    const Instant before = w.now;
    Instant after;
    spawn([&] {
      call();
      after = w.now;
    });
    go(100ms, 100us);
    EXPECT_EQ(alive(), 0u);
    return after - before;
  }
};

TEST_F(BlockingFfTest, ReceivingEndsWhenItsTimeIsOver) {
  const int fd = w.datagram();
  const int listener = fd_of_listener(80);
  patience(fd, SO_RCVTIMEO, {0, 3'000});
  patience(listener, SO_RCVTIMEO, {0, 5'000});
  std::array<char, 8> buf{};
  rte_mbuf* m = nullptr;
  EXPECT_EQ(time_of([&] { EXPECT_EQ(errno_of(z_recvfrom(fd, &m, nullptr, nullptr)), EAGAIN); }),
            3ms);
  EXPECT_EQ(time_of([&] { EXPECT_EQ(errno_of(ff_recv(fd, buf.data(), 8, 0)), EAGAIN); }), 3ms);
  EXPECT_EQ(time_of([&] { EXPECT_EQ(errno_of(ff_read(fd, buf.data(), 8)), EAGAIN); }), 3ms);
  EXPECT_EQ(time_of([&] { EXPECT_EQ(errno_of(ff_accept(listener, nullptr, nullptr)), EAGAIN); }),
            5ms);
}

TEST_F(BlockingFfTest, ConnectEndsWhenItsTimeIsOver) {
  const int fd = w.stream();
  patience(fd, SO_SNDTIMEO, {0, 4'000});
  EXPECT_EQ(time_of([&] {
              sockaddr_in nobody = at4(kPeer, 9);
              EXPECT_EQ(errno_of(z_connect(fd, any(nobody), sizeof(nobody))), EINPROGRESS);
            }),
            4ms);
}

TEST_F(BlockingFfTest, SendingReturnsWhatWasSentWhenItsTimeIsOver) {
  const auto p = w.connected();
  patience(p.client, SO_SNDTIMEO, {0, 6'000});
  const std::string text = pattern(64u << 20);
  ssize_t sent = 0;
  EXPECT_EQ(time_of([&] { sent = ff_send(p.client, text.data(), text.size(), 0); }), 6ms);
  EXPECT_GT(sent, 0);
  EXPECT_LT(sent, static_cast<ssize_t>(text.size()));
  EXPECT_EQ(time_of([&] { EXPECT_EQ(errno_of(ff_write(p.client, "x", 1)), EAGAIN); }), 6ms);
}

TEST_F(BlockingFfTest, SendingSendsAllAndWaitallReadsAll) {
  const auto p = w.connected();
  const std::string text = pattern(8u << 20);
  std::string back(text.size(), ' ');
  ssize_t sent = 0, got = 0;
  spawn([&] { sent = ff_write(p.client, text.data(), text.size()); });
  spawn([&] { got = ff_recv(p.server, back.data(), back.size(), MSG_WAITALL); });
  go(2s, 1ms);
  EXPECT_EQ(sent, static_cast<ssize_t>(text.size()));
  EXPECT_EQ(got, static_cast<ssize_t>(back.size()));
  EXPECT_TRUE(back == text);
}

TEST_F(BlockingFfTest, WaitallEndsWithTheStream) {
  const auto p = w.connected();
  std::array<char, 100> buf{};
  ssize_t got = 0;
  spawn([&] { got = ff_recv(p.server, buf.data(), buf.size(), MSG_WAITALL); });
  go(2ms);
  ASSERT_EQ(ff_write(p.client, "hello", 5), 5);
  ASSERT_EQ(ff_shutdown(p.client, SHUT_WR), 0);
  go(5ms);
  EXPECT_EQ(got, 5);
  EXPECT_EQ(std::string(buf.data(), 5), "hello");
}

TEST_F(BlockingFfTest, PiecesGoOnWhereTheyWere) {
  const auto p = w.connected();
  std::string a = pattern(5u << 20, 1), b = pattern(5u << 20, 2);
  const std::array<iovec, 3> out{iovec{a.data(), a.size()}, iovec{nullptr, 0},
                                 iovec{b.data(), b.size()}};
  ssize_t sent = 0;
  std::string back(a.size() + b.size(), ' ');
  spawn([&] { sent = ff_writev(p.client, out.data(), 3); });
  spawn([&] {
    EXPECT_EQ(ff_recv(p.server, back.data(), back.size(), MSG_WAITALL),
              static_cast<ssize_t>(back.size()));
  });
  go(2s, 1ms);
  EXPECT_EQ(sent, static_cast<ssize_t>(back.size()));
  EXPECT_TRUE(back == a + b);
}

TEST_F(BlockingFfTest, WhatSaysSoDoesNotWait) {
  const auto p = w.connected();
  char byte = 0;
  int on = 1;
  EXPECT_EQ(
      time_of([&] { EXPECT_EQ(errno_of(ff_recv(p.server, &byte, 1, MSG_DONTWAIT)), EAGAIN); }),
      0ms);
  ASSERT_EQ(ff_ioctl(p.server, FIONBIO, &on), 0);
  EXPECT_EQ(time_of([&] { EXPECT_EQ(errno_of(ff_read(p.server, &byte, 1)), EAGAIN); }), 0ms);
  const int listener = fd_of_listener(81);
  const int client = w.stream();
  ASSERT_EQ(errno_of(connect_to(client, 81)), EINPROGRESS);
  w.settle();
  EXPECT_EQ(time_of([&] {
              const int fd = ff_accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
              EXPECT_EQ(errno_of(ff_read(fd, &byte, 1)), EAGAIN);
            }),
            0ms);
}

TEST_F(BlockingFfTest, ReadinessIsWaitedForAsLongAsItsTimeoutSays) {
  const int fd = w.datagram();
  const int set = ff_epoll_create(1);
  epoll_event event{.events = EPOLLIN, .data = {}};
  ASSERT_EQ(ff_epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
  const int queue = ff_kqueue();
  struct kevent change;
  EV_SET(&change, static_cast<std::uintptr_t>(fd), EVFILT_READ, EV_ADD, 0, 0, nullptr);
  struct kevent found;
  const timespec four{0, 4'000'000};
  pollfd polled{fd, POLLIN, 0};
  EXPECT_EQ(time_of([&] { EXPECT_EQ(ff_epoll_wait(set, &event, 1, 2), 0); }), 2ms);
  EXPECT_EQ(time_of([&] { EXPECT_EQ(ff_kevent(queue, &change, 1, &found, 1, &four), 0); }), 4ms);
  EXPECT_EQ(time_of([&] { EXPECT_EQ(ff_poll(&polled, 1, 3), 0); }), 3ms);
  EXPECT_EQ(time_of([&] {
              fd_set in;
              FD_ZERO(&in);
              FD_SET(fd, &in);
              timeval five{0, 5'000};
              EXPECT_EQ(ff_select(fd + 1, &in, nullptr, nullptr, &five), 0);
              EXPECT_FALSE(FD_ISSET(fd, &in));
            }),
            5ms);
  EXPECT_EQ(time_of([&] { EXPECT_EQ(ff_epoll_wait(set, &event, 1, 0), 0); }), 0ms);
}

TEST_F(BlockingFfTest, ReadinessThatComesEndsTheWaits) {
  const int fd = w.datagram();
  ASSERT_TRUE(w.table->bind(fd, {kOurs, 53}));
  const int set = ff_epoll_create(1);
  epoll_event event{.events = EPOLLIN, .data = {}};
  ASSERT_EQ(ff_epoll_ctl(set, EPOLL_CTL_ADD, fd, &event), 0);
  const int queue = ff_kqueue();
  int woken = 0;
  spawn([&] { woken += ff_epoll_wait(set, &event, 1, -1); });
  spawn([&] {
    struct kevent change, found;
    EV_SET(&change, static_cast<std::uintptr_t>(fd), EVFILT_READ, EV_ADD, 0, 0, nullptr);
    woken += ff_kevent(queue, &change, 1, &found, 1, nullptr);
  });
  spawn([&] {
    pollfd polled{fd, POLLIN, 0};
    woken += ff_poll(&polled, 1, -1);
    EXPECT_EQ(polled.revents, POLLIN);
  });
  spawn([&] {
    fd_set in;
    FD_ZERO(&in);
    FD_SET(fd, &in);
    woken += ff_select(fd + 1, &in, nullptr, nullptr, nullptr);
    EXPECT_TRUE(FD_ISSET(fd, &in));
  });
  go(5ms);
  EXPECT_EQ(woken, 0);
  sockaddr_in to = at4(kOurs, 53);
  ASSERT_EQ(z_sendto(w.datagram(), chain_of("one"), any(to), sizeof(to)), 3);
  go(5ms);
  EXPECT_EQ(woken, 4);
  EXPECT_EQ(alive(), 0u);
}

TEST_F(BlockingFfTest, OutsideOfAFiberNothingWaits) {
  const auto p = w.connected();
  const int set = ff_epoll_create(1);
  epoll_event event{};
  char byte = 0;
  pollfd polled{p.server, POLLIN, 0};
  EXPECT_EQ(ff_epoll_wait(set, &event, 1, -1), 0);
  EXPECT_EQ(ff_poll(&polled, 1, -1), 0);
  EXPECT_EQ(errno_of(ff_recv(p.server, &byte, 1, MSG_WAITALL)), EAGAIN);
  const std::string text = pattern(64u << 20);
  const ssize_t sent = ff_write(p.client, text.data(), text.size());
  EXPECT_GT(sent, 0);
  EXPECT_LT(sent, static_cast<ssize_t>(text.size()));
}

}  // namespace
}  // namespace zs::api
