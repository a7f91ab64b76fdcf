#include "dev/tap.hpp"

#include <net/if.h>

#include "dev/rx_slot.hpp"
#include "unit/dev/kernel_fixture.hpp"

namespace zs::dev {
namespace {

class TapTest : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped()) return;
    if (::access("/dev/net/tun", R_OK | W_OK) != 0) {
      GTEST_SKIP() << "needs /dev/net/tun: " << std::strerror(errno);
    }
  }
  std::unique_ptr<Tap> open(const TapConfig& config = {}, std::size_t queues = 1) {
    auto tap = Tap::open(config, std::span{pools_}.first(queues), &why_);
    EXPECT_TRUE(tap) << why_;
    return tap ? std::move(*tap) : nullptr;
  }
  Errc refusal(const TapConfig& config) {
    const auto tap = Tap::open(config, std::span{pools_}.first(1), &why_);
    EXPECT_FALSE(tap);
    EXPECT_FALSE(why_.empty());
    return tap ? Errc::kAgain : tap.error();
  }
};

TEST_F(TapTest, ComesUpConfiguredAndVanishesWithTheDevice) {
  auto tap = open({.mtu = 9'000, .kernel_addresses = {*IpPrefix::parse("10.99.0.1/24")}});
  ASSERT_TRUE(tap);
  EXPECT_EQ(tap->interface_name(), "zs0");
  EXPECT_EQ(tap->capabilities().name, "tap:zs0");
  EXPECT_EQ(tap->capabilities().mtu, 9'000);
  EXPECT_TRUE(has(tap->capabilities().offloads, Offload::kTso | Offload::kLro));
  EXPECT_FALSE(tap->capabilities().mac == tap->kernel_mac());
  EXPECT_FALSE(tap->capabilities().mac.is_multicast());
  EXPECT_TRUE(tap->queue(0).link_up());
  auto second = open();
  EXPECT_EQ(second->interface_name(), "zs1");
  tap.reset();
  EXPECT_EQ(if_nametoindex("zs0"), 0u);
  EXPECT_NE(if_nametoindex("zs1"), 0u);
}

TEST_F(TapTest, KernelAsksForOurAddress) {
  const auto tap = open({.kernel_addresses = {*IpPrefix::parse("10.99.0.1/24")}});
  ASSERT_TRUE(tap);
  const UniqueFd udp{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(9);
  to.sin_addr.s_addr = htonl(0x0a630002);
  const auto* address = static_cast<const void*>(&to);
  ASSERT_EQ(1, ::sendto(udp.get(), "x", 1, 0, static_cast<const sockaddr*>(address), sizeof to));
  const auto m = receive(tap->queue(0), [](const buf::Mbuf& p) {
    return load_be<std::uint16_t>(&p.first()[12]) == ETH_P_ARP;
  });
  ASSERT_TRUE(m);
  EXPECT_EQ(load_be<std::uint32_t>(&m.first()[38]), 0x0a630002u);
}

TEST_F(TapTest, SuperFrameReachesTheKernelWhole) {
  const auto tap = open();
  ASSERT_TRUE(tap);
  RawSocket kernel{tap->interface_name()};
  const std::size_t largest = tap->capabilities().max_tso_bytes - kTcpHeaders;
  for (const std::size_t payload : {std::size_t{5'000}, largest}) {
    const auto sent = tcp_frame_of(tap->kernel_mac(), payload);
    ASSERT_TRUE(
        transmit(tap->queue(0), with_segmentation(*buf::Mbuf::copy_of(sent, *pool_), 1'448)));
    const auto got =
        kernel.receive([&](const RawSocket::Frame& f) { return f.bytes.size() == sent.size(); });
    ASSERT_TRUE(got) << payload;
    EXPECT_EQ(got->header.gso_type, VirtioNetHeader::kGsoTcpV4);
    EXPECT_EQ(got->header.gso_size, 1'448);
    EXPECT_TRUE(
        std::equal(got->bytes.begin() + kTcpHeaders, got->bytes.end(), sent.begin() + kTcpHeaders));
    const auto ip = std::span{got->bytes}.subspan(14, 20);
    EXPECT_EQ(wire::checksum_finish(wire::checksum_add(ip)), 0);
  }
  EXPECT_EQ(tap->queue(0).stats().tx_packets, 2u);
  EXPECT_EQ(tap->queue(0).stats().tx_errors, 0u);
}

TEST_F(TapTest, KernelsSuperFrameArrivesWhole) {
  const auto tap = open();
  ASSERT_TRUE(tap);
  RawSocket kernel{tap->interface_name()};
  const auto sent = tcp_frame_of(tap->capabilities().mac, 60'000);
  for (int i = 0; i < 3; ++i) {  // first into the overflow area, then into posted buffers
    ASSERT_TRUE(kernel.send(sent, {.flags = VirtioNetHeader::kNeedsChecksum,
                                   .gso_type = VirtioNetHeader::kGsoTcpV4,
                                   .header_bytes = kTcpHeaders,
                                   .gso_size = 1'448,
                                   .checksum_start = 34,
                                   .checksum_offset = 16}));
    const auto m = receive(tap->queue(0), [](const buf::Mbuf& p) { return p.length() > 50'000; });
    ASSERT_TRUE(m);
    EXPECT_EQ(content(m), sent);
    EXPECT_NE(m->ol_flags & RTE_MBUF_F_RX_LRO, 0u);
    EXPECT_EQ(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_NONE);
    EXPECT_EQ(m->tso_segsz, 1'448);
  }
}

TEST_F(TapTest, ExhaustedPoolDropsAndRecovers) {
  const auto tap = open();
  ASSERT_TRUE(tap);
  RawSocket kernel{tap->interface_name()};
  const auto frame = frame_of(tap->capabilities().mac, 1'000);
  pool_->fail_after_for_test(0);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(kernel.send(frame));
  while (tap->queue(0).stats().rx_no_buffers < 5) {
    ASSERT_TRUE(wait_readable(tap->queue(0).wake_fd()));
    std::array<rte_mbuf*, 4> out;
    ASSERT_EQ(tap->queue(0).rx_burst(out), 0u);
  }
  pool_->fail_after_for_test(UINT32_MAX);
  ASSERT_TRUE(kernel.send(frame));
  EXPECT_EQ(content(receive(tap->queue(0), is_experimental)), frame);
}

TEST_F(TapTest, PulledCableIsSeenAndSurvived) {
  const auto tap = open();
  ASSERT_TRUE(tap);
  auto& queue = tap->queue(0);
  const auto frame = frame_of(tap->kernel_mac(), 100);
  set_flag("zs0", IFF_UP, false);
  EXPECT_FALSE(queue.link_up());
  EXPECT_TRUE(transmit(queue, *buf::Mbuf::copy_of(frame, *pool_)));
  EXPECT_EQ(queue.stats().tx_errors, 1u);
  set_flag("zs0", IFF_UP, true);
  EXPECT_TRUE(queue.link_up());
  EXPECT_TRUE(transmit(queue, *buf::Mbuf::copy_of(frame, *pool_)));
  EXPECT_EQ(queue.stats().tx_packets, 1u);
}

TEST_F(TapTest, UnsendablePacketsAreConsumedAndCounted) {
  const auto tap = open();
  ASSERT_TRUE(tap);
  auto& queue = tap->queue(0);
  EXPECT_TRUE(transmit(queue, *buf::Mbuf::copy_of(std::array<std::byte, 5>{}, *pool_)));
  auto nonsense =
      with_segmentation(*buf::Mbuf::copy_of(tcp_frame_of(tap->kernel_mac(), 3'000), *pool_), 0);
  EXPECT_TRUE(transmit(queue, std::move(nonsense)));
  EXPECT_EQ(queue.stats().tx_errors, 2u);
}

TEST_F(TapTest, TwoQueuesShareTheTraffic) {
  const auto tap = open({}, 2);
  ASSERT_TRUE(tap);
  ASSERT_EQ(tap->queue_count(), 2u);
  RawSocket kernel{tap->interface_name()};
  const auto frame = frame_of(tap->capabilities().mac, 200);
  ASSERT_TRUE(kernel.send(frame));
  std::array<pollfd, 2> fds{pollfd{tap->queue(0).wake_fd(), POLLIN, 0},
                            pollfd{tap->queue(1).wake_fd(), POLLIN, 0}};
  ASSERT_GT(::poll(fds.data(), fds.size(), kPatienceMs), 0);
  auto& queue = tap->queue((fds[0].revents & POLLIN) != 0 ? 0 : 1);
  EXPECT_EQ(content(receive(queue, is_experimental)), frame);
}

TEST_F(TapTest, OpensInAnotherNamespaceAndComesBack) {
  const UniqueFd here{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
  ASSERT_EQ(0, ::unshare(CLONE_NEWNET));
  const UniqueFd other{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
  ASSERT_EQ(0, ::setns(here.get(), CLONE_NEWNET));
  const auto tap =
      open({.name = "away0", .network_namespace = "/proc/self/fd/" + std::to_string(other.get())});
  ASSERT_TRUE(tap);
  EXPECT_TRUE(tap->queue(0).link_up());
  EXPECT_EQ(if_nametoindex("away0"), 0u);
  ASSERT_EQ(0, ::setns(other.get(), CLONE_NEWNET));
  EXPECT_NE(if_nametoindex("away0"), 0u);
  ASSERT_EQ(0, ::setns(here.get(), CLONE_NEWNET));
}

TEST_F(TapTest, DoesWithoutWhatItIsTold) {
  const auto tap = open({.without = Offload::kTso | Offload::kTxL4Checksum});
  ASSERT_TRUE(tap);
  EXPECT_FALSE(overlaps(tap->capabilities().offloads, Offload::kTso | Offload::kTxL4Checksum));
  EXPECT_TRUE(has(tap->capabilities().offloads, Offload::kLro | Offload::kRxL4Checksum));
  // The kernel leaves no checksum to those who do not want it, and so cannot leave a super-frame.
  const auto plain = open({.name = "plain0", .without = Offload::kRxL4Checksum});
  ASSERT_TRUE(plain);
  EXPECT_FALSE(overlaps(plain->capabilities().offloads, Offload::kLro | Offload::kRxL4Checksum));
}

TEST_F(TapTest, RefusalsSayWhatIsWrong) {
  EXPECT_EQ(refusal({.name = "a-name-that-is-too-long"}), Errc::kInvalid);
  EXPECT_EQ(refusal({.name = "with space"}), Errc::kInvalid);
  EXPECT_EQ(refusal({.mtu = 10}), Errc::kInvalid);
  EXPECT_EQ(refusal({.network_namespace = "zs-no-such-namespace"}), Errc::kNotFound);
  const MacAddress mac = *MacAddress::parse("02:00:00:00:00:07");
  EXPECT_EQ(refusal({.mac = mac, .kernel_mac = mac}), Errc::kInvalid);
  EXPECT_EQ(refusal({.mac = MacAddress::broadcast()}), Errc::kInvalid);
  EXPECT_EQ(refusal({.name = "lo"}), Errc::kBusy);
  const auto tap = open({.name = "taken0"});
  EXPECT_EQ(refusal({.name = "taken0"}), Errc::kBusy);
  EXPECT_NE(why_.find("taken0"), std::string::npos);
  EXPECT_FALSE(Tap::open({}, {}, nullptr));
}

TEST_F(TapTest, WithoutPrivilegeItSaysWhatToDo) {
  ASSERT_EQ(0, ::seteuid(65'534));
  const Errc error = refusal({});
  ASSERT_EQ(0, ::seteuid(0));
  EXPECT_EQ(error, Errc::kPermission) << why_;
  EXPECT_NE(why_.find("root"), std::string::npos);
}

}  // namespace
}  // namespace zs::dev
