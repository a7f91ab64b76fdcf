#include "wire/ipv4.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "unit/wire/hex.hpp"

namespace zs::wire {
namespace {

using namespace test;

// A header of 20 bytes and two bytes of payload.
Bytes datagram() { return hex("4500 0016 1c46 4000 4006 9c83 c0a8 0001 c0a8 00c7 6869"); }

Bytes with_options(std::string_view options) {
  const Bytes list = hex(options);
  Bytes packet = joined(first(datagram(), 20), list);
  packet[0] = static_cast<std::byte>(0x40 | packet.size() / 4);
  packet[3] = static_cast<std::byte>(packet.size());
  return packet;
}

TEST(Ipv4View, ReadsEveryField) {
  const Bytes packet = hex("4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7");
  const auto view = Ipv4View::parse_quoted(packet);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->header_length(), 20u);
  EXPECT_EQ(view->tos(), 0);
  EXPECT_EQ(view->total_length(), 0x73);
  EXPECT_EQ(view->identification(), 0);
  EXPECT_TRUE(view->dont_fragment());
  EXPECT_FALSE(view->more_fragments());
  EXPECT_FALSE(view->is_fragment());
  EXPECT_EQ(view->ttl(), 64);
  EXPECT_EQ(view->protocol(), ip_protocol::kUdp);
  EXPECT_EQ(view->checksum(), 0xb861);
  EXPECT_TRUE(view->is_checksum_ok());
  EXPECT_EQ(view->src(), IpAddress::v4(192, 168, 0, 1));
  EXPECT_EQ(view->dst(), IpAddress::v4(192, 168, 0, 199));
  EXPECT_TRUE(view->options().empty());
  EXPECT_TRUE(view->payload().empty());
}

TEST(Ipv4View, WantsAllOfItsTotalLength) {
  EXPECT_EQ(shortest_accepted(datagram(), Ipv4View::parse), 22u);
  EXPECT_EQ(shortest_accepted(datagram(), Ipv4View::parse_quoted), 20u);
  const Bytes long_header = with_options("0101 0101 0101 0100");
  EXPECT_EQ(shortest_accepted(long_header, Ipv4View::parse), 28u);
  EXPECT_EQ(shortest_accepted(long_header, Ipv4View::parse_quoted), 28u);
}

TEST(Ipv4View, LeavesThePaddingOfTheLinkOut) {
  const Bytes frame = joined(datagram(), Bytes(24));
  const auto view = Ipv4View::parse(frame);
  ASSERT_TRUE(view);
  EXPECT_EQ(Bytes(view->payload().begin(), view->payload().end()), hex("6869"));
}

TEST(Ipv4View, GivesWhatIsThereOfAQuotedPayload) {
  const Bytes quote = with(datagram(), 2, 0x05);
  EXPECT_FALSE(Ipv4View::parse(quote));
  const auto view = Ipv4View::parse_quoted(quote);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->payload().size(), 2u);
}

TEST(Ipv4View, RefusesAHeaderThatContradictsItself) {
  for (const unsigned first_byte :
       {0x05u, 0x35u, 0x55u, 0x65u, 0xf5u, 0x40u, 0x44u, 0x46u, 0x4fu}) {
    EXPECT_FALSE(Ipv4View::parse(with(datagram(), 0, first_byte))) << first_byte;
  }
  for (const unsigned total : {0u, 8u, 19u, 23u, 255u}) {
    EXPECT_FALSE(Ipv4View::parse(with(datagram(), 3, total))) << total;
  }
}

struct Fragment {
  unsigned high, low;
  bool dont, more;
  std::uint32_t offset;
};

TEST(Ipv4View, ReadsTheFragmentWord) {
  const Fragment table[] = {{0x00, 0x00, false, false, 0},    {0x40, 0x00, true, false, 0},
                            {0x20, 0x00, false, true, 0},     {0x00, 0x01, false, false, 8},
                            {0x3f, 0xff, false, true, 65528}, {0x80, 0x00, false, false, 0}};
  for (const auto& row : table) {
    const Bytes packet = with(with(datagram(), 6, row.high), 7, row.low);
    const auto view = Ipv4View::parse(packet);
    ASSERT_TRUE(view);
    EXPECT_EQ(view->dont_fragment(), row.dont);
    EXPECT_EQ(view->more_fragments(), row.more);
    EXPECT_EQ(view->fragment_offset(), row.offset);
    EXPECT_EQ(view->is_fragment(), row.more || row.offset != 0);
  }
}

