#include <gtest/gtest.h>

#include "sim/world.hpp"

namespace zs::sim {
namespace {

using namespace std::chrono_literals;

struct Vlans {
  Vlans(std::uint16_t client_vlan, std::uint16_t server_vlan, dev::Offload offloads)
      : client(world.add_host("client", host(client_vlan, offloads))),
        server(world.add_host("server", host(server_vlan, offloads))) {
    world.connect(client, server, {.loss = 0.02, .duplicate = 0.02});
    server.listen(80);
    stream = &client.connect_to(server, 80);
    stream->write_pattern(200'000);
    stream->finish();
  }
  static HostConfig host(std::uint16_t vlan, dev::Offload offloads) {
    HostConfig config;
    config.tcp.time_wait = 1s;
    config.driver = HoldingQueue::Config{.hold = 1s, .ring = 4096};
    config.offloads = offloads;
    config.vlan = vlan;
    return config;
  }

  World world{3};
  Host& client;
  Host& server;
  Stream* stream = nullptr;
};

// Tags go into buffers that are sent again, with a driver that puts its own beside them.
TEST(SimVlan, hosts_of_one_vlan_hear_each_other) {
  for (const dev::Offload offloads : {dev::Offload::kMultiSegment, dev::kAllPairOffloads}) {
    Vlans v{42, 42, offloads};
    ASSERT_TRUE(
        v.world.run_until([&] { return v.client.all_closed() && v.server.all_closed(); }, 120s))
        << v.world.replay_hint();
    EXPECT_EQ(v.server.received_total(), 200'000u);
    EXPECT_EQ(v.server.foreign_frames() + v.client.foreign_frames(), 0u);
    EXPECT_TRUE(v.world.ends_clean(60s)) << v.world.replay_hint();
  }
}

TEST(SimVlan, hosts_of_different_vlans_do_not) {
  Vlans v{42, 43, dev::kAllPairOffloads};
  v.world.run_for(10s);
  EXPECT_EQ(v.server.accepted_count(), 0u);
  EXPECT_GT(v.server.foreign_frames(), 0u);
}

TEST(SimVlan, a_host_without_a_vlan_drops_what_has_a_tag) {
  Vlans v{42, 0, dev::kAllPairOffloads};
  v.world.run_for(10s);
  EXPECT_EQ(v.server.accepted_count(), 0u);
  EXPECT_GT(v.server.drops()[Drop::kVlanUnknown], 0u);
}

}  // namespace
}  // namespace zs::sim
