#include "dev/dpdk/ethdev.hpp"

#include <gtest/gtest.h>
#include <net/if.h>
#include <poll.h>
#include <rte_ethdev.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <array>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "buf/mbuf.hpp"
#include "dev/dpdk/driver_quirks.hpp"
#include "dev/unique_fd.hpp"
#include "unit/dev_dpdk/eal.hpp"

namespace zs::dev {
namespace {

class EthdevTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { test::start_eal(); }
  std::unique_ptr<Ethdev> open(EthdevConfig config, std::size_t queues = 1) {
    config.rx_descriptors = config.tx_descriptors = 64;
    auto device = Ethdev::open(config, std::span{pools_}.first(queues), &why_);
    EXPECT_TRUE(device) << why_;
    return device ? std::move(*device) : nullptr;
  }
  Errc refusal(const EthdevConfig& config, std::size_t queues = 1) {
    why_.clear();
    const auto device = Ethdev::open(config, std::span{pools_}.first(queues), &why_);
    EXPECT_FALSE(device);
    EXPECT_FALSE(why_.empty());
    return device ? Errc::kAgain : device.error();
  }
  buf::Mbuf packet(std::size_t length) {
    std::vector<std::byte> bytes(length);
    for (std::size_t i = 0; i < length; ++i) bytes[i] = static_cast<std::byte>(i);
    return *buf::Mbuf::copy_of(bytes, *pool_);
  }

