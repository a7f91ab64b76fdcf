#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

class OptionsTest : public ApiTest {
 protected:
  int set(int fd, int level, int name, int value) {
    return z_setsockopt(fd, level, name, &value, sizeof(value));
  }
  int get(int fd, int level, int name) {
    int value = -2;
    socklen_t length = sizeof(value);
    if (z_getsockopt(fd, level, name, &value, &length) != 0) return -1;
    EXPECT_EQ(length, sizeof(value));
    return value;
  }
};

TEST_F(OptionsTest, NumbersThereAndBack) {
  const int fd = z_socket(AF_INET, SOCK_STREAM, 0);
  const struct {
    int level, name, value;
  } all[] = {{SOL_SOCKET, SO_REUSEADDR, 1},       {SOL_SOCKET, SO_SNDBUF, 70'000},
             {SOL_SOCKET, SO_RCVBUF, 80'000},     {SOL_SOCKET, SO_KEEPALIVE, 1},
             {IPPROTO_TCP, TCP_NODELAY, 1},       {IPPROTO_TCP, TCP_KEEPIDLE, 30},
             {IPPROTO_TCP, TCP_KEEPINTVL, 5},     {IPPROTO_TCP, TCP_KEEPCNT, 4},
             {IPPROTO_TCP, TCP_USER_TIMEOUT, 900}};
  for (const auto& o : all) {
    EXPECT_EQ(set(fd, o.level, o.name, o.value), 0) << o.name;
    EXPECT_EQ(get(fd, o.level, o.name), o.value) << o.name;
  }
  EXPECT_EQ(errno_of(set(fd, IPPROTO_TCP, TCP_KEEPCNT, 0)), EINVAL);
}

TEST_F(OptionsTest, Linger) {
  const int fd = z_socket(AF_INET, SOCK_STREAM, 0);
  linger l{7, 7};
  socklen_t length = sizeof(l);
  ASSERT_EQ(z_getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &length), 0);
  EXPECT_EQ(l.l_onoff, 0);
  l = {1, 0};
  ASSERT_EQ(z_setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l)), 0);
  ASSERT_EQ(z_getsockopt(fd, SOL_SOCKET, SO_LINGER, &l, &length), 0);
  EXPECT_EQ(l.l_onoff, 1);
  EXPECT_EQ(l.l_linger, 0);
  l = {1, -1};
  EXPECT_EQ(errno_of(z_setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l))), EINVAL);
  EXPECT_EQ(errno_of(z_setsockopt(fd, SOL_SOCKET, SO_LINGER, &l, 4)), EINVAL);
}

TEST_F(OptionsTest, FactsCanBeAskedFor) {
  const int stream = z_socket(AF_INET, SOCK_STREAM, 0);
  const int datagram = z_socket(AF_INET6, SOCK_DGRAM, 0);
  EXPECT_EQ(get(stream, SOL_SOCKET, SO_TYPE), SOCK_STREAM);
  EXPECT_EQ(get(datagram, SOL_SOCKET, SO_TYPE), SOCK_DGRAM);
  EXPECT_EQ(get(stream, SOL_SOCKET, SO_DOMAIN), AF_INET);
  EXPECT_EQ(get(datagram, SOL_SOCKET, SO_DOMAIN), AF_INET6);
  EXPECT_EQ(get(stream, SOL_SOCKET, SO_ACCEPTCONN), 0);
  ASSERT_EQ(z_listen(stream, 1), 0);
  EXPECT_EQ(get(stream, SOL_SOCKET, SO_ACCEPTCONN), 1);
  EXPECT_EQ(errno_of(set(stream, SOL_SOCKET, SO_TYPE, 1)), ENOPROTOOPT);
}

