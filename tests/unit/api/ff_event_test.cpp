#include <ff_api.h>
#include <ff_epoll.h>

#include <array>
#include <utility>
#include <vector>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

class FfEventTest : public ApiTest {
 protected:
  struct Change {
    std::uintptr_t ident;
    int filter;
    unsigned flags;
    unsigned fflags = 0;
    std::intptr_t data = 0;
  };
  int change(const Change& c, void* udata = nullptr) {
    struct kevent e;
    EV_SET(&e, c.ident, static_cast<short>(c.filter), static_cast<u_short>(c.flags), c.fflags,
           c.data, udata);
    return ff_kevent(queue, &e, 1, nullptr, 0, nullptr);
  }
  int add(int fd, int filter, unsigned flags = 0) {
    return change({static_cast<std::uintptr_t>(fd), filter, EV_ADD | flags});
  }
  std::vector<struct kevent> events(int most = 8) {
    w.settle();
    std::vector<struct kevent> found(8);
    const int n = ff_kevent(queue, nullptr, 0, found.data(), most, nullptr);
    found.resize(static_cast<std::size_t>(std::max(n, 0)));
    return found;
  }
  void pass(Duration d) { w.instance.queues.advance(w.instance.queues.now() + d); }

  int queue = ff_kqueue();
};

TEST_F(FfEventTest, ReadCountsBytesAndConnections) {
  const int listener = w.listener({kOurs, 80});
  ASSERT_EQ(add(listener, EVFILT_READ), 0);
  const int client = w.stream();
  const int other = w.stream();
  (void)w.table->connect(client, {kOurs, 80});
  (void)w.table->connect(other, {kOurs, 80});
  auto found = events();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].ident, static_cast<std::uintptr_t>(listener));
  EXPECT_EQ(found[0].data, 2);
  const int server = ff_accept(listener, nullptr, nullptr);
  ASSERT_GE(server, 0);
  EXPECT_EQ(events()[0].data, 1);
  ASSERT_GE(ff_accept(listener, nullptr, nullptr), 0);
  EXPECT_TRUE(events().empty());

  ASSERT_EQ(add(server, EVFILT_READ), 0);
  ASSERT_EQ(ff_write(client, "hello", 5), 5);
  found = events();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].data, 5);
  EXPECT_EQ(found[0].flags & EV_EOF, 0);
  std::array<char, 8> room{};
  ASSERT_EQ(ff_read(server, room.data(), 2), 2);
  EXPECT_EQ(events()[0].data, 3);
}

TEST_F(FfEventTest, EndAndErrorComeWithTheirFlags) {
  const auto p = w.connected();
  ASSERT_EQ(add(p.server, EVFILT_READ), 0);
  ASSERT_EQ(ff_write(p.client, "bye", 3), 3);
  ASSERT_EQ(ff_shutdown(p.client, SHUT_WR), 0);
  auto found = events();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].data, 3);
  EXPECT_NE(found[0].flags & EV_EOF, 0);
  EXPECT_EQ(found[0].fflags, 0u);
  ASSERT_EQ(add(p.server, EVFILT_WRITE), 0);
  const linger reset{1, 0};
  ASSERT_EQ(ff_setsockopt(p.client, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)), 0);
  ASSERT_EQ(ff_close(p.client), 0);
  found = events();
  ASSERT_EQ(found.size(), 2u);
  for (const auto& e : found) {
    EXPECT_NE(e.flags & EV_EOF, 0);
    EXPECT_EQ(e.fflags, static_cast<u_int>(ECONNRESET));
  }
}

