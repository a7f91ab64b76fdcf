// Explicit congestion notification over links that mark: RFC 3168, DCTCP (RFC 8257); and HyStart++
// (RFC 9406) over a queue that overflows.

#include <gtest/gtest.h>

#include "sim/world.hpp"

namespace zs::sim {
namespace {

using namespace std::chrono_literals;
using tcp::EcnMode;

HostConfig host_with(const tcp::Config& config) {
  HostConfig h;
  h.tcp = config;
  return h;
}

struct Marked {
  Marked(const LinkSpec& link, const tcp::Config& config, std::uint64_t total,
         IpFamily family = IpFamily::kV4)
      : client(world.add_host("client", host_with(config))),
        server(world.add_host("server", host_with(config))),
        bytes(total) {
    world.connect(client, server, link);
    server.listen(80, family);
    server.reply_with(bytes);
    stream = &client.connect_to(server, 80, family);
    stream->write_pattern(bytes);
    stream->finish();
  }
  /// Both directions arrived whole, and nothing is left.
  bool completes() {
    const bool arrived = world.run_until(
        [&] { return stream->received() == bytes && server.received_total() == bytes; }, 600s);
    return arrived && world.ends_clean(200s);
  }

  World world{1};
  Host& client;
  Host& server;
  std::uint64_t bytes;
  Stream* stream = nullptr;
};

tcp::Config with(EcnMode ecn,
                 tcp::CongestionAlgorithm algorithm = tcp::CongestionAlgorithm::kCubic) {
  tcp::Config c;
  c.ecn = ecn;
  c.congestion = algorithm;
  c.time_wait = 1s;
  return c;
}

TEST(SimEcn, MarksAreEchoedAndAnsweredInBothFamilies) {
  for (const auto family : {IpFamily::kV4, IpFamily::kV6}) {
    Marked t{{.mark = 0.05}, with(EcnMode::kOn), 500'000, family};
    ASSERT_TRUE(t.completes()) << t.world.replay_hint();
    for (const Host* host : {&t.client, &t.server}) {
      EXPECT_GT(host->tcp().congestion_marks_in, 5u);
      EXPECT_GT(host->tcp().congestion_reductions, 2u);
      EXPECT_LE(host->tcp().congestion_reductions, host->tcp().congestion_marks_in + 50);
    }
  }
}

// A request and a response at a time: what leaves and comes by the short ways is marked, too.
TEST(SimEcn, NobodyMarksWhatDidNotAgree) {
  Marked t{{.mark = 1}, with(EcnMode::kPassive), 100'000};
  ASSERT_TRUE(t.completes()) << t.world.replay_hint();
  EXPECT_EQ(t.client.tcp().congestion_marks_in, 0u);
  EXPECT_EQ(t.server.tcp().congestion_reductions, 0u);
}

// What marks are for: a queue that is told of needs no loss to be heard.
TEST(SimEcn, AQueueThatMarksLosesNothing) {
  const LinkSpec link{.bits_per_second = 20'000'000,
                      .one_way_delay = 10ms,
                      .queue_bytes = 150'000,
                      .mark_queue_bytes = 20'000};
  Marked with_ecn{link, with(EcnMode::kOn), 3'000'000};
  Marked without{link, with(EcnMode::kOff), 3'000'000};
  ASSERT_TRUE(with_ecn.completes()) << with_ecn.world.replay_hint();
  ASSERT_TRUE(without.completes()) << without.world.replay_hint();
  EXPECT_EQ(with_ecn.client.tcp().retransmitted_segments, 0u);
  EXPECT_GT(with_ecn.client.tcp().congestion_reductions, 0u);
  EXPECT_GT(without.client.tcp().retransmitted_segments, 0u);
}

TEST(SimEcn, DctcpKeepsAShortQueueWithoutALoss) {
  const LinkSpec link{.bits_per_second = 1'000'000'000,
                      .one_way_delay = 50us,
                      .queue_bytes = 300'000,
                      .mark_queue_bytes = 30'000};
  Marked t{link, with(EcnMode::kPassive, tcp::CongestionAlgorithm::kDctcp), 5'000'000};
  ASSERT_TRUE(t.completes()) << t.world.replay_hint();
  EXPECT_EQ(t.client.tcp().retransmitted_segments, 0u);
  EXPECT_GT(t.client.tcp().congestion_reductions, 10u);
  EXPECT_GT(t.server.tcp().congestion_marks_in, 100u);
}

// RFC 9406 §1: slow start that ends by delay overruns the queue by less.
TEST(SimHyStart, LosesLessOfItsFirstSlowStart) {
  const LinkSpec link{
      .bits_per_second = 100'000'000, .one_way_delay = 20ms, .queue_bytes = 1'000'000};
  const auto lost = [&link](tcp::HyStartUse use) {
    tcp::Config c = with(EcnMode::kOff);
    c.hystart = use;
    c.send_buffer_bytes = c.receive_buffer_bytes = 4u << 20;
    Marked t{link, c, 8'000'000};
    EXPECT_TRUE(t.completes()) << t.world.replay_hint();
    return t.client.tcp().retransmitted_segments;
  };
  const auto without = lost(tcp::HyStartUse::kNobody);
  const auto with_it = lost(tcp::HyStartUse::kCubic);
  RecordProperty("sent_again_without", static_cast<int>(without));
  RecordProperty("sent_again_with", static_cast<int>(with_it));
  EXPECT_LT(with_it, without);
}

}  // namespace
}  // namespace zs::sim
