#include "wire/udp.hpp"

#include <gtest/gtest.h>

#include "unit/wire/hex.hpp"
#include "wire/checksum.hpp"
#include "wire/protocol.hpp"

namespace zs::wire {
namespace {

using namespace test;

Bytes udp_datagram() { return hex("1f90 0035 000a 7f7c 6162"); }

TEST(UdpView, ReadsEveryField) {
  const Bytes bytes = joined(udp_datagram(), hex("ffff"));  // padding is not part of it
  const auto view = UdpView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->src_port(), 8080);
  EXPECT_EQ(view->dst_port(), 53);
  EXPECT_EQ(view->length(), 10);
  EXPECT_EQ(view->checksum(), 0x7f7c);
  EXPECT_EQ(Bytes(view->payload().begin(), view->payload().end()), hex("6162"));
}

TEST(UdpView, WantsAllOfItsLength) {
  EXPECT_EQ(shortest_accepted(udp_datagram(), UdpView::parse), 10u);
  EXPECT_EQ(shortest_accepted(hex("1f90 0035 0008 0000"), UdpView::parse), 8u);
}

TEST(UdpView, RefusesALengthOutsideThePacket) {
  for (unsigned length = 0; length < 256; ++length) {
    EXPECT_EQ(UdpView::parse(with(udp_datagram(), 5, length)).has_value(),
              length >= 8 && length <= 10);
  }
  EXPECT_FALSE(UdpView::parse(with(udp_datagram(), 4, 0xff)));
}

TEST(UdpSpec, WritesAHeaderWhoseChecksumVerifies) {
  const auto src = IpAddress::v4(10, 0, 0, 1);
  const auto dst = IpAddress::v4(10, 0, 0, 2);
  UdpSpec spec{.src_port = 8080, .dst_port = 53, .length = 10};
  const auto sum = pseudo_header_sum(src, dst, ip_protocol::kUdp, spec.length);
  Bytes bytes = joined(written(spec), hex("6162"));
  EXPECT_EQ(bytes, hex("1f90 0035 000a 0000 6162"));
  spec.checksum = udp_checksum_field(checksum_finish(checksum_add(bytes, sum)));
  // 141e (pseudo-header) + 1f90 + 0035 + 000a + 6162 = 954f, complemented
  EXPECT_EQ(spec.checksum, 0x6ab0);
  bytes = joined(written(spec), hex("6162"));
  EXPECT_EQ(checksum_finish(checksum_add(bytes, sum)), 0);
}

TEST(UdpChecksum, IsNeverSentAsZero) {
  EXPECT_EQ(udp_checksum_field(0), 0xffff);
  EXPECT_EQ(udp_checksum_field(1), 1);
  EXPECT_EQ(udp_checksum_field(0xffff), 0xffff);
}

}  // namespace
}  // namespace zs::wire