TEST_F(FfEventTest, WriteWaitsForTheConnectionAndForRoom) {
  const int fd = w.stream();
  ASSERT_EQ(add(fd, EVFILT_WRITE), 0);
  EXPECT_TRUE(events().empty());
  w.listener({kOurs, 80});
  (void)w.table->connect(fd, {kOurs, 80});
  const auto found = events();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_GT(found[0].data, 4'096);
  const std::string much = pattern(4u << 20);
  // Until both buffers are full: the peer does not read.
  for (int i = 0; i < 50; ++i) {
    while (ff_write(fd, much.data(), much.size()) > 0) continue;
    EXPECT_EQ(errno, EAGAIN);
    w.settle();
  }
  EXPECT_TRUE(events().empty());
}

TEST_F(FfEventTest, OneShotClearAndDispatch) {
  const auto p = w.connected();
  const auto once = [&] {
    (void)ff_write(p.client, "x", 1);
    return events().size();
  };
  ASSERT_EQ(add(p.server, EVFILT_READ, EV_ONESHOT), 0);
  EXPECT_EQ(once(), 1u);
  EXPECT_EQ(once(), 0u);
  EXPECT_EQ(errno_of(change({static_cast<std::uintptr_t>(p.server), EVFILT_READ, EV_DELETE})),
            ENOENT);
  ASSERT_EQ(add(p.server, EVFILT_READ, EV_CLEAR), 0);
  EXPECT_EQ(events().size(), 1u);
  EXPECT_EQ(events().size(), 0u);
  EXPECT_EQ(once(), 1u);
  ASSERT_EQ(change({static_cast<std::uintptr_t>(p.server), EVFILT_READ, EV_DELETE}), 0);
  ASSERT_EQ(add(p.server, EVFILT_READ, EV_DISPATCH), 0);
  EXPECT_EQ(once(), 1u);
  EXPECT_EQ(once(), 0u);
  ASSERT_EQ(change({static_cast<std::uintptr_t>(p.server), EVFILT_READ, EV_ENABLE}), 0);
  EXPECT_EQ(events().size(), 1u);
}

TEST_F(FfEventTest, DisabledIsSilentUntilItIsEnabled) {
  const auto p = w.connected();
  const auto ident = static_cast<std::uintptr_t>(p.server);
  ASSERT_EQ(add(p.server, EVFILT_READ, EV_DISABLE), 0);
  ASSERT_EQ(ff_write(p.client, "x", 1), 1);
  EXPECT_TRUE(events().empty());
  int mine = 0;
  ASSERT_EQ(change({ident, EVFILT_READ, EV_ENABLE}, &mine), 0);
  ASSERT_EQ(events().size(), 1u);
  EXPECT_EQ(events()[0].udata, &mine);
  ASSERT_EQ(change({ident, EVFILT_READ, EV_DISABLE}), 0);
  EXPECT_TRUE(events().empty());
}

TEST_F(FfEventTest, LowWaterMark) {
  const auto p = w.connected();
  const auto ident = static_cast<std::uintptr_t>(p.server);
  ASSERT_EQ(change({ident, EVFILT_READ, EV_ADD, NOTE_LOWAT, 4}), 0);
  ASSERT_EQ(ff_write(p.client, "abc", 3), 3);
  EXPECT_TRUE(events().empty());
  ASSERT_EQ(ff_write(p.client, "d", 1), 1);
  EXPECT_EQ(events().size(), 1u);
}

TEST_F(FfEventTest, TimersCountAndRepeat) {
  ASSERT_EQ(change({7, EVFILT_TIMER, EV_ADD, 0, 10}), 0);
  ASSERT_EQ(change({8, EVFILT_TIMER, EV_ADD | EV_ONESHOT, NOTE_USECONDS, 25'000}), 0);
  EXPECT_TRUE(events().empty());
  EXPECT_EQ(w.instance.queues.next_deadline(), w.instance.queues.now() + 10ms);
  pass(35ms);
  EXPECT_TRUE(w.table->has_ready());
  auto found = events();
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].data + found[1].data, 4);
  pass(10ms);
  found = events();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].ident, 7u);
  ASSERT_EQ(change({7, EVFILT_TIMER, EV_DELETE}), 0);
  EXPECT_EQ(w.instance.queues.next_deadline(), Instant::never());
  EXPECT_EQ(errno_of(change({7, EVFILT_TIMER, EV_ADD, 0, -1})), EINVAL);
  EXPECT_EQ(errno_of(change({7, EVFILT_TIMER, EV_ADD, 77, 1})), EINVAL);
  EXPECT_EQ(errno_of(change({7, EVFILT_TIMER, EV_ADD, NOTE_SECONDS, INTPTR_MAX})), EINVAL);
  EXPECT_EQ(errno_of(change({7, EVFILT_TIMER, EV_DELETE})), ENOENT);
}

