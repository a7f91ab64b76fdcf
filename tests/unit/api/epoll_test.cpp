#include <gtest/gtest.h>

#include <array>
#include <utility>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

class EpollTest : public ApiTest {
 protected:
  int add(int fd, std::uint32_t events) { return control(EPOLL_CTL_ADD, fd, events); }
  int control(int op, int fd, std::uint32_t events) {
    epoll_event e{};
    e.events = events;
    e.data.u64 = 1'000u + static_cast<unsigned>(fd);
    return z_epoll_ctl(ep, op, fd, &e);
  }
  /// What is reported of `fd`, 0 for nothing.
  std::uint32_t events_of(int fd) {
    std::array<epoll_event, 16> found;
    const int n = z_epoll_wait(ep, found.data(), 16);
    for (int i = 0; i < n; ++i) {
      const epoll_event& e = found[static_cast<std::size_t>(i)];
      if (e.data.u64 == 1'000u + static_cast<unsigned>(fd)) return e.events;
    }
    return 0;
  }

  int ep = z_epoll_create();
};

TEST_F(EpollTest, TellsWhatIsReadyAsLongAsItIs) {
  const int listener = w.listener({kOurs, 80});
  ASSERT_EQ(add(listener, EPOLLIN), 0);
  EXPECT_EQ(events_of(listener), 0u);
  const int client = z_socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to = at4(kOurs, 80);
  EXPECT_EQ(errno_of(z_connect(client, any(to), sizeof(to))), EINPROGRESS);
  ASSERT_EQ(add(client, EPOLLOUT), 0);
  EXPECT_EQ(events_of(client), 0u);
  w.settle();
  EXPECT_EQ(events_of(client), EPOLLOUT);
  EXPECT_EQ(events_of(listener), EPOLLIN);
  EXPECT_EQ(events_of(listener), EPOLLIN);
  const int server = z_accept(listener, nullptr, nullptr);
  ASSERT_GE(server, 0);
  EXPECT_EQ(events_of(listener), 0u);

  ASSERT_EQ(add(server, EPOLLIN | EPOLLRDHUP), 0);
  ASSERT_EQ(z_write(client, chain_of("hello")), 5);
  w.settle();
  EXPECT_EQ(events_of(server), EPOLLIN);
  EXPECT_EQ(read_text(server, 3), "hel");
  EXPECT_EQ(events_of(server), EPOLLIN);
  EXPECT_EQ(read_text(server), "lo");
  EXPECT_EQ(events_of(server), 0u);
  ASSERT_EQ(z_shutdown(client, SHUT_WR), 0);
  w.settle();
  EXPECT_EQ(events_of(server), EPOLLIN | EPOLLRDHUP);
  ASSERT_EQ(z_close(server), 0);
  w.settle();
  EXPECT_EQ(events_of(client) & (EPOLLOUT | EPOLLHUP), EPOLLOUT | EPOLLHUP);
  EXPECT_EQ(events_of(server), 0u);
}

TEST_F(EpollTest, AnErrorIsToldToThoseWhoAskedForNothing) {
  sockaddr_in nobody = at4(kOurs, 4'444);
  const int fd = z_socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(errno_of(z_connect(fd, any(nobody), sizeof(nobody))), EINPROGRESS);
  ASSERT_EQ(add(fd, 0), 0);
  w.settle();
  EXPECT_EQ(events_of(fd), EPOLLERR | EPOLLHUP);
}

TEST_F(EpollTest, ModAndDel) {
  const auto p = w.connected();
  EXPECT_EQ(errno_of(control(EPOLL_CTL_MOD, p.client, EPOLLIN)), ENOENT);
  EXPECT_EQ(errno_of(control(EPOLL_CTL_DEL, p.client, 0)), ENOENT);
  ASSERT_EQ(add(p.client, EPOLLOUT), 0);
  EXPECT_EQ(errno_of(add(p.client, EPOLLIN)), EEXIST);
  EXPECT_EQ(events_of(p.client), EPOLLOUT);
  ASSERT_EQ(control(EPOLL_CTL_MOD, p.client, EPOLLIN), 0);
  EXPECT_EQ(events_of(p.client), 0u);
  ASSERT_EQ(control(EPOLL_CTL_MOD, p.client, EPOLLOUT), 0);
  EXPECT_EQ(z_epoll_ctl(ep, EPOLL_CTL_DEL, p.client, nullptr), 0);
  EXPECT_EQ(events_of(p.client), 0u);
}

TEST_F(EpollTest, EmptyWhenItIsOpenedAgain) {
  const auto p = w.connected();
  ASSERT_EQ(add(p.client, EPOLLOUT), 0);
  ASSERT_EQ(z_close(ep), 0);
  EXPECT_EQ(errno_of(z_close(ep)), EBADF);
  epoll_event event{};
  EXPECT_EQ(errno_of(z_epoll_wait(ep, &event, 1)), EBADF);
  ASSERT_EQ(z_epoll_create(), ep);
  EXPECT_EQ(events_of(p.client), 0u);
  EXPECT_EQ(add(p.client, EPOLLOUT), 0);
  EXPECT_EQ(events_of(p.client), EPOLLOUT);
}

TEST_F(EpollTest, TakesTurnsWhereThereIsNoRoomForAll) {
  const auto p = w.connected();
  ASSERT_EQ(add(p.client, EPOLLOUT), 0);
  ASSERT_EQ(add(p.server, EPOLLOUT), 0);
  epoll_event first{}, second{};
  ASSERT_EQ(z_epoll_wait(ep, &first, 1), 1);
  ASSERT_EQ(z_epoll_wait(ep, &second, 1), 1);
  const std::uint64_t one = first.data.u64;  // epoll_event is packed: no references into it
  const std::uint64_t other = second.data.u64;
  EXPECT_NE(one, other);
}

// How many Linux lets lie in a row depends on its version.
TEST_F(EpollTest, FiveSetsMayLieInARow) {
  for (int level = 2; level <= 5; ++level) {
    const int below = std::exchange(ep, z_epoll_create());
    ASSERT_EQ(add(below, EPOLLIN), 0);
  }
  const int below = std::exchange(ep, z_epoll_create());
  EXPECT_EQ(errno_of(add(below, EPOLLIN)), ELOOP);
}

TEST_F(EpollTest, WrongCallsAreRefused) {
  const int fd = z_socket(AF_INET, SOCK_STREAM, 0);
  epoll_event event{};
  EXPECT_EQ(errno_of(z_epoll_wait(fd, &event, 1)), EINVAL);
  EXPECT_EQ(errno_of(z_epoll_wait(9, &event, 1)), EBADF);
  EXPECT_EQ(errno_of(z_epoll_wait(ep, nullptr, 1)), EINVAL);
  EXPECT_EQ(errno_of(z_epoll_wait(ep, &event, 0)), EINVAL);
  EXPECT_EQ(errno_of(add(9, EPOLLIN)), EBADF);
  EXPECT_EQ(errno_of(add(ep, EPOLLIN)), EINVAL);
  EXPECT_EQ(errno_of(control(77, fd, EPOLLIN)), EINVAL);
  EXPECT_EQ(errno_of(z_epoll_ctl(ep, EPOLL_CTL_ADD, fd, nullptr)), EINVAL);
  EXPECT_EQ(errno_of(z_epoll_ctl(fd, EPOLL_CTL_ADD, fd, &event)), EINVAL);
  EXPECT_EQ(errno_of(z_epoll_ctl(9, EPOLL_CTL_ADD, fd, &event)), EBADF);
}

}  // namespace
}  // namespace zs::api
