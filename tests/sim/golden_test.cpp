// Golden tables: what bulk transfers achieve over links of a known kind, in virtual time, so that
// they are the same on every machine. A row's bound is a little below what was measured when it was
// written down; whoever makes the stack better may raise it, and whoever lowers it says why.

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <string>
#include <vector>

#include "sim/world.hpp"

namespace zs::sim {
namespace {

using namespace std::chrono_literals;
using tcp::CongestionAlgorithm;

const char* golden_name(CongestionAlgorithm algorithm) {
  if (algorithm == CongestionAlgorithm::kBbr) return "bbr";
  return algorithm == CongestionAlgorithm::kCubic ? "cubic" : "newreno";
}

HostConfig golden_host(CongestionAlgorithm algorithm) {
  HostConfig config;
  config.tcp.congestion = algorithm;
  config.tcp.time_wait = 1s;
  config.tcp.send_buffer_bytes = config.tcp.receive_buffer_bytes = 2 << 20;
  return config;
}

struct GoldenRow {
  CongestionAlgorithm algorithm;
  double loss;
  std::uint64_t bytes;
  double least_mbits;  ///< of 100
};

class GoldenThroughput : public testing::TestWithParam<GoldenRow> {};

// 100 Mbit/s, 40 ms round trip, a queue of one bandwidth-delay product.
TEST_P(GoldenThroughput, bulk) {
  const GoldenRow& row = GetParam();
  const LinkSpec link{.bits_per_second = 100'000'000,
                      .one_way_delay = 20ms,
                      .queue_bytes = 500'000,
                      .loss = row.loss};
  const LinkSpec back{
      .bits_per_second = 100'000'000, .one_way_delay = 20ms, .queue_bytes = 500'000};
  World world{42};
  Host& sender = world.add_host("sender", golden_host(row.algorithm));
  Host& receiver = world.add_host("receiver", golden_host(row.algorithm));
  world.connect(sender, receiver, link, back);
  receiver.listen(80);
  Stream& stream = sender.connect_to(receiver, 80);
  stream.write_pattern(row.bytes);
  stream.finish();
  const Instant start = world.now();
  ASSERT_TRUE(world.run_until([&] { return receiver.received_total() == row.bytes; }, 600s))
      << world.replay_hint();
  const double seconds = std::chrono::duration<double>(world.now() - start).count();
  const double mbits = static_cast<double>(row.bytes) * 8e-6 / seconds;
  std::printf("golden: %-8s loss %.3f: %6.2f Mbit/s, %llu sent again, %llu timeouts\n",
              golden_name(row.algorithm), row.loss, mbits,
              static_cast<unsigned long long>(sender.tcp().retransmitted_segments),
              static_cast<unsigned long long>(sender.tcp().timeouts));
  EXPECT_GE(mbits, row.least_mbits);
  EXPECT_LE(mbits, 100);
}
INSTANTIATE_TEST_SUITE_P(
    Table, GoldenThroughput,
    testing::Values(GoldenRow{CongestionAlgorithm::kCubic, 0, 6'000'000, 37.4},
                    GoldenRow{CongestionAlgorithm::kCubic, 0.001, 6'000'000, 20.4},
                    GoldenRow{CongestionAlgorithm::kCubic, 0.01, 3'000'000, 28.3},
                    GoldenRow{CongestionAlgorithm::kCubic, 0.03, 2'000'000, 1.66},
                    GoldenRow{CongestionAlgorithm::kNewReno, 0, 6'000'000, 58.0},
                    GoldenRow{CongestionAlgorithm::kNewReno, 0.001, 6'000'000, 15.3},
                    GoldenRow{CongestionAlgorithm::kNewReno, 0.01, 3'000'000, 8.9},
                    GoldenRow{CongestionAlgorithm::kNewReno, 0.03, 2'000'000, 1.41},
                    GoldenRow{CongestionAlgorithm::kBbr, 0, 6'000'000, 57},
                    GoldenRow{CongestionAlgorithm::kBbr, 0.001, 6'000'000, 57},
                    GoldenRow{CongestionAlgorithm::kBbr, 0.01, 6'000'000, 54},
                    GoldenRow{CongestionAlgorithm::kBbr, 0.03, 6'000'000, 44}));

struct GoldenShare {
  std::vector<CongestionAlgorithm> flows;
  double least_fairness;     ///< Jain's index: 1 when all have the same
  double least_utilisation;  ///< of the bottleneck
};

class GoldenFairness : public testing::TestWithParam<GoldenShare> {};

// 10 Mbit/s, 40 ms round trip, a queue of one bandwidth-delay product, 20 seconds.
TEST_P(GoldenFairness, one_bottleneck) {
  const GoldenShare& row = GetParam();
  World world{7};
  const LinkSpec access{.bits_per_second = 1'000'000'000, .one_way_delay = 0ms};
  world.connect_through(
      {.bits_per_second = 10'000'000, .one_way_delay = 20ms, .queue_bytes = 50'000});
  std::vector<Host*> receivers;
  for (std::size_t i = 0; i < row.flows.size(); ++i) {
    Host& sender = world.add_host("sender", golden_host(row.flows[i]));
    Host& receiver = world.add_host("receiver", golden_host(row.flows[i]));
    world.plug_in(sender, Bottleneck::Side::kLeft, access);
    world.plug_in(receiver, Bottleneck::Side::kRight, access);
    receiver.listen(80);
    sender.connect_to(receiver, 80).write_pattern(UINT32_MAX);
    receivers.push_back(&receiver);
  }
  constexpr Duration kTime = 20s;
  world.run_for(kTime);
  ASSERT_FALSE(world.broken()) << world.replay_hint();
  double sum = 0;
  double squares = 0;
  std::string shares;
  for (std::size_t i = 0; i < receivers.size(); ++i) {
    const auto mbits = static_cast<double>(receivers[i]->received_total()) * 8e-6 / 20;
    sum += mbits;
    squares += mbits * mbits;
    shares += std::string{" "} + golden_name(row.flows[i]) + ' ' + std::to_string(mbits);
  }
  const double fairness = sum * sum / (squares * static_cast<double>(receivers.size()));
  std::printf("golden: fairness %.3f, %.1f %% used:%s\n", fairness, sum * 10, shares.c_str());
  EXPECT_GE(fairness, row.least_fairness);
  EXPECT_GE(sum / 10, row.least_utilisation);
}
constexpr auto kGoldenCubic = CongestionAlgorithm::kCubic;
constexpr auto kGoldenReno = CongestionAlgorithm::kNewReno;
constexpr auto kGoldenBbr = CongestionAlgorithm::kBbr;
INSTANTIATE_TEST_SUITE_P(
    Table, GoldenFairness,
    testing::Values(GoldenShare{{kGoldenCubic, kGoldenCubic}, 0.98, 0.93},
                    GoldenShare{{kGoldenReno, kGoldenReno}, 0.98, 0.93},
                    GoldenShare{{kGoldenCubic, kGoldenReno}, 0.95, 0.92},
                    GoldenShare{{kGoldenBbr, kGoldenBbr}, 0.95, 0.9},
                    GoldenShare{{kGoldenCubic, kGoldenBbr}, 0.95, 0.93},
                    GoldenShare{
                        {kGoldenCubic, kGoldenCubic, kGoldenReno, kGoldenReno}, 0.9, 0.93}));

}  // namespace
}  // namespace zs::sim