TEST_F(OptionsTest, TheReasonOfAFailureIsToldOnce) {
  sockaddr_in nobody = at4(kOurs, 4'444);
  const int fd = z_socket(AF_INET, SOCK_STREAM, 0);
  EXPECT_EQ(errno_of(z_connect(fd, any(nobody), sizeof(nobody))), EINPROGRESS);
  w.settle();
  EXPECT_EQ(get(fd, SOL_SOCKET, SO_ERROR), ECONNREFUSED);
  EXPECT_EQ(get(fd, SOL_SOCKET, SO_ERROR), 0);
}

TEST_F(OptionsTest, CongestionControlByName) {
  const int fd = z_socket(AF_INET, SOCK_STREAM, 0);
  const auto set_name = [](int s, std::string_view name) {
    return z_setsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name.data(),
                        static_cast<socklen_t>(name.size()));
  };
  const auto name_of = [](int s, socklen_t room = 16) {
    std::string name(room, '?');
    EXPECT_EQ(z_getsockopt(s, IPPROTO_TCP, TCP_CONGESTION, name.data(), &room), 0);
    return name.substr(0, std::min(std::strlen(name.c_str()), std::size_t{room}));
  };
  EXPECT_EQ(name_of(fd), "cubic");
  EXPECT_EQ(set_name(fd, "reno"), 0);
  EXPECT_EQ(name_of(fd), "newreno");
  EXPECT_EQ(set_name(fd, "cubic"), 0);
  EXPECT_EQ(set_name(fd, std::string_view{"newreno\0", 8}), 0);
  EXPECT_EQ(name_of(fd, 99), "newreno");
  EXPECT_EQ(name_of(fd, 4), "newr");
  EXPECT_EQ(errno_of(set_name(fd, "vegas")), ENOENT);
  EXPECT_EQ(errno_of(set_name(fd, "a-name-that-is-longer-than-any")), ENOENT);
  EXPECT_EQ(errno_of(set_name(fd, "")), EINVAL);
  EXPECT_EQ(errno_of(z_setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, nullptr, 5)), EINVAL);
  const int datagram = z_socket(AF_INET, SOCK_DGRAM, 0);
  EXPECT_EQ(errno_of(set_name(datagram, "cubic")), ENOPROTOOPT);
}

TEST_F(OptionsTest, AnAnswerIsCutToTheRoomThereIs) {
  const int fd = z_socket(AF_INET, SOCK_STREAM, 0);
  ASSERT_EQ(set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 0x1234), 0);
  int value = -1;
  socklen_t length = 1;
  ASSERT_EQ(z_getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &value, &length), 0);
  EXPECT_EQ(length, 1u);
  EXPECT_EQ(static_cast<unsigned>(value), 0xffff'ff34u);
  length = 100;
  ASSERT_EQ(z_getsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &value, &length), 0);
  EXPECT_EQ(length, sizeof(value));
  EXPECT_EQ(value, 0x1234);
}

