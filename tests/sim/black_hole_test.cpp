// A path that drops long packets and says nothing: RFC 4821.

#include <gtest/gtest.h>

#include "sim/world.hpp"

namespace zs::sim {
namespace {

using namespace std::chrono_literals;

class SimBlackHole : public testing::TestWithParam<tcp::MtuProbing> {};

TEST_P(SimBlackHole, is_survived) {
  HostConfig config;
  config.tcp.mtu_probing = GetParam();
  const LinkSpec link{.one_way_delay = 5ms, .swallow_above = 1'414};
  for (const IpFamily family : {IpFamily::kV4, IpFamily::kV6}) {
    World world{5};
    Host& sender = world.add_host("sender", config);
    Host& receiver = world.add_host("receiver", config);
    world.connect(sender, receiver, link, link);
    receiver.listen(80, family);
    Stream& stream = sender.connect_to(receiver, 80, family);
    stream.write_pattern(1'000'000);
    stream.finish();
    ASSERT_TRUE(world.run_until([&] { return receiver.received_total() == 1'000'000; }, 60s))
        << world.replay_hint();
    EXPECT_TRUE(receiver.all_content_ok());
    const bool begins_small = GetParam() == tcp::MtuProbing::kOn;
    EXPECT_EQ(sender.tcp().mtu_black_holes, begins_small ? 0u : 1u);
    EXPECT_GE(sender.tcp().mtu_probes, 1u);
  }
}
INSTANTIATE_TEST_SUITE_P(Modes, SimBlackHole,
                         testing::Values(tcp::MtuProbing::kBlackHole, tcp::MtuProbing::kOn));

}  // namespace
}  // namespace zs::sim
