#include <gtest/gtest.h>

#include <utility>

#include "sim/world.hpp"

namespace zs::sim {
namespace {

using namespace std::chrono_literals;

HostConfig short_lived() {
  HostConfig config;
  config.tcp.time_wait = 1s;
  return config;
}

/// Two hosts and a cable; the client sends, the server replies with as much, both compare.
struct Transfer {
  Transfer(std::uint64_t seed, const LinkSpec& link, std::uint64_t bytes,
           const HostConfig& config = short_lived(), IpFamily family = IpFamily::kV4)
      : world(seed),
        client(world.add_host("client", config)),
        server(world.add_host("server", config)),
        total(bytes) {
    world.connect(client, server, link);
    server.listen(80, family);
    server.reply_with(bytes);
    stream = &client.connect_to(server, 80, family);
    stream->write_pattern(bytes);
    stream->finish();
  }
  bool completes(Duration limit) {
    return world.run_until(
        [&] {
          return stream->received() == total && server.received_total() == total &&
                 client.all_closed() && server.all_closed();
        },
        limit);
  }

  World world;
  Host& client;
  Host& server;
  std::uint64_t total;
  Stream* stream = nullptr;
};

TEST(SimTransfer, clean_link_needs_no_retransmission) {
  Transfer t{1, {.queue_bytes = 4 << 20}, 1 << 20};
  ASSERT_TRUE(t.completes(10s)) << t.world.replay_hint();
  EXPECT_EQ(t.client.tcp().retransmitted_segments, 0u);
  EXPECT_EQ(t.server.tcp().retransmitted_segments, 0u);
  EXPECT_TRUE(t.world.ends_clean(10s)) << t.world.replay_hint();
}

TEST(SimTransfer, same_seed_same_trace) {
  const LinkSpec link{.loss = 0.02, .reorder = 0.02, .duplicate = 0.01, .jitter = 1ms};
  const auto trace = [&](std::uint64_t seed) {
    Transfer t{seed, link, 200'000};
    EXPECT_TRUE(t.completes(60s)) << t.world.replay_hint();
    return t.world.trace_hash();
  };
  EXPECT_EQ(trace(7), trace(7));
  EXPECT_NE(trace(7), trace(8));
}

class SimLoss : public testing::TestWithParam<std::uint64_t> {};

// What users of a bad network rely on: however it loses, every byte arrives, and nothing is left.
TEST_P(SimLoss, delivers_exactly_what_was_sent) {
  Transfer t{GetParam(), {.queue_bytes = 32 * 1024, .loss = 0.02}, 150'000};
  ASSERT_TRUE(t.completes(120s)) << t.world.replay_hint();
  EXPECT_TRUE(t.world.ends_clean(60s)) << t.world.replay_hint();
}
INSTANTIATE_TEST_SUITE_P(Seeds, SimLoss, testing::Range<std::uint64_t>(1, 121));

class SimWeather : public testing::TestWithParam<std::uint64_t> {};

TEST_P(SimWeather, everything_at_once) {
  const LinkSpec link{.bits_per_second = 20'000'000,
                      .loss = 0.03,
                      .reorder = 0.05,
                      .duplicate = 0.03,
                      .corrupt = 0.02,
                      .jitter = 2ms};
  Transfer t{GetParam(), link, 100'000};
  ASSERT_TRUE(t.completes(300s)) << t.world.replay_hint();
  EXPECT_TRUE(t.world.ends_clean(120s)) << t.world.replay_hint();
}

TEST_P(SimWeather, reordering) {
  Transfer t{GetParam(), {.reorder = 0.1}, 200'000};
  ASSERT_TRUE(t.completes(120s)) << t.world.replay_hint();
}

TEST_P(SimWeather, corruption_is_caught_by_the_checksums) {
  Transfer t{GetParam(), {.corrupt = 0.05}, 100'000};
  ASSERT_TRUE(t.completes(300s)) << t.world.replay_hint();
  const auto caught = [](const Host& h) {
    return h.drops()[Drop::kTcpBadChecksum] + h.drops()[Drop::kIpBadChecksum];
  };
  EXPECT_GT(caught(t.client) + caught(t.server), 0u);
}

TEST_P(SimWeather, newreno_as_well) {
  HostConfig config = short_lived();
  config.tcp.congestion = tcp::CongestionAlgorithm::kNewReno;
  config.tcp.sack = GetParam() % 2 == 0;
  Transfer t{GetParam(), {.loss = 0.03}, 100'000, config};
  ASSERT_TRUE(t.completes(120s)) << t.world.replay_hint();
}

TEST_P(SimWeather, without_any_option) {
  HostConfig config = short_lived();
  config.tcp.sack = config.tcp.timestamps = config.tcp.window_scaling = false;
  Transfer t{GetParam(), {.loss = 0.03, .reorder = 0.03}, 100'000, config};
  ASSERT_TRUE(t.completes(120s)) << t.world.replay_hint();
}

TEST_P(SimWeather, over_ipv6) {
  Transfer t{GetParam(), {.loss = 0.02}, 100'000, short_lived(), IpFamily::kV6};
  ASSERT_TRUE(t.completes(120s)) << t.world.replay_hint();
}

TEST_P(SimWeather, tiny_buffers) {
  HostConfig config = short_lived();
  config.tcp.send_buffer_bytes = 3'000;
  config.tcp.receive_buffer_bytes = 2'500;
  config.tcp.send_buffer_max_bytes = config.tcp.receive_buffer_max_bytes = 0;
  Transfer t{GetParam(), {.loss = 0.01}, 30'000, config};
  ASSERT_TRUE(t.completes(300s)) << t.world.replay_hint();
}
INSTANTIATE_TEST_SUITE_P(Seeds, SimWeather, testing::Range<std::uint64_t>(1, 31));

}  // namespace
}  // namespace zs::sim
