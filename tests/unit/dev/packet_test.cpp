#include "dev/packet.hpp"

#include <net/if.h>

#include "dev/rx_slot.hpp"
#include "unit/dev/kernel_fixture.hpp"
#include "unit/dev/veth.hpp"

namespace zs::dev {
namespace {

/// The device on "zsa"; the test plays the kernel on the other end of the cable, "zsb".
class PacketTest : public KernelTest {
 protected:
  void SetUp() override {
    KernelTest::SetUp();
    if (IsSkipped()) return;
    if (const auto made = make_veth("zsa", "zsb"); !made) {
      GTEST_SKIP() << "needs veth interfaces: " << std::strerror(static_cast<int>(made.error()));
    }
    bring_up("zsa", "zsb");
  }
  /// Both ends up, and carrying: Linux starts a cable's queues from a work queue after the carrier
  /// comes, and drops what is sent before that.
  static void bring_up(const std::string& one, const std::string& other) {
    for (const auto& name : {one, other}) set_flag(name, IFF_UP, true);
    for (const auto& name : {one, other}) {
      for (int waited = 0; !is_operational(name); ++waited) {
        ASSERT_LT(waited, kPatienceMs) << name << " has no carrier";
        ::poll(nullptr, 0, 1);
      }
      set_flag(name, IFF_UP, true);  // waits for the lock that linkwatch holds until it is done
    }
  }
  std::unique_ptr<Packet> open(const PacketConfig& config = {.interface = "zsa"},
                               std::size_t queues = 1) {
    auto device = Packet::open(config, std::span{pools_}.first(queues), &why_);
    EXPECT_TRUE(device) << why_;
    return device ? std::move(*device) : nullptr;
  }
  Errc refusal(const PacketConfig& config) {
    const auto device = Packet::open(config, std::span{pools_}.first(1), &why_);
    EXPECT_FALSE(device);
    EXPECT_FALSE(why_.empty());
    return device ? Errc::kAgain : device.error();
  }
  static MacAddress mac_of(const std::string& name) {
    return *(*KernelInterface::open(name)).mac();
  }
};

TEST_F(PacketTest, TakesItsPropertiesFromTheInterface) {
  const auto device = open();
  ASSERT_TRUE(device);
  EXPECT_EQ(device->capabilities().name, "packet:zsa");
  EXPECT_EQ(device->capabilities().mtu, 1'500);
  EXPECT_FALSE(device->capabilities().mac == mac_of("zsa"));
  EXPECT_TRUE(device->queue(0).link_up());
  const auto shared = open({.interface = "zsa", .mac_sharing = MacSharing::kShareInterfaceMac});
  ASSERT_TRUE(shared);
  EXPECT_EQ(shared->capabilities().mac, mac_of("zsa"));
}

TEST_F(PacketTest, ReceivesItsOwnFramesAndGroupsOnly) {
  const auto device = open();
  ASSERT_TRUE(device);
  RawSocket peer{"zsb"};
  const auto others = frame_of(mac_of("zsa"), 100);
  const auto ours = frame_of(device->capabilities().mac, 200);
  const auto all = frame_of(MacAddress::broadcast(), 300);
  for (const auto* f : {&others, &ours, &all}) ASSERT_TRUE(peer.send(*f));
  EXPECT_EQ(content(receive(device->queue(0), is_experimental)), ours);
  EXPECT_EQ(content(receive(device->queue(0), is_experimental)), all);
}

TEST_F(PacketTest, BatchesArriveInOrder) {
  const auto device = open();
  ASSERT_TRUE(device);
  RawSocket peer{"zsb"};
  constexpr std::size_t kCount = 200;
  for (std::size_t i = 0; i < kCount; ++i) {
    ASSERT_TRUE(peer.send(frame_of(device->capabilities().mac, 64 + i * 5)));
  }
  for (std::size_t i = 0; i < kCount; ++i) {
    const auto m = receive(device->queue(0), is_experimental);
    ASSERT_TRUE(m);
    ASSERT_EQ(m.length(), 64 + i * 5);
  }
}

TEST_F(PacketTest, SentBatchArrivesInOrder) {
  const auto device = open();
  ASSERT_TRUE(device);
  RawSocket peer{"zsb"};
  std::vector<rte_mbuf*> packets;
  for (std::size_t i = 0; i < 100; ++i) {
    auto m = *buf::Mbuf::copy_of(frame_of(mac_of("zsb"), 100 + i), *pool_);
    packets.push_back(std::move(m).release());
  }
  ASSERT_EQ(device->queue(0).tx_burst(packets), packets.size());
  for (std::size_t i = 0; i < 100; ++i) {
    const auto got = peer.receive([](const RawSocket::Frame& f) {
      return load_be<std::uint16_t>(&f.bytes[12]) == kExperimental;
    });
    ASSERT_TRUE(got);
    ASSERT_EQ(got->bytes, frame_of(mac_of("zsb"), 100 + i));
  }
}

TEST_F(PacketTest, SuperFramesPassWholeBothWays) {
  const auto device = open();
  ASSERT_TRUE(device);
  RawSocket peer{"zsb"};
  const std::size_t payload = device->capabilities().max_tso_bytes - kTcpHeaders;
  const auto sent = tcp_frame_of(mac_of("zsb"), payload);
  ASSERT_TRUE(
      transmit(device->queue(0), with_segmentation(*buf::Mbuf::copy_of(sent, *pool_), 1'448)));
  const auto got =
      peer.receive([&](const RawSocket::Frame& f) { return f.bytes.size() == sent.size(); });
  ASSERT_TRUE(got);
  EXPECT_EQ(got->header.gso_size, 1'448);
  EXPECT_TRUE(
      std::equal(got->bytes.begin() + kTcpHeaders, got->bytes.end(), sent.begin() + kTcpHeaders));
  const auto back = tcp_frame_of(device->capabilities().mac, 60'000);
  for (int i = 0; i < 3; ++i) {
    ASSERT_TRUE(peer.send(back, {.flags = VirtioNetHeader::kNeedsChecksum,
                                 .gso_type = VirtioNetHeader::kGsoTcpV4,
                                 .header_bytes = kTcpHeaders,
                                 .gso_size = 1'448,
                                 .checksum_start = 34,
                                 .checksum_offset = 16}));
    const auto m =
        receive(device->queue(0), [](const buf::Mbuf& p) { return p.length() > 50'000; });
    ASSERT_TRUE(m);
    EXPECT_EQ(content(m), back);
    EXPECT_NE(m->ol_flags & RTE_MBUF_F_RX_LRO, 0u);
    EXPECT_EQ(m->tso_segsz, 1'448);
  }
}

TEST_F(PacketTest, VlanTagsPassBothWays) {
  const auto device = open();
  ASSERT_TRUE(device);
  RawSocket peer{"zsb"};
  auto m = *buf::Mbuf::copy_of(frame_of(mac_of("zsb"), 200), *pool_);
  m->ol_flags |= RTE_MBUF_F_TX_VLAN;
  m->vlan_tci = 7;
  ASSERT_TRUE(transmit(device->queue(0), std::move(m)));
  // A packet socket of the kernel shows a tagged frame without its tag.
  EXPECT_TRUE(peer.receive([](const RawSocket::Frame& f) {
    return load_be<std::uint16_t>(&f.bytes[12]) == kExperimental && f.bytes.size() == 200;
  }));
  auto tagged = frame_of(device->capabilities().mac, 204, 0x8100);
  store_be(&tagged[14], std::uint16_t{9});
  store_be(&tagged[16], kExperimental);
  ASSERT_TRUE(peer.send(tagged));
  const auto got = receive(device->queue(0), is_experimental);
  ASSERT_TRUE(got);
  EXPECT_EQ(got->vlan_tci, 9);
  EXPECT_NE(got->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED, 0u);
}

TEST_F(PacketTest, ExhaustedPoolDropsAndRecovers) {
  const auto device = open();
  ASSERT_TRUE(device);
  auto& queue = device->queue(0);
  RawSocket peer{"zsb"};
  const auto frame = frame_of(device->capabilities().mac, 1'000);
  pool_->fail_after_for_test(0);
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(peer.send(frame));
  while (queue.stats().rx_no_buffers < 5) {
    ASSERT_TRUE(wait_readable(queue.wake_fd()));
    std::array<rte_mbuf*, 4> out;
    ASSERT_EQ(queue.rx_burst(out), 0u);
  }
  pool_->fail_after_for_test(UINT32_MAX);
  ASSERT_TRUE(peer.send(frame));
  EXPECT_EQ(content(receive(queue, is_experimental)), frame);
}

TEST_F(PacketTest, UnsendablePacketsDontStopTheOthers) {
  const auto device = open();
  ASSERT_TRUE(device);
  RawSocket peer{"zsb"};
  std::vector<rte_mbuf*> packets;
  const auto add = [&](buf::Mbuf m) { packets.push_back(std::move(m).release()); };
  add(*buf::Mbuf::copy_of(std::array<std::byte, 5>{}, *pool_));
  add(*buf::Mbuf::copy_of(frame_of(mac_of("zsb"), 9'000), *pool_));  // beyond the MTU
  add(*buf::Mbuf::copy_of(frame_of(mac_of("zsb"), 100), *pool_));
  ASSERT_EQ(device->queue(0).tx_burst(packets), packets.size());
  EXPECT_TRUE(peer.receive([](const RawSocket::Frame& f) { return f.bytes.size() == 100; }));
  EXPECT_EQ(device->queue(0).stats().tx_errors, 2u);
}

TEST_F(PacketTest, SurvivesThatTheInterfaceGoesDownAndAway) {
  const auto device = open();
  ASSERT_TRUE(device);
  auto& queue = device->queue(0);
  const auto frame = frame_of(device->capabilities().mac, 100);
  const auto drain = [&] {
    std::array<rte_mbuf*, 8> out;
    for (rte_mbuf* const m : std::span{out}.first(queue.rx_burst(out))) buf::free_chain(m);
  };
  set_flag("zsa", IFF_UP, false);
  EXPECT_FALSE(queue.link_up());
  drain();
  EXPECT_TRUE(transmit(queue, *buf::Mbuf::copy_of(frame, *pool_)));
  EXPECT_EQ(queue.stats().tx_errors, 1u);
  bring_up("zsa", "zsb");
  drain();
  EXPECT_TRUE(queue.link_up());
  ASSERT_TRUE(RawSocket{"zsb"}.send(frame));
  EXPECT_EQ(content(receive(queue, is_experimental)), frame);

  ASSERT_TRUE(remove_interface("zsa"));
  EXPECT_FALSE(queue.link_up());
  drain();
  ASSERT_TRUE(make_veth("zsa", "zsb"));
  bring_up("zsa", "zsb");
  drain();
  EXPECT_TRUE(queue.link_up());
  ASSERT_TRUE(RawSocket{"zsb"}.send(frame));
  EXPECT_EQ(content(receive(queue, is_experimental)), frame);
}

TEST_F(PacketTest, TwoQueuesShareTheTraffic) {
  const auto device = open({.interface = "zsa"}, 2);
  ASSERT_TRUE(device);
  RawSocket peer{"zsb"};
  const auto frame = frame_of(device->capabilities().mac, 200);
  ASSERT_TRUE(peer.send(frame));
  std::array<pollfd, 2> fds{pollfd{device->queue(0).wake_fd(), POLLIN, 0},
                            pollfd{device->queue(1).wake_fd(), POLLIN, 0}};
  ASSERT_GT(::poll(fds.data(), fds.size(), kPatienceMs), 0);
  auto& queue = device->queue((fds[0].revents & POLLIN) != 0 ? 0 : 1);
  EXPECT_EQ(content(receive(queue, is_experimental)), frame);
}

TEST_F(PacketTest, RefusalsSayWhatIsWrong) {
  EXPECT_EQ(refusal({}), Errc::kInvalid);
  EXPECT_EQ(refusal({.interface = "zs-missing"}), Errc::kNoDevice);
  EXPECT_EQ(refusal({.interface = "lo"}), Errc::kInvalid);
  EXPECT_EQ(refusal({.interface = "zsa", .without = Offload::kTso | Offload::kLro}),
            Errc::kInvalid);
  EXPECT_NE(why_.find("cannot do without lro"), std::string::npos);
  EXPECT_EQ(refusal({.interface = "zsa", .mtu = 9'000}), Errc::kInvalid);
  EXPECT_EQ(refusal({.interface = "zsa", .network_namespace = "zs-none"}), Errc::kNotFound);
  EXPECT_EQ(refusal({.interface = "zsa", .mac = MacAddress::broadcast()}), Errc::kInvalid);
}

TEST_F(PacketTest, WithoutPrivilegeItSaysWhatToDo) {
  ASSERT_EQ(0, ::seteuid(65'534));
  const Errc error = refusal({.interface = "zsa"});
  ASSERT_EQ(0, ::seteuid(0));
  EXPECT_EQ(error, Errc::kPermission) << why_;
}

}  // namespace
}  // namespace zs::dev
