#include "wire/arp.hpp"

#include <gtest/gtest.h>

#include "unit/wire/hex.hpp"

namespace zs::wire {
namespace {

using namespace test;

// Who has 10.0.0.2? Tell 10.0.0.1.
Bytes request() {
  return hex("0001 0800 0604 0001 0200 0000 0001 0a00 0001 0000 0000 0000 0a00 0002");
}

TEST(ArpView, ReadsEveryField) {
  const Bytes bytes = joined(with(request(), 18, 0x06), Bytes(18));  // padded to 60 by the link
  const auto view = ArpView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->operation(), arp_operation::kRequest);
  EXPECT_EQ(view->sender_mac(), MacAddress::parse("02:00:00:00:00:01"));
  EXPECT_EQ(view->sender_ip(), IpAddress::v4(10, 0, 0, 1));
  EXPECT_EQ(view->target_mac(), MacAddress::parse("06:00:00:00:00:00"));
  EXPECT_EQ(view->target_ip(), IpAddress::v4(10, 0, 0, 2));
}

TEST(ArpView, WantsAllTwentyEightBytes) {
  EXPECT_EQ(shortest_accepted(request(), ArpView::parse), ArpView::kSize);
}

TEST(ArpView, RefusesOtherHardwareAndProtocols) {
  for (std::size_t at = 0; at < 6; ++at) {
    for (unsigned value = 0; value < 256; ++value) {
      const bool same = std::byte{static_cast<std::uint8_t>(value)} == request()[at];
      EXPECT_EQ(ArpView::parse(with(request(), at, value)).has_value(), same) << at << ' ' << value;
    }
  }
}

TEST(ArpView, LeavesTheOperationToItsReader) {
  EXPECT_EQ(ArpView::parse(with(request(), 6, 0xff))->operation(), 0xff01);
}

TEST(ArpSpec, WritesKnownBytes) {
  const ArpSpec spec{.sender_mac = *MacAddress::parse("02:00:00:00:00:01"),
                     .sender_ip = IpAddress::v4(10, 0, 0, 1),
                     .target_mac = {},
                     .target_ip = IpAddress::v4(10, 0, 0, 2)};
  EXPECT_EQ(written(spec), request());
}

TEST(ArpSpec, WritesAReplyThatReadsBack) {
  const ArpSpec spec{.operation = arp_operation::kReply,
                     .sender_mac = *MacAddress::parse("02:00:00:00:00:02"),
                     .sender_ip = IpAddress::v4(10, 0, 0, 2),
                     .target_mac = *MacAddress::parse("02:00:00:00:00:01"),
                     .target_ip = IpAddress::v4(10, 0, 0, 1)};
  const Bytes bytes = written(spec);
  const auto view = ArpView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->operation(), spec.operation);
  EXPECT_EQ(view->sender_mac(), spec.sender_mac);
  EXPECT_EQ(view->sender_ip(), spec.sender_ip);
  EXPECT_EQ(view->target_mac(), spec.target_mac);
  EXPECT_EQ(view->target_ip(), spec.target_ip);
}

}  // namespace
}  // namespace zs::wire
