#include "wire/quoted.hpp"

#include <gtest/gtest.h>

#include "unit/wire/hex.hpp"
#include "wire/protocol.hpp"

namespace zs::wire {
namespace {

using namespace test;

// Both quote the first eight bytes of a TCP segment from port 49153 to port 80.
Bytes quote_v4() {
  return hex(
      "4500 05dc 0000 4000 4006 0000 0a00 0001 0a00 0002"
      "c001 0050 0102 0304");
}
Bytes quote_v6(std::uint8_t next_header = ip_protocol::kTcp, std::string_view extensions = "") {
  const Bytes head =
      hex("6000 0000 05b4 0640"
          "2001 0db8 0000 0000 0000 0000 0000 0001"
          "2001 0db8 0000 0000 0000 0000 0000 0002");
  return joined(joined(with(head, 6, next_header), hex(extensions)), hex("c001 0050 0102 0304"));
}

void expect_segment(const std::optional<QuotedPacket>& packet) {
  ASSERT_TRUE(packet);
  EXPECT_EQ(packet->protocol, ip_protocol::kTcp);
  EXPECT_EQ(packet->src_port(), 0xc001);
  EXPECT_EQ(packet->dst_port(), 80);
  EXPECT_EQ(packet->tcp_seq(), 0x01020304u);
  EXPECT_EQ(packet->transport.size(), 8u);
}

TEST(QuotedPacket, ReadsTheSegmentOfAnIpv4Error) {
  const Bytes quote = quote_v4();
  const auto packet = parse_quoted_packet(quote, IpFamily::kV4);
  expect_segment(packet);
  EXPECT_EQ(packet->src, IpAddress::v4(10, 0, 0, 1));
  EXPECT_EQ(packet->dst, IpAddress::v4(10, 0, 0, 2));
}

TEST(QuotedPacket, ReadsTheSegmentOfAnIpv6Error) {
  const Bytes quote = quote_v6();
  const auto packet = parse_quoted_packet(quote, IpFamily::kV6);
  expect_segment(packet);
  EXPECT_EQ(packet->src, IpAddress::parse("2001:db8::1"));
  EXPECT_EQ(packet->dst, IpAddress::parse("2001:db8::2"));
}

TEST(QuotedPacket, WantsEightBytesOfTransport) {
  const auto parse_as = [](IpFamily family) {
    return
        [family](std::span<const std::byte> quote) { return parse_quoted_packet(quote, family); };
  };
  EXPECT_EQ(shortest_accepted(quote_v4(), parse_as(IpFamily::kV4)), 28u);
  EXPECT_EQ(shortest_accepted(quote_v6(), parse_as(IpFamily::kV6)), 48u);
  EXPECT_EQ(shortest_accepted(quote_v6(60, "0600 0104 0000 0000"), parse_as(IpFamily::kV6)), 56u);
}

TEST(QuotedPacket, IsOfTheFamilyOfTheError) {
  EXPECT_FALSE(parse_quoted_packet(quote_v4(), IpFamily::kV6));
  EXPECT_FALSE(parse_quoted_packet(joined(quote_v4(), Bytes(40)), IpFamily::kV6));
  EXPECT_FALSE(parse_quoted_packet(quote_v6(), IpFamily::kV4));
}

TEST(QuotedPacket, IsTheFirstPartOfItsPacket) {
  EXPECT_FALSE(parse_quoted_packet(with(quote_v4(), 7, 1), IpFamily::kV4));
  const Bytes first_part = with(quote_v4(), 6, 0x20);
  expect_segment(parse_quoted_packet(first_part, IpFamily::kV4));
  const Bytes first_part_v6 = quote_v6(ip_protocol::kFragment, "0600 0001 0000 0001");
  expect_segment(parse_quoted_packet(first_part_v6, IpFamily::kV6));
  EXPECT_FALSE(
      parse_quoted_packet(quote_v6(ip_protocol::kFragment, "0600 0009 0000 0001"), IpFamily::kV6));
}

TEST(QuotedPacket, IsNotReadBehindItsOwnLength) {
  // The quoted header says 27 bytes: one too few for ports and sequence number.
  EXPECT_FALSE(parse_quoted_packet(with(with(quote_v4(), 2, 0), 3, 27), IpFamily::kV4));
  EXPECT_FALSE(parse_quoted_packet(with(with(quote_v6(), 4, 0), 5, 7), IpFamily::kV6));
}

TEST(QuotedPacket, IsRefusedWithAnExtensionThatIsWrong) {
  for (const char* extension : {"06ff 0104 0000 0000", "0600 0105 0000 0000", "3b00 0104 0000 0000",
                                "0600 be04 0000 0000", "0000 0104 0000 0000"}) {
    EXPECT_FALSE(parse_quoted_packet(quote_v6(60, extension), IpFamily::kV6)) << extension;
  }
}

}  // namespace
}  // namespace zs::wire
