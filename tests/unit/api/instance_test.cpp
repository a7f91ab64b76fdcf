#include "api/instance.hpp"

#include <gtest/gtest.h>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

TEST(Instance, CallsActOnTheShardWhoseTurnItIs) {
  CShard a, b;
  b.instance.shard = 1;
  b.instance.shards = 2;
  EXPECT_EQ(current(), nullptr);
  {
    const Turn turn(a.instance);
    EXPECT_EQ(z_shard(), 0);
    EXPECT_EQ(z_shard_count(), 1);
    EXPECT_EQ(z_socket(AF_INET, SOCK_STREAM, 0), 0);
    {
      const Turn other(b.instance);
      EXPECT_EQ(z_shard(), 1);
      EXPECT_EQ(z_shard_count(), 2);
    }
    EXPECT_EQ(z_shard(), 0);
  }
  EXPECT_EQ(current(), nullptr);
  EXPECT_EQ(a.table->open_count(), 1u);
  EXPECT_EQ(b.table->open_count(), 0u);
}

TEST(Instance, WithoutAShardCallsAreRefused) {
  rte_mbuf* m = nullptr;
  char byte = 0;
  epoll_event event{};
  const auto is_refused = [](ssize_t result) { return result == -1 && errno == EPERM; };
  EXPECT_TRUE(is_refused(z_socket(AF_INET, SOCK_STREAM, 0)));
  EXPECT_TRUE(is_refused(z_read(0, &m, 1)));
  EXPECT_TRUE(is_refused(z_write(0, nullptr)));
  EXPECT_TRUE(is_refused(z_recv(0, &byte, 1)));
  EXPECT_TRUE(is_refused(z_close(0)));
  EXPECT_TRUE(is_refused(z_epoll_create()));
  EXPECT_TRUE(is_refused(z_epoll_wait(0, &event, 1)));
  EXPECT_TRUE(is_refused(z_stop_run()));
  EXPECT_TRUE(is_refused(z_shard()));
  errno = 0;
  EXPECT_EQ(z_alloc(1), nullptr);
  EXPECT_EQ(errno, EPERM);
  errno = 0;
  EXPECT_EQ(z_copied_bytes(), 0u);
  EXPECT_EQ(errno, EPERM);
  z_free(nullptr);
}

TEST(Instance, StopIsAskedForOnceItIsWanted) {
  CShard w;
  int asked = 0;
  w.instance.stop = [&] { ++asked; };
  const Turn turn(w.instance);
  EXPECT_EQ(z_stop_run(), 0);
  EXPECT_EQ(asked, 1);
  EXPECT_TRUE(w.instance.is_stopping);
}

}  // namespace
}  // namespace zs::api