TEST_F(FfEventTest, UserEvents) {
  ASSERT_EQ(change({1, EVFILT_USER, EV_ADD | EV_CLEAR}), 0);
  EXPECT_TRUE(events().empty());
  ASSERT_EQ(change({1, EVFILT_USER, 0, NOTE_FFCOPY | 6u}), 0);
  EXPECT_TRUE(events().empty());
  ASSERT_EQ(change({1, EVFILT_USER, 0, NOTE_TRIGGER | NOTE_FFOR | 1u}), 0);
  const auto found = events();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].fflags, 7u);
  EXPECT_TRUE(events().empty());
  ASSERT_EQ(change({2, EVFILT_USER, EV_ADD, NOTE_TRIGGER}), 0);
  EXPECT_EQ(events().size(), 1u);
  EXPECT_EQ(events().size(), 1u);
}

TEST_F(FfEventTest, QueuesInQueuesAndInSets) {
  const auto p = w.connected();
  int inner = queue;
  ASSERT_EQ(add(p.server, EVFILT_READ), 0);
  queue = ff_kqueue();
  ASSERT_EQ(add(inner, EVFILT_READ), 0);
  EXPECT_EQ(errno_of(add(inner, EVFILT_WRITE)), EINVAL);
  EXPECT_EQ(errno_of(add(queue, EVFILT_READ)), EINVAL);
  const int set = ff_epoll_create(0);
  epoll_event asked{};
  asked.events = EPOLLIN;
  ASSERT_EQ(ff_epoll_ctl(set, EPOLL_CTL_ADD, queue, &asked), 0);
  EXPECT_TRUE(events().empty());
  epoll_event heard{};
  EXPECT_EQ(ff_epoll_wait(set, &heard, 1, 1'000), 0);
  ASSERT_EQ(ff_write(p.client, "x", 1), 1);
  const auto found = events();
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].data, 1);
  EXPECT_EQ(ff_epoll_wait(set, &heard, 1, 0), 1);
  std::swap(queue, inner);
  EXPECT_EQ(errno_of(add(inner, EVFILT_READ)), ELOOP);
}

TEST_F(FfEventTest, WhatIsWrongComesBackAsAnEventWhereThereIsRoom) {
  std::array<struct kevent, 2> changes;
  EV_SET(&changes[0], 999u, EVFILT_READ, EV_ADD, 0, 0, nullptr);
  EV_SET(&changes[1], 1u, EVFILT_USER, EV_ADD | EV_RECEIPT, 0, 0, nullptr);
  std::array<struct kevent, 4> found;
  ASSERT_EQ(ff_kevent(queue, changes.data(), 2, found.data(), 4, nullptr), 2);
  EXPECT_EQ(found[0].flags & EV_ERROR, EV_ERROR);
  EXPECT_EQ(found[0].data, EBADF);
  EXPECT_EQ(found[1].flags & EV_ERROR, EV_ERROR);
  EXPECT_EQ(found[1].data, 0);
  EXPECT_EQ(errno_of(ff_kevent(queue, changes.data(), 1, nullptr, 0, nullptr)), EBADF);
  EXPECT_EQ(errno_of(ff_kevent(999, nullptr, 0, nullptr, 0, nullptr)), EBADF);
  EXPECT_EQ(errno_of(ff_kevent(queue, nullptr, 1, nullptr, 0, nullptr)), EFAULT);
  EXPECT_EQ(errno_of(ff_kevent(queue, nullptr, 0, nullptr, 1, nullptr)), EFAULT);
  EXPECT_EQ(errno_of(ff_kevent(queue, nullptr, -1, nullptr, 0, nullptr)), EINVAL);
  EXPECT_EQ(errno_of(change({1, EVFILT_VNODE, EV_ADD})), EINVAL);
  EXPECT_EQ(errno_of(change({UINTPTR_MAX, EVFILT_READ, EV_ADD})), EBADF);
}

