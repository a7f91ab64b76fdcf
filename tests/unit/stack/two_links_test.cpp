// A shard with two interfaces: which way packets go, and by which of our names (RFC 1122 §3.3.4,
// RFC 6724 §5).
#include <gtest/gtest.h>

#include "unit/stack/world.hpp"
#include "wire/igmp.hpp"

namespace zs::stack {
namespace {

using namespace test;

const IpAddress kSecond = IpAddress::v4(192, 168, 7, 1);
const IpAddress kGroupOfTwo = IpAddress::v4(239, 7, 7, 7);

ShardConfig two_links() {
  auto c = World::default_config();
  InterfaceConfig second = c.interfaces[0];
  second.name = "wan";
  second.device.mac.bytes[4] = std::byte{9};
  second.device.mtu = 1'400;
  second.addresses = {*IpPrefix::parse("192.168.7.1/24"), *IpPrefix::parse("192.168.7.2/24"),
                      *IpPrefix::parse("2001:db8:7::1/64")};
  c.interfaces.push_back(second);
  c.routes.push_back({*IpPrefix::parse("0.0.0.0/0"), IpAddress::v4(192, 168, 7, 9), 1});
  return c;
}

struct TwoLinks : World {
  TwoLinks() : World(two_links()) {}
  /// The frames that leave by the interface now.
  std::vector<Bytes> leaving(std::size_t interface) {
    std::vector<Bytes> out;
    std::array<rte_mbuf*, 32> burst{};
    while (const std::size_t n = shard->poll_transmit(interface, burst, now)) {
      for (std::size_t i = 0; i < n; ++i) {
        auto m = buf::Mbuf::adopt(burst[i]);
        Bytes b(m.length());
        m.copy_out(0, b);
        out.push_back(std::move(b));
      }
    }
    return out;
  }
  void give_to(std::size_t interface, const Bytes& frame) {
    rte_mbuf* raw = std::move(*buf::Mbuf::copy_of(frame, *data)).release();
    shard->on_burst(interface, {&raw, 1}, now);
  }
};

TEST(TwoLinks, RoutesChooseInterfaceSourceAndMtu) {
  TwoLinks w;
  struct Case {
    const char* to;
    const char* from;
    std::size_t interface;
    std::uint16_t mtu;
  };
  for (const Case& c :
       {Case{"10.0.0.9", "10.0.0.1", 0, 1'500}, Case{"192.168.7.9", "192.168.7.1", 1, 1'400},
        Case{"8.8.8.8", "192.168.7.1", 1, 1'400}, Case{"192.168.7.2", "192.168.7.2", 1, 1'400},
        Case{"2001:db8::9", "2001:db8::1", 0, 1'500},
        Case{"2001:db8:7::9", "2001:db8:7::1", 1, 1'400}}) {
    const auto path = w.shard->route_for(*IpAddress::parse(c.to));
    ASSERT_TRUE(path) << c.to;
    EXPECT_EQ(path->source, *IpAddress::parse(c.from)) << c.to;
    EXPECT_EQ(path->interface, c.interface) << c.to;
    EXPECT_EQ(path->mtu, c.mtu) << c.to;
  }
  EXPECT_EQ(w.shard->interface_of(kSecond), 1u);
  EXPECT_EQ(w.shard->interface_of(kPeer), std::nullopt);
  EXPECT_EQ(w.shard->interface_count(), 2u);
}

TEST(TwoLinks, GroupsBelongToTheirLink) {
  TwoLinks w;
  ASSERT_TRUE(w.shard->join_group(1, kGroupOfTwo));
  w.shard->on_deadline(w.now);
  EXPECT_TRUE(w.leaving(0).empty());
  const auto reports = w.leaving(1);
  ASSERT_EQ(reports.size(), 1u);
  EXPECT_EQ(wire::Ipv4View::parse(std::span{reports[0]}.subspan(14))->src(), kSecond);
  const auto id = *w.shard->udp().open(IpFamily::kV4, 1);
  ASSERT_TRUE(w.shard->udp().bind(id, {IpAddress::any(IpFamily::kV4), 7}));
  const Bytes frame = World::udp(7, text("x"), kPeer, kGroupOfTwo);
  w.give_to(0, frame);
  EXPECT_EQ(w.drops(Drop::kIpNotForUs), 1u);
  w.give_to(1, frame);
  EXPECT_TRUE(w.shard->udp().receive(id));
  w.shard->on_link(1, false, w.now);
  w.shard->on_link(1, true, w.now);  // told again
  w.shard->on_deadline(w.now);
  const auto again = w.leaving(1);
  EXPECT_EQ(std::count_if(again.begin(), again.end(),
                          [](const Bytes& b) {
                            const auto ip = wire::Ipv4View::parse(std::span{b}.subspan(14));
                            return ip && ip->protocol() == wire::ip_protocol::kIgmp;
                          }),
            1);
}

TEST(TwoLinks, TheSocketChoosesWhereGroupsAre) {
  TwoLinks w;
  const auto id = *w.shard->udp().open(IpFamily::kV4, 1);
  for (const std::uint16_t interface : {std::uint16_t{0}, std::uint16_t{1}}) {
    w.shard->udp().options(id)->group_interface = interface;
    const auto path = *w.shard->route_for(kGroupOfTwo, interface);
    auto chain = *buf::Chain::copy_of(text("x"), *w.data);
    ASSERT_TRUE(w.shard->udp().send(id, chain, Endpoint{kGroupOfTwo, 7}, {path.source, path.mtu}));
    const auto first = w.leaving(0);
    const auto second = w.leaving(1);
    EXPECT_EQ(first.size(), interface == 0 ? 1u : 0u);
    ASSERT_EQ(second.size(), interface == 1 ? 1u : 0u);
    if (interface == 1) {
      EXPECT_EQ(wire::Ipv4View::parse(std::span{second[0]}.subspan(14))->src(), kSecond);
    }
  }
}

// The smaller link's datagrams are cut for it, and its ready queue bounds what is pulled.
TEST(TwoLinks, FragmentsFitTheirLink) {
  TwoLinks w;
  w.give_to(1, [] {
    Bytes f =
        World::arp(wire::arp_operation::kRequest, kPeerMac, IpAddress::v4(192, 168, 7, 9), kSecond);
    return f;
  }());
  w.leaving(1);
  const auto id = *w.shard->udp().open(IpFamily::kV4, 1);
  const auto path = *w.shard->route_for(IpAddress::v4(8, 8, 8, 8));
  constexpr std::size_t kDatagrams = 40;
  for (std::size_t i = 0; i < kDatagrams; ++i) {
    auto chain = *buf::Chain::copy_of(Bytes(50'000), *w.data);
    ASSERT_TRUE(w.shard->udp().send(id, chain, Endpoint{IpAddress::v4(8, 8, 8, 8), 7},
                                    {path.source, path.mtu}));
  }
  std::size_t frames = 0;
  for (int round = 0; round < 200; ++round) {
    EXPECT_TRUE(w.leaving(0).empty());  // polls the other first, which pulls for both
    for (const Bytes& f : w.leaving(1)) {
      EXPECT_LE(f.size(), 14u + 1'400u);
      ++frames;
    }
  }
  EXPECT_EQ(frames, kDatagrams * 37);
  EXPECT_EQ(w.drops(Drop::kTxQueueFull), 0u);
}

}  // namespace
}  // namespace zs::stack
