#include "api/timeout_options.hpp"

#include <ff_api.h>
#include <gtest/gtest.h>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

class TimeoutOptionsTest : public ApiTest {
 protected:
  int set(int fd, int name, const timeval& time) {
    return z_setsockopt(fd, SOL_SOCKET, name, &time, sizeof(time));
  }
  std::pair<long, long> get(int fd, int name) {
    timeval time{-7, -7};
    socklen_t length = sizeof(time);
    EXPECT_EQ(z_getsockopt(fd, SOL_SOCKET, name, &time, &length), 0);
    EXPECT_EQ(length, sizeof(time));
    return {time.tv_sec, time.tv_usec};
  }
};

using Time = std::pair<long, long>;

TEST_F(TimeoutOptionsTest, WhatWasSetIsTold) {
  for (const int fd : {w.stream(), w.datagram()}) {
    EXPECT_EQ(get(fd, SO_RCVTIMEO), Time(0, 0));
    EXPECT_EQ(set(fd, SO_RCVTIMEO, {1, 500'000}), 0);
    EXPECT_EQ(set(fd, SO_SNDTIMEO, {0, 2}), 0);
    EXPECT_EQ(get(fd, SO_RCVTIMEO), Time(1, 500'000));
    EXPECT_EQ(get(fd, SO_SNDTIMEO), Time(0, 2));
    EXPECT_EQ(set(fd, SO_RCVTIMEO, {0, 0}), 0);
    EXPECT_EQ(get(fd, SO_RCVTIMEO), Time(0, 0));
  }
}

TEST_F(TimeoutOptionsTest, SecondsBelowZeroAreNoTimeAtAll) {
  const int fd = w.stream();
  EXPECT_EQ(set(fd, SO_RCVTIMEO, {-1, 0}), 0);
  EXPECT_EQ(get(fd, SO_RCVTIMEO), Time(0, 0));
}

TEST_F(TimeoutOptionsTest, LongerThanAnythingIsForEver) {
  const int fd = w.stream();
  EXPECT_EQ(set(fd, SO_RCVTIMEO, {INT64_MAX, 999'999}), 0);
  EXPECT_EQ(get(fd, SO_RCVTIMEO), Time(0, 0));
}

TEST_F(TimeoutOptionsTest, WrongOnesAreRefused) {
  const int fd = w.stream();
  EXPECT_EQ(errno_of(set(fd, SO_SNDTIMEO, {1, 1'000'000})), EDOM);
  EXPECT_EQ(errno_of(set(fd, SO_SNDTIMEO, {1, -1})), EDOM);
  const timeval second{1, 0};
  EXPECT_EQ(errno_of(z_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &second, 4)), EINVAL);
  EXPECT_EQ(errno_of(z_setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, nullptr, 16)), EINVAL);
  EXPECT_EQ(errno_of(set(60, SO_RCVTIMEO, second)), EBADF);
  EXPECT_EQ(get(fd, SO_SNDTIMEO), Time(0, 0));
}

TEST_F(TimeoutOptionsTest, ByFreeBsdsNumbersToo) {
  const int fd = w.stream();
  const timeval second{1, 0};
  EXPECT_EQ(ff_setsockopt(fd, 0xffff, 0x1006, &second, sizeof(second)), 0);
  EXPECT_EQ(ff_setsockopt_freebsd(fd, 0xffff, 0x1005, &second, sizeof(second)), 0);
  EXPECT_EQ(get(fd, SO_RCVTIMEO), Time(1, 0));
  EXPECT_EQ(get(fd, SO_SNDTIMEO), Time(1, 0));
}

}  // namespace
}  // namespace zs::api
