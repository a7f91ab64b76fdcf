// Sockets whose connections fall asleep whenever they may.

#include <gtest/gtest.h>

#include "tcp/dormitory.hpp"
#include "unit/sock/sockets.hpp"

namespace zs::sock {
namespace {

using namespace test;

stack::ShardConfig sleepy_config() {
  stack::ShardConfig config = stack::test::World::default_config();
  config.tcp.awake_connections = 0;
  return config;
}

class SleepingTest : public ::testing::Test {
 protected:
  SleepingTest() : w_({.descriptors = 64}, sleepy_config()), pair_(w_.connected()) {
    w_.settle(100ms);
    sleep_all();
  }
  void sleep_all() {
    (void)w_.ready(pair_.client);  // the news are taken
    for (int i = 0; i < 4; ++i) w_.shard->tcp().make_room(w_.now);
  }
  std::size_t asleep() const { return w_.shard->tcp().dormitory().size(); }

  Sockets w_;
  Sockets::Pair pair_;
};

TEST_F(SleepingTest, a_call_wakes_one_end_and_what_it_sends_the_other) {
  ASSERT_EQ(asleep(), 2u);
  ASSERT_TRUE(w_.table->watch(pair_.server, ready::kReadable, 9));
  sleep_all();
  EXPECT_EQ(w_.ready(pair_.server), 0u);
  EXPECT_EQ(asleep(), 2u);
  ASSERT_EQ(w_.write(pair_.client, "good morning"), Errc{});
  EXPECT_EQ(asleep(), 1u);
  w_.settle();
  EXPECT_EQ(w_.ready(pair_.server), ready::kReadable);
  EXPECT_EQ(w_.read(pair_.server), "good morning");
  w_.settle(100ms);
  sleep_all();
  EXPECT_EQ(asleep(), 2u);
}

TEST_F(SleepingTest, is_writable_and_nothing_else) {
  ASSERT_EQ(asleep(), 2u);
  constexpr std::uint32_t kAll = ready::kReadable | ready::kWritable | ready::kPeerClosed;
  ASSERT_TRUE(w_.table->watch(pair_.client, kAll, 0));
  sleep_all();
  ASSERT_EQ(asleep(), 2u);
  EXPECT_EQ(w_.ready(pair_.client), ready::kWritable);
}

TEST_F(SleepingTest, has_its_addresses_and_options) {
  EXPECT_EQ(*w_.table->local_endpoint(pair_.server), *w_.table->remote_endpoint(pair_.client));
  sleep_all();
  ASSERT_EQ(asleep(), 2u);
  ASSERT_TRUE(w_.table->set_option(pair_.client, Option::kNoDelay, 1));
  sleep_all();
  EXPECT_EQ(*w_.table->option(pair_.client, Option::kNoDelay), 1);
  sleep_all();
  EXPECT_EQ(w_.table->take_error(pair_.client), Errc{});
  EXPECT_EQ(w_.read(pair_.client), w_.name(Errc::kAgain));
}

TEST_F(SleepingTest, ends_as_others_do) {
  ASSERT_EQ(asleep(), 2u);
  ASSERT_TRUE(w_.table->close(pair_.client));
  w_.settle();
  EXPECT_EQ(w_.read(pair_.server), "");
  ASSERT_TRUE(w_.table->close(pair_.server));
  w_.settle();
  EXPECT_EQ(w_.shard->tcp().connection_count(), 0u);
}

TEST_F(SleepingTest, may_be_left_asleep) { EXPECT_EQ(asleep(), 2u); }

}  // namespace
}  // namespace zs::sock
