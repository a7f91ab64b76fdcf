#include "wire/ipv6.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "unit/wire/hex.hpp"

namespace zs::wire {
namespace {

using namespace test;
using End = Ipv6WalkEnd;

Bytes packet() {
  return hex(
      "6ab1 2345 0004 1140"
      "2001 0db8 0000 0000 0000 0000 0000 0001"
      "2001 0db8 0000 0000 0000 0000 0000 0002"
      "0102 0304");
}

TEST(Ipv6View, ReadsEveryField) {
  const Bytes bytes = joined(packet(), Bytes(6));  // padding of the link behind the payload
  const auto view = Ipv6View::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->traffic_class(), 0xab);
  EXPECT_EQ(view->ecn(), 3);
  EXPECT_EQ(view->flow_label(), 0x12345u);
  EXPECT_EQ(view->payload_length(), 4);
  EXPECT_EQ(view->next_header(), ip_protocol::kUdp);
  EXPECT_EQ(view->hop_limit(), 64);
  EXPECT_EQ(view->src(), IpAddress::parse("2001:db8::1"));
  EXPECT_EQ(view->dst(), IpAddress::parse("2001:db8::2"));
  EXPECT_EQ(Bytes(view->payload().begin(), view->payload().end()), hex("01020304"));
}

TEST(Ipv6View, WantsAllOfItsPayload) {
  EXPECT_EQ(shortest_accepted(packet(), Ipv6View::parse), 44u);
  EXPECT_EQ(shortest_accepted(packet(), Ipv6View::parse_quoted), 40u);
  const Bytes quote = first(packet(), 42);
  EXPECT_EQ(Ipv6View::parse_quoted(quote)->payload().size(), 2u);
  const Bytes empty = first(with(packet(), 5, 0), 40);
  ASSERT_TRUE(Ipv6View::parse(empty));
  EXPECT_TRUE(Ipv6View::parse(empty)->payload().empty());
  EXPECT_FALSE(Ipv6View::parse(with(packet(), 4, 0xff)));
}

TEST(Ipv6View, RefusesEveryOtherVersion) {
  for (unsigned version = 0; version < 16; ++version) {
    EXPECT_EQ(Ipv6View::parse(with(packet(), 0, version << 4)).has_value(), version == 6);
  }
}

RC_GTEST_PROP(Ipv6Spec, IsReadBackAsItWasWritten, ()) {
  const auto address = [] {
    IpAddress::Bytes bytes{};
    store_be(bytes.data(), *rc::gen::arbitrary<std::uint64_t>());
    store_be(bytes.data() + 8, *rc::gen::arbitrary<std::uint64_t>());
    return IpAddress::v6(bytes);
  };
  const Ipv6Spec spec{.src = address(),
                      .dst = address(),
                      .next_header = *rc::gen::arbitrary<std::uint8_t>(),
                      .hop_limit = *rc::gen::arbitrary<std::uint8_t>(),
                      .traffic_class = *rc::gen::arbitrary<std::uint8_t>(),
                      .flow_label = *rc::gen::inRange<std::uint32_t>(0, 0x10'0000),
                      .payload_length = *rc::gen::inRange<std::size_t>(0, 0x1'0000)};
  const Bytes header = written(spec);
  const auto view = Ipv6View::parse_quoted(header);
  RC_ASSERT(view.has_value());
  RC_ASSERT(view->src() == spec.src && view->dst() == spec.dst);
  RC_ASSERT(view->next_header() == spec.next_header && view->hop_limit() == spec.hop_limit);
  RC_ASSERT(view->traffic_class() == spec.traffic_class);
  RC_ASSERT(view->flow_label() == spec.flow_label);
  RC_ASSERT(view->payload_length() == spec.payload_length);
}

struct Walk {
  const char* what;
  std::uint8_t next_header;
  const char* payload;
  End end;
  std::uint8_t protocol;
  std::size_t offset;
  std::ptrdiff_t pointer;
};

constexpr std::uint8_t kHop = ip_protocol::kHopByHop;
constexpr std::uint8_t kDest = ip_protocol::kDestination;
constexpr std::uint8_t kRoute = ip_protocol::kRouting;
constexpr std::uint8_t kFrag = ip_protocol::kFragment;
constexpr std::uint8_t kAuth = ip_protocol::kAuthentication;
constexpr std::uint8_t kTcp = ip_protocol::kTcp;

const Walk kWalks[] = {
    {"no extension", kTcp, "0000", End::kUpperLayer, kTcp, 0, -34},
    {"unknown protocol", 253, "", End::kUpperLayer, 253, 0, -34},
    {"ESP is an upper layer", ip_protocol::kEsp, "", End::kUpperLayer, ip_protocol::kEsp, 0, -34},
    {"nothing at all", ip_protocol::kNoNext, "ffff", End::kNoNext, ip_protocol::kNoNext, 0, -34},
    {"hop-by-hop, PadN", kHop, "0600 0104 0000 0000 aaaa", End::kUpperLayer, kTcp, 8, 0},
    {"Pad1 only", kDest, "0600 0000 0000 0000", End::kUpperLayer, kTcp, 8, 0},
    {"router alert", kHop, "3a00 0502 0000 0100", End::kUpperLayer, 58, 8, 0},
    {"hop-by-hop, then destination", kHop,
     "3c00 0104 0000 0000 0601 010c 0000 0000 0000 0000 0000 0000", End::kUpperLayer, kTcp, 24, 8},
    {"hop-by-hop in second place", kDest, "0000 0104 0000 0000 0600 0104 0000 0000",
     End::kBadHopByHop, kHop, 8, 0},
    {"hop-by-hop twice", kHop, "0000 0104 0000 0000 0600 0104 0000 0000", End::kBadHopByHop, kHop,
     8, 0},
    {"option 00: skip", kDest, "0600 3e04 0000 0000", End::kUpperLayer, kTcp, 8, 0},
    {"option 01: discard", kDest, "0600 7e04 0000 0000", End::kOptionDiscard, kDest, 0, 2},
    {"option 10: report", kDest, "0600 0100 be02 0000", End::kOptionReport, kDest, 0, 4},
    {"option 11: report unless multicast", kDest, "0600 0000 00c2 0100",
     End::kOptionReportUnlessMulticast, kDest, 0, 5},
    {"jumbo payload is not spoken", kHop, "0600 c204 0001 0000", End::kOptionReportUnlessMulticast,
     kHop, 0, 2},
    {"option beyond its header", kDest, "0600 0105 0000 0000 0000", End::kMalformed, kDest, 0, 0},
    {"unknown option beyond its header", kDest, "0600 beff 0000 0000", End::kMalformed, kDest, 0,
     0},
    {"option without a length", kDest, "0600 0103 0000 003e", End::kMalformed, kDest, 0, 0},
    {"header beyond the packet", kDest, "0601 0104 0000 0000", End::kMalformed, kDest, 0, 0},
    {"longest header beyond the packet", kDest, "06ff 0104 0000 0000", End::kMalformed, kDest, 0,
     0},
    {"half a header", kDest, "0600 0104", End::kMalformed, kDest, 0, 0},
    {"second header missing", kHop, "3c00 0104 0000 0000", End::kMalformed, kDest, 8, 0},
    {"routing, none left", kRoute, "0600 0000 0000 0000", End::kUpperLayer, kTcp, 8, 0},
    {"routing, one left", kRoute, "0600 0001 0000 0000", End::kRouting, kRoute, 0, 2},
    {"authentication", kAuth, "0604 0000 0000 0001 0000 0001 0000 0000 0000 0000 0000 0000",
     End::kUpperLayer, kTcp, 24, 0},
    {"authentication beyond the packet", kAuth, "0604 0000 0000 0001", End::kMalformed, kAuth, 0,
     0},
    {"first fragment", kFrag, "0600 0001 dead beef aaaa", End::kFragment, kTcp, 8, 0},
    {"last fragment", kFrag, "0600 0008 dead beef", End::kFragment, kTcp, 8, 0},
    {"fragment's reserved byte is no length", kFrag, "06ff 0001 dead beef", End::kFragment, kTcp, 8,
     0},
    {"fragment of an extension", kFrag, "3c00 0001 dead beef", End::kFragment, kDest, 8, 0},
    {"atomic fragment", kFrag, "0600 0000 dead beef", End::kUpperLayer, kTcp, 8, 0},
    {"half a fragment header", kFrag, "0600 0001 dead", End::kMalformed, kFrag, 0, 0},
};

TEST(Ipv6Walk, EndsWhereTheRfcSays) {
  for (const auto& row : kWalks) {
    const Bytes payload = hex(row.payload);
    const auto walk = walk_ipv6_extensions(row.next_header, payload);
    EXPECT_EQ(walk.end, row.end) << row.what;
    EXPECT_EQ(walk.protocol, row.protocol) << row.what;
    EXPECT_EQ(walk.offset, row.offset) << row.what;
    // Whoever drops in silence points nowhere.
    if (row.end != End::kMalformed) {
      EXPECT_EQ(walk.pointer, row.pointer) << row.what;
    }
    EXPECT_EQ(walk.authenticated, row.next_header == kAuth && row.end == End::kUpperLayer);
  }
}

TEST(Ipv6Walk, NamesTheFragment) {
  const Ipv6Fragment table[] = {
      {0, true, 0xdeadbeef}, {8, false, 1}, {65528, true, 0}, {0, false, 7}};
  for (const auto& fragment : table) {
    Bytes header(Ipv6Fragment::kHeader);
    fragment.write(header, kTcp);
    const auto walk = walk_ipv6_extensions(kFrag, header);
    EXPECT_EQ(walk.fragment, fragment);
    EXPECT_EQ(walk.protocol, kTcp);
  }
  EXPECT_EQ(walk_ipv6_extensions(kTcp, {}).fragment, std::nullopt);
}

TEST(Ipv6Walk, GivesUpOnAChainThatIsTooLong) {
  for (const std::size_t count : {kIpv6MaxExtensions, kIpv6MaxExtensions + 1}) {
    Bytes chain;
    for (std::size_t i = 1; i <= count; ++i) {
      chain = joined(chain, with(hex("3c00 0104 0000 0000"), 0, i == count ? kTcp : kDest));
    }
    EXPECT_EQ(walk_ipv6_extensions(kDest, chain).end,
              count > kIpv6MaxExtensions ? End::kTooMany : End::kUpperLayer);
  }
}

TEST(Ipv6Walk, IsMalformedWhereverAHeaderIsCut) {
  const Bytes chain =
      hex("2b00 0104 0000 0000"                      // hop-by-hop
          "3c00 0000 0000 0000"                      // routing, none left
          "3301 010c 0000 0000 0000 0000 0000 0000"  // destination
          "0602 0000 0000 0001 0000 0001 0000 0000");
  for (std::size_t n = 0; n < chain.size(); ++n) {
    const Bytes piece = first(chain, n);
    EXPECT_EQ(walk_ipv6_extensions(kHop, piece).end, End::kMalformed) << n;
  }
  const auto walk = walk_ipv6_extensions(kHop, chain);
  EXPECT_EQ(walk.end, End::kUpperLayer);
  EXPECT_EQ(walk.offset, chain.size());
  EXPECT_EQ(walk.pointer, 32);
}

RC_GTEST_PROP(Ipv6Walk, StaysInsideWhateverAPeerSends, ()) {
  const auto number = rc::gen::element<std::uint8_t>(0, 0, 1, 4, 5, 6, 43, 44, 51, 60, 0xc2, 0xff);
  const auto raw = *rc::gen::container<std::vector<std::uint8_t>>(number);
  const Bytes payload = first(std::as_bytes(std::span{raw}), raw.size());
  const auto walk = walk_ipv6_extensions(*number, payload);
  RC_ASSERT(walk.offset <= payload.size());
  RC_ASSERT(walk.pointer >= -34);
  RC_ASSERT(walk.pointer < static_cast<std::ptrdiff_t>(payload.size()) || payload.empty());
}

}  // namespace
}  // namespace zs::wire
