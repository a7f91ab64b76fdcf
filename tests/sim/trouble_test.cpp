#include <gtest/gtest.h>

#include "sim/world.hpp"

namespace zs::sim {
namespace {

using namespace std::chrono_literals;

/// Two hosts, nothing said yet.
struct Trouble : testing::Test {
  static HostConfig config() {
    HostConfig c;
    c.tcp.time_wait = 1s;
    c.tcp.data_retries = 6;
    return c;
  }
  Trouble() {
    world.connect(client, server, {.bits_per_second = 50'000'000, .loss = 0.005});
    server.listen(80);
  }
  Stream& send(std::uint64_t bytes) {
    Stream& s = client.connect_to(server, 80);
    s.write_pattern(bytes);
    s.finish();
    return s;
  }
  /// Until the transfer is well on its way.
  void get_going() {
    ASSERT_TRUE(world.run_until([&] { return server.received_total() > 100'000; }, 10s))
        << world.replay_hint();
  }
  bool all_received(std::uint64_t bytes, Duration limit) {
    return world.run_until(
        [&] {
          return server.received_total() == bytes && client.all_closed() && server.all_closed();
        },
        limit);
  }

  World world{11};
  Host& client = world.add_host("client", config());
  Host& server = world.add_host("server", config());
};

// A reader that sleeps for a minute: the window closes, probes keep the connection, all arrives.
TEST_F(Trouble, reader_that_sleeps) {
  server.accept_without_reading();
  send(3 << 20);
  world.run_for(60s);
  ASSERT_EQ(server.accepted_count(), 1u);
  EXPECT_GT(client.tcp().zero_window_probes, 2u);
  server.accepted(0).resume_reading();
  ASSERT_TRUE(all_received(3 << 20, 120s)) << world.replay_hint();
  EXPECT_TRUE(world.ends_clean(30s)) << world.replay_hint();
}

TEST_F(Trouble, three_hundred_connections) {
  for (int i = 0; i < 300; ++i) {
    send(5'000);
    world.run_for(1ms);  // all at one instant would time out in step, and overrun the queue in step
  }
  ASSERT_TRUE(all_received(300 * 5'000, 120s)) << world.replay_hint();
  EXPECT_EQ(server.accepted_count(), 300u);
  EXPECT_TRUE(world.ends_clean(60s)) << world.replay_hint();
}

TEST_F(Trouble, host_that_stands_still) {
  send(2 << 20);
  get_going();
  server.pause();
  world.run_for(3s);
  server.resume();
  ASSERT_TRUE(all_received(2 << 20, 120s)) << world.replay_hint();
}

TEST_F(Trouble, cable_pulled_and_back) {
  send(2 << 20);
  get_going();
  world.set_cable(dev::Link::kDown);
  world.run_for(3s);
  world.set_cable(dev::Link::kUp);
  ASSERT_TRUE(all_received(2 << 20, 120s)) << world.replay_hint();
  EXPECT_TRUE(world.ends_clean(60s)) << world.replay_hint();
}

// Nobody waits for ever for a peer that is gone.
TEST_F(Trouble, peer_vanishes) {
  Stream& s = send(2 << 20);
  get_going();
  server.pause();
  ASSERT_TRUE(world.run_until([&] { return !s.is_open(); }, 600s)) << world.replay_hint();
  EXPECT_EQ(s.error(), Errc::kTimedOut);
  EXPECT_TRUE(world.run_until([&] { return client.connections() == 0; }, 10s))
      << world.replay_hint();
}

TEST_F(Trouble, nobody_listens) {
  Stream& s = client.connect_to(server, 81);
  ASSERT_TRUE(world.run_until([&] { return !s.is_open(); }, 10s)) << world.replay_hint();
  EXPECT_EQ(s.error(), Errc::kConnRefused);
  EXPECT_TRUE(world.ends_clean(10s)) << world.replay_hint();
}

}  // namespace
}  // namespace zs::sim
