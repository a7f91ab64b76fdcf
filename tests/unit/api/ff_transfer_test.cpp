#include <ff_api.h>

#include <array>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

class FfTransferTest : public ApiTest {
 protected:
  static linux_sockaddr* cast(sockaddr_in& a) { return reinterpret_cast<linux_sockaddr*>(&a); }
  static iovec piece(std::string& s) { return {s.data(), s.size()}; }
};

TEST_F(FfTransferTest, VectorsOfAStream) {
  const auto p = w.connected();
  std::string a = "one ";
  std::string none;
  std::string b = "two";
  const std::array<iovec, 3> out{piece(a), piece(none), piece(b)};
  ASSERT_EQ(ff_writev(p.client, out.data(), 3), 7);
  w.settle();
  std::string head(2, ' ');
  std::string tail(20, ' ');
  const std::array<iovec, 2> in{piece(head), piece(tail)};
  EXPECT_EQ(ff_readv(p.server, in.data(), 2), 7);
  EXPECT_EQ(head + tail.substr(0, 5), "one two");
  EXPECT_EQ(errno_of(ff_readv(p.server, in.data(), 2)), EAGAIN);
  EXPECT_EQ(errno_of(ff_writev(p.client, out.data(), -1)), EINVAL);
  EXPECT_EQ(errno_of(ff_writev(p.client, out.data(), 1'025)), EINVAL);
  EXPECT_EQ(errno_of(ff_writev(p.client, nullptr, 1)), EFAULT);
  const std::array<iovec, 2> huge{iovec{a.data(), SSIZE_MAX}, iovec{a.data(), 1}};
  EXPECT_EQ(errno_of(ff_writev(p.client, huge.data(), 2)), EINVAL);
}

TEST_F(FfTransferTest, FlagsOfReceiving) {
  const auto p = w.connected();
  ASSERT_EQ(ff_send(p.client, "hello", 5, MSG_NOSIGNAL | MSG_DONTWAIT), 5);
  w.settle();
  std::array<char, 8> room{};
  EXPECT_EQ(ff_recv(p.server, room.data(), 3, MSG_PEEK), 3);
  EXPECT_EQ(ff_recv(p.server, room.data(), room.size(), MSG_WAITALL), 5);
  EXPECT_EQ(errno_of(ff_recv(p.server, room.data(), room.size(), MSG_PEEK)), EAGAIN);
  EXPECT_EQ(errno_of(ff_recv(p.server, room.data(), 1, MSG_OOB)), EOPNOTSUPP);
  EXPECT_EQ(errno_of(ff_send(p.client, "x", 1, MSG_OOB)), EOPNOTSUPP);
  EXPECT_EQ(ff_read(p.server, room.data(), 0), 0);
  EXPECT_EQ(errno_of(ff_read(p.server, nullptr, 1)), EFAULT);
  EXPECT_EQ(errno_of(ff_write(p.client, nullptr, 1)), EFAULT);
  EXPECT_EQ(ff_write(p.client, "", 0), 0);
  EXPECT_EQ(errno_of(ff_read(60, room.data(), 1)), EBADF);
  EXPECT_EQ(errno_of(ff_write(w.stream(), "x", 1)), ENOTCONN);
  ASSERT_EQ(ff_shutdown(p.client, SHUT_WR), 0);
  w.settle();
  EXPECT_EQ(ff_read(p.server, room.data(), 1), 0);
  EXPECT_EQ(errno_of(ff_write(p.client, "x", 1)), EPIPE);
}

TEST_F(FfTransferTest, DatagramsWithAddresses) {
  const int server = w.datagram();
  ASSERT_TRUE(w.table->bind(server, {kOurs, 53}));
  const int client = w.datagram();
  sockaddr_in to = at4(kOurs, 53);
  ASSERT_EQ(ff_sendto(client, "query", 5, 0, cast(to), sizeof(to)), 5);
  w.settle();
  std::array<char, 3> room{};
  sockaddr_in from{};
  socklen_t length = sizeof(from);
  EXPECT_EQ(ff_recvfrom(server, room.data(), 3, MSG_TRUNC, cast(from), &length), 5);
  EXPECT_EQ(length, sizeof(from));
  EXPECT_EQ(from.sin_addr.s_addr, htonl(kOurs.v4_value()));

  std::string a = "an";
  std::string b = "swer";
  std::array<iovec, 2> out{piece(a), piece(b)};
  msghdr m{};
  m.msg_name = &from;
  m.msg_namelen = sizeof(from);
  m.msg_iov = out.data();
  m.msg_iovlen = 2;
  ASSERT_EQ(ff_sendmsg(server, &m, 0), 6);
  w.settle();
  std::string got(4, ' ');
  iovec in = piece(got);
  sockaddr_in who{};
  msghdr r{};
  r.msg_name = &who;
  r.msg_namelen = sizeof(who);
  r.msg_iov = &in;
  r.msg_iovlen = 1;
  r.msg_controllen = 99;
  EXPECT_EQ(ff_recvmsg(client, &r, 0), 4);
  EXPECT_EQ(got, "answ");
  EXPECT_EQ(r.msg_flags, MSG_TRUNC);
  EXPECT_EQ(r.msg_controllen, 0u);
  EXPECT_EQ(ntohs(who.sin_port), 53);

  EXPECT_EQ(errno_of(ff_send(client, "x", 1, 0)), EDESTADDRREQ);
  EXPECT_EQ(errno_of(ff_sendmsg(client, nullptr, 0)), EFAULT);
  EXPECT_EQ(errno_of(ff_recvmsg(client, nullptr, 0)), EFAULT);
  EXPECT_EQ(errno_of(ff_recv(client, room.data(), 1, MSG_PEEK)), EOPNOTSUPP);
  EXPECT_EQ(errno_of(ff_recvfrom(client, room.data(), 1, 0, cast(from), nullptr)), EINVAL);
  const std::string big(70'000, 'x');
  EXPECT_EQ(errno_of(ff_sendto(client, big.data(), big.size(), 0, cast(to), sizeof(to))), EMSGSIZE);
  const auto p = w.connected();
  EXPECT_EQ(errno_of(ff_sendto(p.client, "x", 1, 0, cast(to), sizeof(to))), EISCONN);
}

}  // namespace
}  // namespace zs::api
