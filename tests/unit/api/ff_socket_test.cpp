#include <fcntl.h>
#include <ff_api.h>
#include <sys/ioctl.h>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

class FfSocketTest : public ApiTest {
 protected:
  static linux_sockaddr* cast(sockaddr_in& a) { return reinterpret_cast<linux_sockaddr*>(&a); }
};

TEST_F(FfSocketTest, ConnectsAndNamesBothEnds) {
  const int listener = ff_socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in own = at4(kOurs, 80);
  ASSERT_EQ(ff_bind(listener, cast(own), sizeof(own)), 0);
  ASSERT_EQ(ff_listen(listener, 8), 0);
  const int client = ff_socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, IPPROTO_TCP);
  EXPECT_EQ(errno_of(ff_connect(client, cast(own), sizeof(own))), EINPROGRESS);
  w.settle();
  sockaddr_in peer{};
  socklen_t length = sizeof(peer);
  EXPECT_EQ(errno_of(ff_accept4(listener, nullptr, nullptr, 1)), EINVAL);
  const int server = ff_accept4(listener, cast(peer), &length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  ASSERT_GE(server, 0);
  sockaddr_in local{};
  length = sizeof(local);
  ASSERT_EQ(ff_getsockname(client, cast(local), &length), 0);
  EXPECT_EQ(local.sin_port, peer.sin_port);
  ASSERT_EQ(ff_getpeername(client, cast(local), &length), 0);
  EXPECT_EQ(ntohs(local.sin_port), 80);
  EXPECT_EQ(ff_shutdown(client, SHUT_RDWR), 0);
  EXPECT_EQ(ff_close(client), 0);
  EXPECT_EQ(errno_of(ff_close(client)), EBADF);
}