TEST_F(OptionsTest, OfTcpHaveLinuxRangesAndDefaults) {
  const int fd = z_socket(AF_INET, SOCK_STREAM, 0);
  constexpr int kRefused = -100;
  const struct {
    int level, name, before, given, after;
  } all[] = {{IPPROTO_TCP, TCP_CORK, 0, 5, 1},
             {IPPROTO_TCP, TCP_QUICKACK, 1, 0, 0},
             {IPPROTO_TCP, TCP_QUICKACK, 0, 1, 1},
             {SOL_SOCKET, SO_RCVLOWAT, 1, 0, 1},
             {SOL_SOCKET, SO_RCVLOWAT, 1, 900, 900},
             {SOL_SOCKET, SO_RCVLOWAT, 900, -1, 1 << 20},
             {SOL_SOCKET, SO_SNDLOWAT, 1, 2, kRefused},
             {IPPROTO_TCP, TCP_NOTSENT_LOWAT, 0, 16'384, 16'384},
             {IPPROTO_TCP, TCP_NOTSENT_LOWAT, 16'384, -1, -1},
             {IPPROTO_TCP, TCP_DEFER_ACCEPT, 0, 2, 3},
             {IPPROTO_TCP, TCP_DEFER_ACCEPT, 3, -1, 0},
             {IPPROTO_TCP, TCP_WINDOW_CLAMP, 0, 100, 1'152},
             {IPPROTO_TCP, TCP_WINDOW_CLAMP, 1'152, 70'000, 70'000},
             {IPPROTO_TCP, TCP_WINDOW_CLAMP, 70'000, 0, 0},
             {IPPROTO_TCP, TCP_MAXSEG, 536, 87, kRefused},
             {IPPROTO_TCP, TCP_MAXSEG, 536, 32'768, kRefused},
             {IPPROTO_TCP, TCP_MAXSEG, 536, 88, 88},
             {IPPROTO_TCP, TCP_MAXSEG, 88, 0, 536},
             {IPPROTO_TCP, TCP_SYNCNT, 7, 0, kRefused},
             {IPPROTO_TCP, TCP_SYNCNT, 7, 128, kRefused},
             {IPPROTO_TCP, TCP_SYNCNT, 7, 127, 127},
             {IPPROTO_TCP, TCP_LINGER2, 60, -7, -1},
             {IPPROTO_TCP, TCP_LINGER2, -1, 200, 120},
             {IPPROTO_TCP, TCP_LINGER2, 120, 0, 60}};
  for (const auto& o : all) {
    ASSERT_EQ(get(fd, o.level, o.name), o.before) << o.name << ' ' << o.given;
    if (o.after == kRefused) {
      EXPECT_LT(set(fd, o.level, o.name, o.given), 0);
      EXPECT_EQ(errno, o.name == SO_SNDLOWAT ? ENOPROTOOPT : EINVAL);
      EXPECT_EQ(get(fd, o.level, o.name), o.before);
    } else {
      EXPECT_EQ(set(fd, o.level, o.name, o.given), 0) << o.name << ' ' << o.given;
      EXPECT_EQ(get(fd, o.level, o.name), o.after) << o.name << ' ' << o.given;
    }
  }
}

TEST_F(OptionsTest, WhatThereIsNotIsRefused) {
  const int stream = z_socket(AF_INET, SOCK_STREAM, 0);
  const int datagram = z_socket(AF_INET, SOCK_DGRAM, 0);
  int value = 1;
  socklen_t length = sizeof(value);
  EXPECT_EQ(errno_of(set(9, SOL_SOCKET, SO_SNDBUF, 1)), EBADF);
  EXPECT_EQ(errno_of(set(stream, SOL_SOCKET, SO_BROADCAST, 1)), ENOPROTOOPT);
  EXPECT_EQ(errno_of(set(stream, IPPROTO_TCP, TCP_MD5SIG, 1)), ENOPROTOOPT);
  EXPECT_EQ(errno_of(set(stream, IPPROTO_IP, 1, 1)), ENOPROTOOPT);
  EXPECT_EQ(errno_of(set(datagram, IPPROTO_TCP, TCP_NODELAY, 1)), ENOPROTOOPT);
  EXPECT_EQ(set(datagram, SOL_SOCKET, SO_RCVBUF, 100'000), 0);
  EXPECT_EQ(errno_of(get(datagram, SOL_SOCKET, SO_RCVBUF)), ENOPROTOOPT);
  EXPECT_EQ(errno_of(get(stream, IPPROTO_TCP, TCP_MD5SIG)), ENOPROTOOPT);
  EXPECT_EQ(errno_of(get(datagram, IPPROTO_TCP, TCP_INFO)), ENOPROTOOPT);
  EXPECT_EQ(errno_of(set(datagram, IPPROTO_TCP, TCP_CORK, 1)), ENOPROTOOPT);
  EXPECT_EQ(errno_of(set(stream, SOL_SOCKET, SO_SNDLOWAT, 1)), ENOPROTOOPT);
  EXPECT_EQ(errno_of(get(9, SOL_SOCKET, SO_ERROR)), EBADF);
  EXPECT_EQ(errno_of(z_setsockopt(stream, SOL_SOCKET, SO_SNDBUF, nullptr, 4)), EINVAL);
  EXPECT_EQ(errno_of(z_setsockopt(stream, SOL_SOCKET, SO_SNDBUF, &value, 2)), EINVAL);
  EXPECT_EQ(errno_of(z_getsockopt(stream, SOL_SOCKET, SO_SNDBUF, nullptr, &length)), EINVAL);
  EXPECT_EQ(errno_of(z_getsockopt(stream, SOL_SOCKET, SO_SNDBUF, &value, nullptr)), EINVAL);
  length = socklen_t(-1);
  EXPECT_EQ(errno_of(z_getsockopt(stream, SOL_SOCKET, SO_SNDBUF, &value, &length)), EINVAL);
}

}  // namespace
}  // namespace zs::api
