#include "neigh/messages.hpp"

#include <gtest/gtest.h>

#include "buf/pool.hpp"
#include "wire/arp.hpp"
#include "wire/ethernet.hpp"
#include "wire/icmpv6.hpp"
#include "wire/ipv6.hpp"
#include "wire/nd.hpp"

namespace zs::neigh {
namespace {

constexpr MacAddress mac(int last) {
  return {{std::byte{2}, {}, {}, {}, {}, static_cast<std::byte>(last)}};
}
IpAddress ip(const char* text) { return *IpAddress::parse(text); }

const Station kSelf{mac(1), ip("10.0.0.1")};
const Station kPeer{mac(2), ip("10.0.0.2")};
const Station kSelf6{mac(1), ip("2001:db8::1")};
const Station kPeer6{mac(2), ip("2001:db8::2")};

class Messages : public testing::Test {
 protected:
  struct Arp {
    MacAddress dst;
    wire::ArpView view;
  };
  static Arp arp(const Result<buf::Mbuf>& m) {
    const auto ethernet = *wire::EthernetView::parse(m->first());
    EXPECT_EQ(ethernet.ether_type(), wire::ether_type::kArp);
    EXPECT_EQ(ethernet.src(), kSelf.mac);
    return {ethernet.dst(), *wire::ArpView::parse(ethernet.payload())};
  }
  /// Checks what all neighbour messages have in common.
  static wire::Ipv6View nd(const Result<buf::Mbuf>& m, const MacAddress& dst) {
    const auto ethernet = *wire::EthernetView::parse(m->first());
    EXPECT_EQ(ethernet.ether_type(), wire::ether_type::kIpv6);
    EXPECT_EQ(ethernet.src(), kSelf6.mac);
    EXPECT_EQ(ethernet.dst(), dst);
    const auto v6 = *wire::Ipv6View::parse(ethernet.payload());
    EXPECT_EQ(v6.hop_limit(), 255);
    EXPECT_EQ(v6.next_header(), wire::ip_protocol::kIcmpv6);
    EXPECT_TRUE(wire::is_icmpv6_checksum_ok(v6.src(), v6.dst(), v6.payload()));
    return v6;
  }
  std::unique_ptr<buf::Pool> pool_ =
      *buf::Pool::create({.name = "messages", .count = 8, .data_room = 256});
};

TEST_F(Messages, ArpRequestsProbesAnnouncementsAndReplies) {
  const IpAddress nobody = ip("0.0.0.0");
  struct Case {
    const char* what;
    Result<buf::Mbuf> made;
    MacAddress dst;
    std::uint16_t operation;
    IpAddress sender, target;
    MacAddress target_mac;
  };
  constexpr auto kRequest = wire::arp_operation::kRequest;
  Case cases[] = {
      {"ask",
       make_solicitation(*pool_, kSelf, kPeer.address, nullptr),
       MacAddress::broadcast(),
       kRequest,
       kSelf.address,
       kPeer.address,
       {}},
      {"verify",
       make_solicitation(*pool_, kSelf, kPeer.address, &kPeer.mac),
       kPeer.mac,
       kRequest,
       kSelf.address,
       kPeer.address,
       {}},
      {"probe",
       make_probe(*pool_, kSelf),
       MacAddress::broadcast(),
       kRequest,
       nobody,
       kSelf.address,
       {}},
      {"announce",
       make_announcement(*pool_, kSelf),
       MacAddress::broadcast(),
       kRequest,
       kSelf.address,
       kSelf.address,
       {}},
      {"reply", make_arp_reply(*pool_, kSelf, kPeer), kPeer.mac, wire::arp_operation::kReply,
       kSelf.address, kPeer.address, kPeer.mac},
  };
  for (const Case& c : cases) {
    ASSERT_TRUE(c.made) << c.what;
    const Arp got = arp(c.made);
    EXPECT_EQ(got.dst, c.dst) << c.what;
    EXPECT_EQ(got.view.operation(), c.operation) << c.what;
    EXPECT_EQ(got.view.sender_mac(), kSelf.mac) << c.what;
    EXPECT_EQ(got.view.sender_ip(), c.sender) << c.what;
    EXPECT_EQ(got.view.target_ip(), c.target) << c.what;
    EXPECT_EQ(got.view.target_mac(), c.target_mac) << c.what;
  }
}

TEST_F(Messages, NeighborSolicitations) {
  const IpAddress group = wire::solicited_node_multicast(kPeer6.address);
  const IpAddress own_group = wire::solicited_node_multicast(kSelf6.address);
  struct Case {
    const char* what;
    Result<buf::Mbuf> made;
    MacAddress dst_mac;
    IpAddress src, dst, target;
    std::optional<MacAddress> option;
  };
  Case cases[] = {
      {"ask", make_solicitation(*pool_, kSelf6, kPeer6.address, nullptr),
       wire::multicast_mac(group), kSelf6.address, group, kPeer6.address, kSelf6.mac},
      {"verify", make_solicitation(*pool_, kSelf6, kPeer6.address, &kPeer6.mac), kPeer6.mac,
       kSelf6.address, kPeer6.address, kPeer6.address, kSelf6.mac},
      {"probe", make_probe(*pool_, kSelf6), wire::multicast_mac(own_group), IpAddress{}, own_group,
       kSelf6.address, std::nullopt},  // RFC 4861 §4.3: no option without an address
  };
  for (const Case& c : cases) {
    ASSERT_TRUE(c.made) << c.what;
    const auto v6 = nd(c.made, c.dst_mac);
    EXPECT_EQ(v6.src(), c.src) << c.what;
    EXPECT_EQ(v6.dst(), c.dst) << c.what;
    const auto message = wire::NeighborSolicitation::parse(v6.payload());
    ASSERT_TRUE(message) << c.what;
    EXPECT_EQ(message->target, c.target) << c.what;
    EXPECT_EQ(message->options.link_layer(wire::nd_option::kSourceLinkLayer), c.option) << c.what;
  }
}

TEST_F(Messages, NeighborAdvertisements) {
  const IpAddress all = ip("ff02::1");
  struct Case {
    const char* what;
    Result<buf::Mbuf> made;
    MacAddress dst_mac;
    IpAddress dst;
    bool solicited;
  };
  Case cases[] = {
      {"answer", make_advertisement(*pool_, kSelf6, kPeer6), kPeer6.mac, kPeer6.address, true},
      {"answer to nobody", make_advertisement(*pool_, kSelf6, {kPeer6.mac, IpAddress{}}),
       wire::multicast_mac(all), all, false},
      {"announce", make_announcement(*pool_, kSelf6), wire::multicast_mac(all), all, false},
  };
  for (const Case& c : cases) {
    ASSERT_TRUE(c.made) << c.what;
    const auto v6 = nd(c.made, c.dst_mac);
    EXPECT_EQ(v6.src(), kSelf6.address) << c.what;
    EXPECT_EQ(v6.dst(), c.dst) << c.what;
    const auto message = wire::NeighborAdvertisement::parse(v6.payload());
    ASSERT_TRUE(message) << c.what;
    EXPECT_EQ(message->target, kSelf6.address) << c.what;
    EXPECT_EQ(message->solicited, c.solicited) << c.what;
    EXPECT_TRUE(message->override_cache) << c.what;
    EXPECT_FALSE(message->router) << c.what;
    EXPECT_EQ(message->options.link_layer(wire::nd_option::kTargetLinkLayer), kSelf6.mac) << c.what;
  }
}

TEST_F(Messages, WithoutABufferThereIsNoMessage) {
  pool_->fail_after_for_test(0);
  EXPECT_EQ(make_solicitation(*pool_, kSelf, kPeer.address, nullptr).error(), Errc::kNoBuffers);
  EXPECT_EQ(make_probe(*pool_, kSelf6).error(), Errc::kNoBuffers);
  EXPECT_EQ(make_announcement(*pool_, kSelf6).error(), Errc::kNoBuffers);
  EXPECT_EQ(make_arp_reply(*pool_, kSelf, kPeer).error(), Errc::kNoBuffers);
  EXPECT_EQ(make_advertisement(*pool_, kSelf6, kPeer6).error(), Errc::kNoBuffers);
}

}  // namespace
}  // namespace zs::neigh