TEST_F(FfSocketTest, FreeBsdsNumbersOfFamiliesAndFlags) {
  EXPECT_GE(ff_socket(AF_INET6_FREEBSD, SOCK_STREAM | 0x2000'0000, 0), 0);
  EXPECT_GE(ff_socket(AF_INET6_LINUX, SOCK_DGRAM, 0), 0);
  EXPECT_EQ(errno_of(ff_socket(AF_UNIX, SOCK_STREAM, 0)), EAFNOSUPPORT);
  EXPECT_EQ(errno_of(ff_socket(AF_INET, SOCK_RAW, 0)), EPROTOTYPE);
}

TEST_F(FfSocketTest, NullAndShortAddresses) {
  const int fd = ff_socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in a = at4(kOurs, 80);
  EXPECT_EQ(errno_of(ff_bind(fd, nullptr, sizeof(a))), EINVAL);
  EXPECT_EQ(errno_of(ff_bind(fd, cast(a), 3)), EINVAL);
  EXPECT_EQ(errno_of(ff_connect(fd, nullptr, 0)), EINVAL);
  EXPECT_EQ(errno_of(ff_getsockname(fd, cast(a), nullptr)), EINVAL);
  EXPECT_EQ(errno_of(ff_getpeername(fd, cast(a), nullptr)), EINVAL);
  EXPECT_EQ(errno_of(ff_accept(fd, cast(a), nullptr)), EINVAL);
  EXPECT_EQ(errno_of(ff_listen(-1, 1)), EBADF);
  EXPECT_EQ(errno_of(ff_bind(INT32_MAX, cast(a), sizeof(a))), EBADF);
}

TEST_F(FfSocketTest, ADuplicateIsTheSameSocket) {
  const auto p = w.connected();
  const int copy = ff_dup(p.server);
  ASSERT_GE(copy, 0);
  ASSERT_EQ(ff_close(p.server), 0);
  EXPECT_EQ(ff_fdisused(p.server), 0);
  EXPECT_EQ(ff_fdisused(copy), 1);
  ASSERT_EQ(ff_write(p.client, "still", 5), 5);
  w.settle();
  char room[8];
  EXPECT_EQ(ff_read(copy, room, sizeof(room)), 5);
  // The number is free for another socket, which is not mixed up with it.
  EXPECT_EQ(ff_socket(AF_INET, SOCK_STREAM, 0), p.server);
  ASSERT_EQ(ff_dup2(copy, 40), 40);
  EXPECT_EQ(ff_dup2(copy, copy), copy);
  ASSERT_EQ(ff_close(copy), 0);
  ASSERT_EQ(ff_write(40, "back", 4), 4);
  w.settle();
  EXPECT_EQ(ff_read(p.client, room, sizeof(room)), 4);
  EXPECT_EQ(errno_of(ff_dup2(40, 100'000)), EBADF);
  EXPECT_EQ(errno_of(ff_dup2(40, -1)), EBADF);
  EXPECT_EQ(errno_of(ff_dup(63)), EBADF);
  expect_all_back();
}

TEST_F(FfSocketTest, ADuplicateOfADatagramSocketHearsOfDatagrams) {
  const int fd = w.datagram();
  ASSERT_TRUE(w.table->bind(fd, {kOurs, 53}));
  const int copy = ff_dup(fd);
  ASSERT_EQ(ff_close(fd), 0);
  const int queue = ff_kqueue();
  struct kevent e;
  EV_SET(&e, static_cast<uintptr_t>(copy), EVFILT_READ, EV_ADD, 0, 0, nullptr);
  ASSERT_EQ(ff_kevent(queue, &e, 1, nullptr, 0, nullptr), 0);
  w.give(World::udp(53, text("query")));
  EXPECT_EQ(ff_kevent(queue, nullptr, 0, &e, 1, nullptr), 1);
  EXPECT_EQ(e.data, 5);
}

TEST_F(FfSocketTest, TheProgramMayChooseTheLocalAddress) {
  static int asked;
  asked = 0;
  ff_regist_pcblddr_fun([](uint16_t family, void*, uint16_t port, void* source) {
    asked += family == AF_INET && ntohs(port) == 80;
    static_cast<in_addr*>(source)->s_addr = htonl(kOurs.v4_value());
    return 0;
  });
  w.listener({kOurs, 80});
  const int fd = w.stream();
  sockaddr_in to = at4(kOurs, 80);
  EXPECT_EQ(errno_of(ff_connect(fd, cast(to), sizeof(to))), EINPROGRESS);
  EXPECT_EQ(asked, 1);
  ff_regist_pcblddr_fun([](uint16_t, void*, uint16_t, void*) { return EACCES; });
  EXPECT_EQ(errno_of(ff_connect(w.stream(), cast(to), sizeof(to))), EACCES);
  ff_regist_pcblddr_fun(nullptr);
}

TEST(FfWithoutStack, EveryCallOfTheLoopIsRefused) {
  char byte = 0;
  const auto refused = [](long result) { return result == -1 && errno == EPERM; };
  EXPECT_TRUE(refused(ff_socket(AF_INET, SOCK_STREAM, 0)));
  EXPECT_TRUE(refused(ff_read(0, &byte, 1)));
  EXPECT_TRUE(refused(ff_write(0, &byte, 1)));
  EXPECT_TRUE(refused(ff_kqueue()));
  EXPECT_TRUE(refused(ff_fcntl(0, F_GETFL)));
  EXPECT_TRUE(refused(ff_ioctl(0, FIONBIO, &byte)));
  EXPECT_TRUE(refused(ff_dup(0)));
  EXPECT_TRUE(refused(ff_getmaxfd()));
  EXPECT_TRUE(refused(ff_setsockopt(0, SOL_SOCKET, SO_KEEPALIVE, &byte, 1)));
  ff_zc_mbuf m{};
  EXPECT_TRUE(refused(ff_zc_mbuf_get(&m, 10)));
  EXPECT_TRUE(refused(ff_zwrite(0, nullptr, 0)));
  EXPECT_EQ(ff_fdisused(0), 0);
  EXPECT_EQ(ff_mbuf_get(nullptr, nullptr, nullptr, 0), nullptr);
}

}  // namespace
}  // namespace zs::api
