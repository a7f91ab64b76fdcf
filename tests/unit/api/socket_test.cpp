#include <gtest/gtest.h>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

class SocketTest : public ApiTest {
 protected:
  sockaddr_in here = at4(kOurs, 80);
  socklen_t here_size = sizeof(here);
};

TEST_F(SocketTest, OpensWhatThereIs) {
  EXPECT_EQ(z_socket(AF_INET, SOCK_STREAM, 0), 0);
  EXPECT_EQ(z_socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP), 1);
  EXPECT_EQ(z_socket(AF_INET, SOCK_DGRAM, IPPROTO_UDP), 2);
  EXPECT_EQ(errno_of(z_socket(AF_UNIX, SOCK_STREAM, 0)), EAFNOSUPPORT);
  EXPECT_EQ(errno_of(z_socket(AF_INET, SOCK_RAW, 0)), EPROTOTYPE);
  EXPECT_EQ(errno_of(z_socket(AF_INET, SOCK_STREAM, IPPROTO_UDP)), EPROTONOSUPPORT);
  EXPECT_EQ(z_close(1), 0);
  EXPECT_EQ(z_socket(AF_INET, SOCK_STREAM, 0), 1);  // the lowest free one
  while (z_socket(AF_INET, SOCK_STREAM, 0) >= 0) {
  }
  EXPECT_EQ(errno, EMFILE);
}

TEST_F(SocketTest, AcceptsWhatConnects) {
  const int listener = z_socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(z_bind(listener, any(here), here_size), 0);
  ASSERT_EQ(z_listen(listener, 8), 0);
  EXPECT_EQ(errno_of(z_accept(listener, nullptr, nullptr)), EAGAIN);
  const int client = z_socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(errno_of(z_connect(client, any(here), here_size)), EINPROGRESS);
  w.settle();
  EXPECT_EQ(errno_of(z_connect(client, any(here), here_size)), EISCONN);
  sockaddr_in peer{}, name{};
  EXPECT_EQ(errno_of(z_accept(listener, any(peer), nullptr)), EINVAL);
  socklen_t peer_size = sizeof(peer), name_size = sizeof(name);
  const int server = z_accept(listener, any(peer), &peer_size);
  ASSERT_GE(server, 0);
  EXPECT_EQ(peer_size, sizeof(peer));
  ASSERT_EQ(z_getsockname(client, any(name), &name_size), 0);
  EXPECT_EQ(peer.sin_port, name.sin_port);
  EXPECT_EQ(peer.sin_addr.s_addr, name.sin_addr.s_addr);
  ASSERT_EQ(z_getpeername(client, any(name), &name_size), 0);
  EXPECT_EQ(name.sin_port, htons(80));
  EXPECT_EQ(errno_of(z_getpeername(listener, any(name), &name_size)), ENOTCONN);

  ASSERT_EQ(z_shutdown(client, SHUT_WR), 0);
  w.settle();
  EXPECT_EQ(read_text(server), "");
  EXPECT_EQ(errno_of(z_shutdown(client, 17)), EINVAL);
  for (const int fd : {listener, client, server}) EXPECT_EQ(z_close(fd), 0);
  expect_all_back();
}

TEST_F(SocketTest, AnIpv6SocketShowsIpv4PeersAsMapped) {
  sockaddr_in6 everywhere = at6({}, 80);
  const int listener = z_socket(AF_INET6, SOCK_STREAM, 0);
  ASSERT_EQ(z_bind(listener, any(everywhere), sizeof(everywhere)), 0);
  ASSERT_EQ(z_listen(listener, 8), 0);
  const int client = z_socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(errno_of(z_connect(client, any(here), here_size)), EINPROGRESS);
  w.settle();
  sockaddr_in6 peer{};
  socklen_t size = sizeof(peer);
  ASSERT_GE(z_accept(listener, any(peer), &size), 0);
  EXPECT_EQ(size, sizeof(peer));
  EXPECT_EQ(peer.sin6_family, AF_INET6);
  EXPECT_TRUE(IN6_IS_ADDR_V4MAPPED(&peer.sin6_addr));
}

TEST_F(SocketTest, WrongCallsAreRefused) {
  sockaddr_in foreign = at4(IpAddress::v4(192, 0, 2, 1), 80);
  sockaddr_in6 other_family = at6(kOurs6, 80);
  const int fd = z_socket(AF_INET, SOCK_STREAM, 0);
  const int datagram = z_socket(AF_INET, SOCK_DGRAM, 0);
  for (const int bad : {-1, 7, 64, INT_MAX}) {
    EXPECT_EQ(errno_of(z_bind(bad, any(here), here_size)), EBADF);
    EXPECT_EQ(errno_of(z_listen(bad, 1)), EBADF);
    EXPECT_EQ(errno_of(z_accept(bad, nullptr, nullptr)), EBADF);
    EXPECT_EQ(errno_of(z_connect(bad, any(here), here_size)), EBADF);
    EXPECT_EQ(errno_of(z_shutdown(bad, SHUT_RD)), EBADF);
    EXPECT_EQ(errno_of(z_close(bad)), EBADF);
    EXPECT_EQ(errno_of(z_getsockname(bad, any(here), &here_size)), EBADF);
    EXPECT_EQ(errno_of(z_getpeername(bad, any(here), &here_size)), EBADF);
  }
  EXPECT_EQ(errno_of(z_bind(fd, nullptr, here_size)), EINVAL);
  EXPECT_EQ(errno_of(z_bind(fd, any(here), 3)), EINVAL);
  EXPECT_EQ(errno_of(z_bind(fd, any(foreign), sizeof(foreign))), EADDRNOTAVAIL);
  EXPECT_EQ(errno_of(z_bind(fd, any(other_family), sizeof(other_family))), EAFNOSUPPORT);
  EXPECT_EQ(errno_of(z_connect(fd, nullptr, here_size)), EINVAL);
  EXPECT_EQ(errno_of(z_connect(fd, any(foreign), sizeof(foreign))), ENETUNREACH);
  EXPECT_EQ(errno_of(z_accept(fd, nullptr, nullptr)), EINVAL);
  sockaddr_in no_port = at4(kOurs, 0);
  EXPECT_EQ(errno_of(z_connect(fd, any(no_port), sizeof(no_port))), EADDRNOTAVAIL);
  EXPECT_EQ(errno_of(z_connect(datagram, any(no_port), sizeof(no_port))), EINVAL);
  EXPECT_EQ(errno_of(z_listen(datagram, 1)), EOPNOTSUPP);
  EXPECT_EQ(errno_of(z_shutdown(fd, SHUT_RD)), ENOTCONN);
  EXPECT_EQ(errno_of(z_getsockname(fd, nullptr, &here_size)), EINVAL);
  EXPECT_EQ(errno_of(z_getpeername(fd, any(here), nullptr)), EINVAL);
  EXPECT_EQ(z_bind(fd, any(here), here_size), 0);
  EXPECT_EQ(errno_of(z_bind(fd, any(here), here_size)), EINVAL);
}

}  // namespace
}  // namespace zs::api