  std::unique_ptr<buf::Pool> pool_ =
      std::move(*buf::Pool::create({.name = "ethdev", .count = 1'023, .data_room = 2'048}));
  std::array<buf::Pools, 2> pools_{buf::Pools{.data = pool_.get(), .indirect = nullptr},
                                   buf::Pools{.data = pool_.get(), .indirect = nullptr}};
  std::string why_;
};

TEST_F(EthdevTest, RingGivesBackWhatItTook) {
  const auto device = open({.device = "net_ring0"});
  ASSERT_TRUE(device);
  EXPECT_EQ(device->driver(), "net_ring");
  EXPECT_TRUE(has(device->capabilities().offloads, Offload::kMultiSegment));
  EXPECT_EQ(device->capabilities().max_tso_bytes, 0u);
  auto& queue = device->queue(0);
  EXPECT_TRUE(queue.link_up());
  rte_mbuf* const sent = packet(100).release();
  ASSERT_EQ(queue.tx_burst({&sent, 1}), 1u);
  rte_mbuf* got = nullptr;
  ASSERT_EQ(queue.rx_burst({&got, 1}), 1u);
  EXPECT_EQ(got, sent);
  buf::free_chain(got);
  EXPECT_EQ(queue.stats().tx_bytes, 100u);
  EXPECT_EQ(queue.stats().rx_packets, 1u);
  EXPECT_EQ(pool_->in_use(), 0u);
}

TEST_F(EthdevTest, RingWakesNobody) {
  const auto device = open({.device = "net_ring2"});
  ASSERT_TRUE(device);
  auto& queue = device->queue(0);
  EXPECT_EQ(queue.wake_fd(), -1);
  EXPECT_EQ(queue.arm_wake(), Wake::kNever);
  queue.disarm_wake();
}

/// Over the loopback of a network namespace of its own; needs root.
TEST_F(EthdevTest, TheSocketOfAfPacketWakes) {
  if (unshare(CLONE_NEWNET) != 0) GTEST_SKIP() << "no network namespace can be made here";
  const UniqueFd control{::socket(AF_INET, SOCK_DGRAM, 0)};
  ifreq request{};
  std::memcpy(request.ifr_name, "lo", 3);
  request.ifr_flags = IFF_UP;
  ASSERT_EQ(::ioctl(control.get(), SIOCSIFFLAGS, &request), 0);
  const auto device = open({.device = "net_af_packet0,iface=lo"});
  ASSERT_TRUE(device);
  auto& queue = device->queue(0);
  ASSERT_EQ(queue.arm_wake(), Wake::kWhilePackets);
  pollfd fd{queue.wake_fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&fd, 1, 0), 0) << "nothing came yet";
  rte_mbuf* const sent = packet(100).release();
  ASSERT_EQ(queue.tx_burst({&sent, 1}), 1u);  // lo brings it back
  EXPECT_EQ(::poll(&fd, 1, 5'000), 1);
  rte_mbuf* got = nullptr;
  while (queue.rx_burst({&got, 1}) == 1) buf::free_chain(got);
  EXPECT_EQ(::poll(&fd, 1, 0), 0) << "all was taken";
}

TEST_F(EthdevTest, FullRingLosesNothing) {
  const auto device = open({.device = "net_ring1"});
  ASSERT_TRUE(device);
  auto& queue = device->queue(0);
  constexpr std::size_t kCount = 1'000;
  std::vector<rte_mbuf*> sent, got(kCount);
  for (std::size_t i = 0; i < kCount; ++i) {
    auto m = packet(60);
    buf::data(m.get())[0] = static_cast<std::byte>(i);
    sent.push_back(std::move(m).release());
  }
  std::size_t accepted = 0, received = 0;
  while (received < kCount) {
    const std::size_t before = accepted + received;
    accepted += queue.tx_burst(std::span{sent}.subspan(accepted));
    received += queue.rx_burst(
        std::span{got}.subspan(received, std::min<std::size_t>(32, kCount - received)));
    ASSERT_GT(accepted + received, before);
  }
  EXPECT_EQ(got, sent);
  EXPECT_FALSE(queue.tx_pending());
  for (rte_mbuf* const m : got) buf::free_chain(m);
  EXPECT_EQ(pool_->in_use(), 0u);
}

TEST_F(EthdevTest, DeviceCanBeOpenedAgainAfterItsEnd) {
  for (int round = 0; round < 3; ++round) {
    const auto device = open({.device = "net_null0,size=128"});
    ASSERT_TRUE(device);
    EXPECT_FALSE(device->capabilities().mac.is_zero());
    EXPECT_FALSE(device->capabilities().mac.is_multicast());
    std::array<rte_mbuf*, 4> out;
    const std::size_t n = device->queue(0).rx_burst(out);
    EXPECT_EQ(n, out.size());
    for (std::size_t i = 0; i < n; ++i) {
      EXPECT_EQ(out[i]->pkt_len, 128u);
      buf::free_chain(out[i]);
    }
  }
  std::uint16_t port = 0;
  EXPECT_NE(rte_eth_dev_get_port_by_name("net_null0", &port), 0);
  EXPECT_EQ(pool_->in_use(), 0u);
}

TEST_F(EthdevTest, GivenMacIsTheStacks) {
  const MacAddress mac = *MacAddress::parse("02:00:00:00:00:09");
  const auto device = open({.device = "net_null1", .mac = mac});
  ASSERT_TRUE(device);
  EXPECT_EQ(device->capabilities().mac, mac);
}

TEST_F(EthdevTest, EmptyPoolReceivesNothingAndRecovers) {
  const auto device = open({.device = "net_null2"});
  ASSERT_TRUE(device);
  std::vector<rte_mbuf*> hoard;
  while (rte_mbuf* const m = pool_->alloc()) hoard.push_back(m);
  std::array<rte_mbuf*, 4> out;
  EXPECT_EQ(device->queue(0).rx_burst(out), 0u);
  for (rte_mbuf* const m : hoard) buf::free_chain(m);
  const std::size_t n = device->queue(0).rx_burst(out);
  EXPECT_EQ(n, out.size());
  for (rte_mbuf* const m : std::span{out}.first(n)) buf::free_chain(m);
}

TEST_F(EthdevTest, RefusalsSayWhatIsWrong) {
  EXPECT_EQ(refusal({}), Errc::kInvalid);
  EXPECT_EQ(refusal({.device = "net_no_such_driver0"}), Errc::kNoDevice);
  EXPECT_EQ(refusal({.device = "0000:77:00.0"}), Errc::kNoDevice);
  EXPECT_EQ(refusal({.device = "net_null3", .mtu = 10}), Errc::kInvalid);
  EXPECT_EQ(refusal({.device = "net_null3", .mac = MacAddress::broadcast()}), Errc::kInvalid);
  EXPECT_EQ(refusal({.device = "net_null3"}, 0), Errc::kInvalid);
  const auto device = open({.device = "net_null3"});
  ASSERT_TRUE(device);
  EXPECT_EQ(refusal({.device = "net_null3"}), Errc::kBusy);
  std::array<rte_mbuf*, 1> out;
  ASSERT_EQ(device->queue(0).rx_burst(out), 1u) << "a refused second opening broke the first";
  buf::free_chain(out[0]);
}

TEST(DriverQuirks, VhostSegmentsOnlyWhenToldTo) {
  EXPECT_EQ(quirks_of("net_vhost", "iface=/x/vh.sock,queues=1").honoured_tx, 0u);
  const auto q = quirks_of("net_vhost", "iface=/x/vh.sock,tso=1");
  EXPECT_NE(q.honoured_tx & RTE_ETH_TX_OFFLOAD_TCP_TSO, 0u);
  EXPECT_EQ(q.fixup, TxFixup::kVhostTsoLength);
  EXPECT_EQ(quirks_of("net_vhost", "iface=/x/tso=10").honoured_tx, 0u);
}

TEST(DriverQuirks, SomeCanWakeASleeper) {
  EXPECT_TRUE(quirks_of("net_vhost", "").has_rx_interrupts);
  EXPECT_TRUE(quirks_of("net_virtio_user", "").has_rx_interrupts);
  EXPECT_FALSE(quirks_of("net_memif", "").has_rx_interrupts);
  EXPECT_EQ(quirks_of("net_af_xdp", "").socket_family, AF_XDP);
  EXPECT_EQ(quirks_of("net_memif", "").socket_family, 0);
}

TEST(DriverQuirks, MemifGetsNoChains) {
  EXPECT_NE(quirks_of("net_memif", "").broken_tx & RTE_ETH_TX_OFFLOAD_MULTI_SEGS, 0u);
}

TEST(DriverQuirks, Vmxnet3SegmentsWhatOneDescriptorHolds) {
  EXPECT_LT(quirks_of("net_vmxnet3", "").max_tso_bytes, 1u << 14);
  EXPECT_GT(quirks_of("net_vmxnet3", "").max_tso_bytes, 9'018u);
}

TEST(DriverQuirks, AfPacketTakesItsFrameSizeFromItsArguments) {
  EXPECT_EQ(quirks_of("net_null", "").largest_frame, 0u);
  EXPECT_GE(quirks_of("net_af_packet", "iface=eth1").largest_frame, 1'518u);
  EXPECT_LT(quirks_of("net_af_packet", "iface=eth1").largest_frame, 2'048u);
  EXPECT_GT(quirks_of("net_af_packet", "iface=eth1,framesz=16384").largest_frame, 9'018u);
  EXPECT_EQ(quirks_of("net_af_packet", "framesz=1").largest_frame, 0u);
}

TEST(ReceiveBuffers, HoldAWholeFrameWhereTheDriverMakesNoChains) {
  EXPECT_EQ(receive_buffer_bytes("0000:00:05.0", "", 9'000), 2'048);
  EXPECT_EQ(receive_buffer_bytes("net_memif0", "", 1'500), 2'048);
  EXPECT_GE(receive_buffer_bytes("net_memif0", "", 9'000), 9'018);
  EXPECT_EQ(receive_buffer_bytes("net_af_packet0", "iface=eth1", 1'500), 2'048);
  EXPECT_EQ(receive_buffer_bytes("net_af_packet0", "iface=eth1,framesz=16384", 9'000), 16'384);
  EXPECT_EQ(receive_buffer_bytes("net_af_packet0", "framesz=4294967295", 9'000), 65'280);
}

}  // namespace
}  // namespace zs::dev
