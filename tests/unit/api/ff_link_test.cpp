#include <ff_api.h>

#include <array>
#include <vector>

#include "buf/mbuf.hpp"
#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;

/// A cable that keeps what it gets.
class FakeLink final : public Link {
 public:
  std::uint16_t mtu() const noexcept override { return 1'500; }
  bool send(rte_mbuf* frame) noexcept override {
    if (!has_room) return false;
    sent.push_back(buf::Mbuf::adopt(frame));
    return true;
  }
  ff_traffic_args traffic() const noexcept override { return figures; }

  bool has_room = true;
  std::vector<buf::Mbuf> sent;
  ff_traffic_args figures{};
};

class FfLinkTest : public ApiTest {
 protected:
  void SetUp() override { w.instance.link = &link_; }

  FakeLink link_;
  std::array<std::uint8_t, 1'600> frame_{1, 2, 3, 4, 5, 6};
};

TEST_F(FfLinkTest, AFrameLeavesAsItIs) {
  ASSERT_EQ(ff_dpdk_raw_packet_send(frame_.data(), 1'514, 0), 0);
  ASSERT_EQ(ff_dpdk_raw_packet_send(frame_.data(), 14, 0), 0);
  ASSERT_EQ(link_.sent.size(), 2u);
  EXPECT_EQ(buf::bytes(link_.sent[0].get()).size(), 1'514u);
  EXPECT_EQ(buf::bytes(link_.sent[0].get())[5], std::byte{6});
  EXPECT_EQ(buf::bytes(link_.sent[1].get()).size(), 14u);
}

TEST_F(FfLinkTest, WrongFramesAreRefused) {
  EXPECT_EQ(errno_of(ff_dpdk_raw_packet_send(nullptr, 60, 0)), EFAULT);
  EXPECT_EQ(errno_of(ff_dpdk_raw_packet_send(frame_.data(), 13, 0)), EINVAL);
  EXPECT_EQ(errno_of(ff_dpdk_raw_packet_send(frame_.data(), -1, 0)), EINVAL);
  EXPECT_EQ(errno_of(ff_dpdk_raw_packet_send(frame_.data(), 1'515, 0)), EINVAL);
  EXPECT_EQ(errno_of(ff_dpdk_raw_packet_send(frame_.data(), 60, 1)), ENODEV);
  w.instance.link = nullptr;
  EXPECT_EQ(errno_of(ff_dpdk_raw_packet_send(frame_.data(), 60, 0)), ENODEV);
  EXPECT_TRUE(link_.sent.empty());
}

TEST_F(FfLinkTest, AFullDeviceRefuses) {
  link_.has_room = false;
  EXPECT_EQ(errno_of(ff_dpdk_raw_packet_send(frame_.data(), 60, 0)), ENOBUFS);
}

TEST_F(FfLinkTest, TrafficIsTheQueues) {
  link_.figures = {.rx_packets = 1, .rx_bytes = 2, .tx_packets = 3, .tx_bytes = 4};
  ff_traffic_args traffic{};
  static_assert(sizeof(traffic) == 32);
  ff_get_traffic(&traffic);
  EXPECT_EQ(traffic.rx_packets, 1u);
  EXPECT_EQ(traffic.rx_bytes, 2u);
  EXPECT_EQ(traffic.tx_packets, 3u);
  EXPECT_EQ(traffic.tx_bytes, 4u);
  w.instance.link = nullptr;
  ff_get_traffic(&traffic);
  EXPECT_EQ(traffic.rx_packets + traffic.rx_bytes + traffic.tx_packets + traffic.tx_bytes, 0u);
  ff_get_traffic(nullptr);
}

}  // namespace
}  // namespace zs::api
