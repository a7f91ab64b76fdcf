#include <ff_api.h>
#include <sys/time.h>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

class FfOptionsTest : public ApiTest {
 protected:
  int get(int fd, int level, int name) {
    int value = -1;
    socklen_t length = sizeof(value);
    EXPECT_EQ(ff_getsockopt(fd, level, name, &value, &length), 0);
    return value;
  }
};

TEST_F(FfOptionsTest, LinuxAndFreeBsdNumbersMeanTheSame) {
  const int fd = w.stream();
  const int on = 1;
  ASSERT_EQ(ff_setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on)), 0);
  EXPECT_EQ(get(fd, 0xffff, 0x0008), 1);
  ASSERT_EQ(ff_setsockopt(fd, 0xffff, 0x0004, &on, sizeof(on)), 0);
  EXPECT_EQ(get(fd, SOL_SOCKET, SO_REUSEADDR), 1);
  const int idle = 77;
  ASSERT_EQ(ff_setsockopt_freebsd(fd, IPPROTO_TCP, 256, &idle, sizeof(idle)), 0);
  EXPECT_EQ(get(fd, IPPROTO_TCP, TCP_KEEPIDLE), 77);
  int value = 0;
  socklen_t length = sizeof(value);
  ASSERT_EQ(ff_getsockopt_freebsd(fd, IPPROTO_TCP, 256, &value, &length), 0);
  EXPECT_EQ(value, 77);
  EXPECT_EQ(errno_of(ff_setsockopt_freebsd(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof(idle))),
            ENOPROTOOPT);
  EXPECT_EQ(errno_of(ff_setsockopt(fd, 0xffff, 0x7777, &on, sizeof(on))), ENOPROTOOPT);
}

TEST_F(FfOptionsTest, WhatChangesNothingIsTaken) {
  const int fd = w.stream();
  const int on = 1;
  EXPECT_EQ(ff_setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
  EXPECT_EQ(get(fd, SOL_SOCKET, SO_REUSEPORT), 1);
  EXPECT_EQ(get(fd, SOL_SOCKET, SO_PROTOCOL), IPPROTO_TCP);
  EXPECT_EQ(get(w.datagram(), SOL_SOCKET, SO_PROTOCOL), IPPROTO_UDP);
  EXPECT_EQ(errno_of(ff_setsockopt(60, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on))), EBADF);
  EXPECT_EQ(errno_of(ff_setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, nullptr, 4)), EINVAL);
  EXPECT_EQ(errno_of(ff_getsockopt(fd, SOL_SOCKET, SO_REUSEPORT, nullptr, nullptr)), EINVAL);
}

TEST_F(FfOptionsTest, ReusePortSharesADatagramPort) {
  const int on = 1;
  const int a = w.datagram();
  const int b = w.datagram();
  ASSERT_EQ(ff_setsockopt(a, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
  ASSERT_EQ(ff_setsockopt(b, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)), 0);
  ASSERT_TRUE(w.table->bind(a, {kOurs, 53}));
  EXPECT_TRUE(w.table->bind(b, {kOurs, 53}));
}

}  // namespace
}  // namespace zs::api