TEST(Ipv4View, FindsEverySingleBitErrorOfAHeader) {
  ASSERT_TRUE(Ipv4View::parse(datagram())->is_checksum_ok());
  for (std::size_t bit = 0; bit < 160; ++bit) {
    Bytes packet = datagram();
    packet[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    const auto view = Ipv4View::parse(packet);
    EXPECT_FALSE(view && view->is_checksum_ok()) << bit;
  }
}

struct OptionList {
  const char* bytes;
  bool walkable;
  bool source_route;
};

TEST(Ipv4View, WalksItsOptions) {
  const OptionList table[] = {
      {"0101 0101", true, false},
      {"0083 0400", true, false},  // behind End nothing counts
      {"00ff ffff", true, false},
      {"9404 0000", true, false},  // router alert
      {"8303 0400", true, true},   // loose source route
      {"0189 0304", true, true},   // strict, behind a NOP
      {"9404 0000 8907 0400 0000 0000", true, true},
      {"0101 0183", false, false},  // no length byte
      {"8300 0000", false, false},  // length 0 would loop
      {"8301 0000", false, false},
      {"4405 0000", false, false},  // one byte beyond the header
      {"44ff 0000", false, false},
      {"0202 0101", true, false},   // the shortest option, then NOPs
      {"0102 0101", false, false},  // its length runs into 1
  };
  for (const auto& row : table) {
    const Bytes packet = with_options(row.bytes);
    const auto view = Ipv4View::parse(packet);
    ASSERT_EQ(view.has_value(), row.walkable) << row.bytes;
    if (view) {
      EXPECT_EQ(view->has_source_route(), row.source_route) << row.bytes;
    }
  }
}

TEST(Ipv4Spec, WritesKnownBytes) {
  const Ipv4Spec spec{.src = IpAddress::v4(192, 168, 0, 1),
                      .dst = IpAddress::v4(192, 168, 0, 199),
                      .protocol = ip_protocol::kUdp,
                      .dont_fragment = true,
                      .payload_length = 0x73 - 20,
                      .options = {}};
  EXPECT_EQ(written(spec), hex("4500 0073 0000 4000 4011 b861 c0a8 0001 c0a8 00c7"));
}

RC_GTEST_PROP(Ipv4Spec, IsReadBackAsItWasWritten, ()) {
  const Bytes nops(*rc::gen::inRange<std::size_t>(0, 41), std::byte{1});
  const Ipv4Spec spec{.src = IpAddress::v4(*rc::gen::arbitrary<std::uint32_t>()),
                      .dst = IpAddress::v4(*rc::gen::arbitrary<std::uint32_t>()),
                      .protocol = *rc::gen::arbitrary<std::uint8_t>(),
                      .ttl = *rc::gen::arbitrary<std::uint8_t>(),
                      .tos = *rc::gen::arbitrary<std::uint8_t>(),
                      .identification = *rc::gen::arbitrary<std::uint16_t>(),
                      .dont_fragment = *rc::gen::arbitrary<bool>(),
                      .more_fragments = *rc::gen::arbitrary<bool>(),
                      .fragment_offset = 8 * *rc::gen::inRange<std::uint32_t>(0, 0x2000),
                      .payload_length = *rc::gen::inRange<std::size_t>(0, 0xffff - 60 + 1),
                      .options = nops};
  const Bytes header = written(spec);
  const auto view = Ipv4View::parse_quoted(header);
  RC_ASSERT(view.has_value());
  RC_ASSERT(view->is_checksum_ok());
  RC_ASSERT(view->header_length() == header.size());
  RC_ASSERT(view->total_length() == header.size() + spec.payload_length);
  RC_ASSERT(view->src() == spec.src && view->dst() == spec.dst);
  RC_ASSERT(view->protocol() == spec.protocol && view->ttl() == spec.ttl);
  RC_ASSERT(view->tos() == spec.tos && view->ecn() == (spec.tos & 3));
  RC_ASSERT(view->identification() == spec.identification);
  RC_ASSERT(view->dont_fragment() == spec.dont_fragment);
  RC_ASSERT(view->more_fragments() == spec.more_fragments);
  RC_ASSERT(view->fragment_offset() == spec.fragment_offset);
}

RC_GTEST_PROP(Ipv4View, StaysInsideWhateverAPeerSends, ()) {
  auto raw =
      *rc::gen::container<std::vector<std::uint8_t>>(64, rc::gen::inRange<std::uint8_t>(0, 12));
  raw[0] = static_cast<std::uint8_t>(0x40 | *rc::gen::inRange(0, 16));
  raw.resize(*rc::gen::inRange<std::size_t>(0, 65));
  const Bytes packet = first(std::as_bytes(std::span{raw}), raw.size());
  for (const auto& view : {Ipv4View::parse(packet), Ipv4View::parse_quoted(packet)}) {
    if (!view) continue;
    RC_ASSERT(view->payload().size() + view->header_length() <= packet.size());
    (void)view->has_source_route();
    (void)view->is_checksum_ok();
  }
}

}  // namespace
}  // namespace zs::wire
