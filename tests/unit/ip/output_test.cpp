#include "ip/output.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "buf/pool.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"

namespace zs::ip {
namespace {

class Output : public testing::Test {
 protected:
  buf::Mbuf make(std::size_t bytes) {
    return *buf::Mbuf::copy_of(std::vector<std::byte>(bytes, std::byte{7}), *pool_);
  }
  std::unique_ptr<buf::Pool> pool_ =
      *buf::Pool::create({.name = "output", .count = 64, .data_room = 2'048});
  HeaderSpec v4_{
      .src = IpAddress::v4(10, 0, 0, 1), .dst = IpAddress::v4(10, 0, 0, 2), .protocol = 6};
  HeaderSpec v6_{.src = *IpAddress::parse("2001:db8::1"),
                 .dst = *IpAddress::parse("2001:db8::2"),
                 .protocol = 17,
                 .hop_limit = 255};
};

TEST_F(Output, Ipv4HeaderIsAtomicAndLeavesTheSumToTheDevice) {
  auto m = make(100);
  ASSERT_TRUE(prepend_header(m, v4_));
  const auto ip = wire::Ipv4View::parse(m.first());
  ASSERT_TRUE(ip);
  EXPECT_EQ(ip->src(), v4_.src);
  EXPECT_EQ(ip->dst(), v4_.dst);
  EXPECT_EQ(ip->protocol(), 6);
  EXPECT_EQ(ip->ttl(), kDefaultHopLimit);
  EXPECT_EQ(ip->total_length(), 120);
  EXPECT_TRUE(ip->dont_fragment());
  EXPECT_FALSE(ip->is_fragment());
  EXPECT_EQ(ip->identification(), 0);
  EXPECT_EQ(ip->checksum(), 0);
  EXPECT_EQ(m->l3_len, 20);
  EXPECT_EQ(m->ol_flags, RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM);
}

TEST_F(Output, Ipv6Header) {
  auto m = make(100);
  ASSERT_TRUE(prepend_header(m, v6_));
  const auto ip = wire::Ipv6View::parse(m.first());
  ASSERT_TRUE(ip);
  EXPECT_EQ(ip->src(), v6_.src);
  EXPECT_EQ(ip->dst(), v6_.dst);
  EXPECT_EQ(ip->next_header(), 17);
  EXPECT_EQ(ip->hop_limit(), 255);
  EXPECT_EQ(ip->payload_length(), 100);
  EXPECT_EQ(m->l3_len, 40);
  EXPECT_EQ(m->ol_flags, RTE_MBUF_F_TX_IPV6);
}

TEST_F(Output, LengthFieldsBoundThePacket) {
  for (const auto& [spec, most] : {std::pair{v4_, 65'515u}, std::pair{v6_, 65'535u}}) {
    auto fits = make(most);
    EXPECT_TRUE(prepend_header(fits, spec));
    auto large = make(most + 1);
    EXPECT_EQ(prepend_header(large, spec).error(), Errc::kMessageSize);
    EXPECT_EQ(large.length(), most + 1);
  }
}

TEST_F(Output, WithoutHeadroomThePacketIsUnchanged) {
  auto m = make(10);
  ASSERT_TRUE(m.prepend(buf::kHeadroom - 19));
  const auto before = m.length();
  EXPECT_EQ(prepend_header(m, v4_).error(), Errc::kNoBuffers);
  EXPECT_EQ(m.length(), before);
}

}  // namespace
}  // namespace zs::ip
