#include <gtest/gtest.h>

#include <array>

#include "unit/api/fibers.hpp"

namespace zs::api {
namespace {

using namespace test;

class BlockingTest : public FiberTest {
 protected:
  /// An echo server as programs for the kernel are written.
  void serve(std::uint16_t port) {
    const int listener = fd_of_listener(port);
    spawn([this, listener] {
      for (;;) {
        const int fd = z_accept(listener, nullptr, nullptr);
        if (fd < 0) break;
        spawn([fd] {
          rte_mbuf* m = nullptr;
          while (z_read(fd, &m, 1u << 20) > 0) {
            if (z_write(fd, m) < 0) {
              z_free(m);
              break;
            }
          }
          z_close(fd);
        });
      }
    });
  }
};

TEST_F(BlockingTest, ClientsAndServerOfOneShardTalkAsIfOnThreads) {
  serve(7);
  int done = 0;
  for (int i = 0; i < 10; ++i) {
    spawn([this, i, &done] {
      const int fd = z_socket(AF_INET, SOCK_STREAM, 0);
      ASSERT_EQ(connect_to(fd, 7), 0);
      const std::string text = pattern(200'000, static_cast<std::size_t>(i));
      std::string back;
      std::array<char, 10'000> piece;
      for (std::size_t sent = 0; sent < text.size(); sent += piece.size()) {
        ASSERT_EQ(z_send(fd, text.data() + sent, piece.size()), static_cast<ssize_t>(piece.size()));
        for (std::size_t got = 0; got < piece.size();) {
          const ssize_t n = z_recv(fd, piece.data(), piece.size() - got);
          ASSERT_GT(n, 0);
          back.append(piece.data(), static_cast<std::size_t>(n));
          got += static_cast<std::size_t>(n);
        }
      }
      EXPECT_EQ(back, text);
      EXPECT_EQ(z_close(fd), 0);
      ++done;
    });
  }
  go(5s, 5ms);
  EXPECT_EQ(done, 10);
  w.instance.fibers.cancel();
  expect_all_back();
}

TEST_F(BlockingTest, OutsideOfAFiberNothingWaits) {
  const int listener = fd_of_listener(80);
  EXPECT_EQ(errno_of(z_accept(listener, nullptr, nullptr)), EAGAIN);
  const int fd = z_socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(errno_of(connect_to(fd, 80)), EINPROGRESS);
  w.settle();
  rte_mbuf* m = nullptr;
  EXPECT_EQ(errno_of(z_read(fd, &m, 10)), EAGAIN);
}

TEST_F(BlockingTest, NonBlockingSocketsDoNotWaitInAFiber) {
  const int listener = fd_of_listener(80);
  bool done = false;
  spawn([&] {
    const int fd = z_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    EXPECT_EQ(errno_of(connect_to(fd, 80)), EINPROGRESS);
    EXPECT_GE(z_accept(listener, nullptr, nullptr), 0);
    rte_mbuf* m = nullptr;
    EXPECT_EQ(errno_of(z_read(fd, &m, 10)), EAGAIN);
    const int datagram = z_socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    EXPECT_EQ(errno_of(z_recvfrom(datagram, &m, nullptr, nullptr)), EAGAIN);
    done = true;
  });
  go(10ms);
  EXPECT_TRUE(done);
}

TEST_F(BlockingTest, ConnectTellsHowItEnded) {
  bool done = false;
  spawn([&] {
    const int fd = z_socket(AF_INET, SOCK_STREAM, 0);
    EXPECT_EQ(errno_of(connect_to(fd, 4'444)), ECONNREFUSED);
    done = true;
  });
  go(10ms);
  EXPECT_TRUE(done);
}

TEST_F(BlockingTest, WhoWaitsForASocketThatIsClosedIsToldSo) {
  const int listener = fd_of_listener(80);
  const int datagram = z_socket(AF_INET, SOCK_DGRAM, 0);
  int told = 0;
  spawn([&] {
    EXPECT_EQ(errno_of(z_accept(listener, nullptr, nullptr)), EBADF);
    ++told;
  });
  spawn([&] {
    rte_mbuf* m = nullptr;
    EXPECT_EQ(errno_of(z_recvfrom(datagram, &m, nullptr, nullptr)), EBADF);
    ++told;
  });
  spawn([&] {
    EXPECT_EQ(z_usleep(2'000), 0);
    EXPECT_EQ(z_close(listener), 0);
    EXPECT_EQ(z_close(datagram), 0);
    // The number is another socket's by the time that the others go on.
    EXPECT_EQ(z_socket(AF_INET, SOCK_DGRAM, 0), std::min(listener, datagram));
  });
  go(10ms);
  EXPECT_EQ(told, 2);
  EXPECT_EQ(alive(), 0u);
}

TEST_F(BlockingTest, OneOfTwoWhoWaitForTheSameGetsIt) {
  const int datagram = w.datagram();
  ASSERT_TRUE(w.table->bind(datagram, {kOurs, 53}));
  int got = 0;
  for (int i = 0; i < 2; ++i) {
    spawn([&] {
      rte_mbuf* m = nullptr;
      if (z_recvfrom(datagram, &m, nullptr, nullptr) == 3) ++got;
      z_free(std::exchange(m, nullptr));
    });
  }
  go(2ms);
  sockaddr_in to = at4(kOurs, 53);
  const int sender = z_socket(AF_INET, SOCK_DGRAM, 0);
  ASSERT_EQ(z_sendto(sender, chain_of("one"), any(to), sizeof(to)), 3);
  go(5ms);
  EXPECT_EQ(got, 1);
  EXPECT_EQ(alive(), 1u);
  ASSERT_EQ(z_sendto(sender, chain_of("two"), any(to), sizeof(to)), 3);
  go(5ms);
  EXPECT_EQ(got, 2);
  EXPECT_EQ(alive(), 0u);
}

}  // namespace
}  // namespace zs::api