TEST_F(FfEventTest, DoEachMayCallBack) {
  static int calls;
  calls = 0;
  ASSERT_EQ(change({1, EVFILT_USER, EV_ADD, NOTE_TRIGGER}), 0);
  ASSERT_EQ(change({2, EVFILT_USER, EV_ADD, NOTE_TRIGGER}), 0);
  int place = 0;
  const auto each = [](void**, struct kevent*) {
    ++calls;
    ff_close(ff_kqueue());
  };
  EXPECT_EQ(ff_kevent_do_each(queue, nullptr, 0, &place, 8, nullptr, each), 2);
  EXPECT_EQ(calls, 2);
  EXPECT_EQ(errno_of(ff_kevent_do_each(queue, nullptr, 0, &place, 8, nullptr, nullptr)), EFAULT);
}

TEST_F(FfEventTest, ClosingForgets) {
  const auto p = w.connected();
  ASSERT_EQ(add(p.server, EVFILT_READ), 0);
  const int copy = ff_dup(p.server);
  ASSERT_EQ(add(copy, EVFILT_READ), 0);
  ASSERT_EQ(ff_write(p.client, "x", 1), 1);
  EXPECT_EQ(events().size(), 2u);
  ASSERT_EQ(ff_close(p.server), 0);
  EXPECT_EQ(events().size(), 1u);
  ASSERT_EQ(ff_close(copy), 0);
  EXPECT_TRUE(events().empty());
  ASSERT_EQ(ff_close(queue), 0);
  EXPECT_EQ(errno_of(ff_close(queue)), EBADF);
}

TEST_F(FfEventTest, PollAndSelect) {
  const auto p = w.connected();
  std::array<pollfd, 4> fds{pollfd{p.server, POLLIN | POLLOUT, 0}, pollfd{p.listener, POLLIN, 0},
                            pollfd{999, POLLIN, 0}, pollfd{-1, POLLIN, 0}};
  ASSERT_EQ(ff_write(p.client, "x", 1), 1);
  w.settle();
  EXPECT_EQ(ff_poll(fds.data(), fds.size(), 1'000), 2);
  EXPECT_EQ(fds[0].revents, POLLIN | POLLOUT);
  EXPECT_EQ(fds[1].revents, 0);
  EXPECT_EQ(fds[2].revents, POLLNVAL);
  EXPECT_EQ(errno_of(ff_poll(nullptr, 1, 0)), EFAULT);

  fd_set readable;
  fd_set writable;
  FD_ZERO(&readable);
  FD_ZERO(&writable);
  FD_SET(p.server, &readable);
  FD_SET(p.listener, &readable);
  FD_SET(p.server, &writable);
  EXPECT_EQ(ff_select(64, &readable, &writable, nullptr, nullptr), 2);
  EXPECT_TRUE(FD_ISSET(p.server, &readable));
  EXPECT_FALSE(FD_ISSET(p.listener, &readable));
  FD_SET(60, &readable);
  EXPECT_EQ(errno_of(ff_select(64, &readable, nullptr, nullptr, nullptr)), EBADF);
  EXPECT_EQ(errno_of(ff_select(-1, nullptr, nullptr, nullptr, nullptr)), EINVAL);
  EXPECT_EQ(errno_of(ff_select(FD_SETSIZE + 1, nullptr, nullptr, nullptr, nullptr)), EINVAL);
}

}  // namespace
}  // namespace zs::api
