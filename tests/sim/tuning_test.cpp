// Buffers that grow by themselves: what nobody has set fills a path that is long and fast, and
// begins small.

#include <gtest/gtest.h>

#include "sim/world.hpp"

namespace zs::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kWarmUp = 30'000'000;
constexpr std::uint64_t kTotal = 45'000'000;

/// Mbit/s from kWarmUp bytes on, over 100 Mbit/s and 40 ms with a queue of one bandwidth-delay
/// product.
double steady_goodput(const HostConfig& sends, const HostConfig& receives) {
  const LinkSpec link{
      .bits_per_second = 100'000'000, .one_way_delay = 20ms, .queue_bytes = 500'000};
  World world{7};
  Host& sender = world.add_host("sender", sends);
  Host& receiver = world.add_host("receiver", receives);
  world.connect(sender, receiver, link, link);
  receiver.listen(80);
  Stream& stream = sender.connect_to(receiver, 80);
  stream.write_pattern(kTotal);
  stream.finish();
  EXPECT_TRUE(world.run_until([&] { return receiver.received_total() >= kWarmUp; }, 600s));
  const std::uint64_t before = receiver.received_total();
  const Instant from = world.now();
  EXPECT_TRUE(world.run_until([&] { return receiver.received_total() == kTotal; }, 600s));
  const double seconds = std::chrono::duration<double>(world.now() - from).count();
  return static_cast<double>(kTotal - before) * 8e-6 / seconds;
}

HostConfig with_buffers(std::uint32_t send_bytes, std::uint32_t receive_bytes) {
  HostConfig config;
  config.tcp.send_buffer_bytes = send_bytes;
  config.tcp.receive_buffer_bytes = receive_bytes;
  return config;
}
HostConfig without_growth(HostConfig config) {
  config.tcp.send_buffer_max_bytes = config.tcp.receive_buffer_max_bytes = 0;
  return config;
}

constexpr std::uint32_t kSmall = 64 << 10;  // of 500 KB in a round trip
constexpr std::uint32_t kLarge = 4 << 20;

TEST(SimTuning, defaults_fill_a_long_fast_path) { EXPECT_GE(steady_goodput({}, {}), 90); }

TEST(SimTuning, a_small_receive_buffer_grows_to_fill_it) {
  const HostConfig sender = with_buffers(kLarge, kLarge);
  const HostConfig small = with_buffers(kLarge, kSmall);
  EXPECT_LE(steady_goodput(sender, without_growth(small)), 15);
  EXPECT_GE(steady_goodput(sender, small), 90);
}

TEST(SimTuning, a_small_send_buffer_grows_to_fill_it) {
  const HostConfig receiver = with_buffers(kLarge, kLarge);
  const HostConfig small = with_buffers(kSmall, kLarge);
  EXPECT_LE(steady_goodput(without_growth(small), receiver), 15);
  EXPECT_GE(steady_goodput(small, receiver), 90);
}

}  // namespace
}  // namespace zs::sim
