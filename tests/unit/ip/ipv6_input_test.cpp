#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "ip/incoming.hpp"
#include "wire/icmpv6.hpp"
#include "wire/ipv6.hpp"

namespace zs::ip {
namespace {

using Bytes = std::vector<std::byte>;

const IpAddress kPeerV6 = *IpAddress::parse("2001:db8::2");
const IpAddress kOursV6 = *IpAddress::parse("2001:db8::1");

Bytes octets(std::initializer_list<int> values) {
  Bytes b;
  for (const int v : values) b.push_back(static_cast<std::byte>(v));
  return b;
}

Bytes packet(std::uint8_t next_header, const Bytes& body) {
  const wire::Ipv6Spec spec{.src = kPeerV6,
                            .dst = kOursV6,
                            .next_header = next_header,
                            .hop_limit = 3,
                            .payload_length = body.size()};
  Bytes b(wire::Ipv6Spec::size());
  spec.write(b);
  b.insert(b.end(), body.begin(), body.end());
  return b;
}

ParseResult parse_v6(const Bytes& b) { return parse_ipv6(b, static_cast<std::uint32_t>(b.size())); }

TEST(Ipv6Input, TakesTheHeaderAway) {
  Bytes b = packet(17, Bytes(12));
  b.resize(b.size() + 6);  // link padding
  const auto result = parse_v6(b);
  ASSERT_TRUE(result.packet);
  EXPECT_EQ(result.packet->src, kPeerV6);
  EXPECT_EQ(result.packet->dst, kOursV6);
  EXPECT_EQ(result.packet->protocol, 17);
  EXPECT_EQ(result.packet->hop_limit, 3);
  EXPECT_EQ(result.packet->header_bytes, 40);
  EXPECT_EQ(result.packet->transport_bytes, 12u);
  EXPECT_EQ(result.packet->protocol_pointer, 6u);
}

TEST(Ipv6Input, WalksExtensions) {
  // Hop-by-hop and destination options of nothing but padding, then UDP.
  Bytes body = octets({60, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0});
  body.resize(body.size() + 8);
  const auto result = parse_v6(packet(0, body));
  ASSERT_TRUE(result.packet);
  EXPECT_EQ(result.packet->protocol, 17);
  EXPECT_EQ(result.packet->header_bytes, 56);
  EXPECT_EQ(result.packet->transport_bytes, 8u);
  EXPECT_EQ(result.packet->protocol_pointer, 48u);
}

TEST(Ipv6Input, SaysWhyNotAndWhatTheSenderDeserves) {
  struct Case {
    const char* what;
    std::uint8_t next;
    Bytes body;
    Drop drop;
    std::optional<ParameterProblem> problem;
  };
  using namespace wire::icmpv6_parameter;
  const Case cases[] = {
      {"fragment of odd length", 44, octets({17, 0, 0, 1, 0, 0, 0, 1, 0, 0}),
       Drop::kFragmentMalformed, ParameterProblem{kHeaderField, 4, false}},
      {"first fragment without its transport", 44,
       octets({6, 0, 0, 1, 0, 0, 0, 1, 60, 0, 1, 4, 0, 0, 0, 0}), Drop::kFragmentMalformed,
       ParameterProblem{kIncompleteChain, 0, false}},
      {"no next header", 59, {}, Drop::kIpNoProtocol, {}},
      {"extension cut off", 0, octets({17, 1, 1, 4, 0, 0, 0, 0}), Drop::kIpMalformed, {}},
      {"hop-by-hop not first", 60, octets({0, 0, 1, 4, 0, 0, 0, 0, 17, 0, 1, 4, 0, 0, 0, 0}),
       Drop::kIpMalformed, ParameterProblem{kNextHeader, 40, false}},
      {"routing type 0 with segments left", 43, octets({17, 0, 0, 1, 0, 0, 0, 0}),
       Drop::kIpMalformed, ParameterProblem{kHeaderField, 42, false}},
      {"unknown option, report", 60, octets({17, 0, 0x80, 4, 0, 0, 0, 0}), Drop::kIpMalformed,
       ParameterProblem{kOption, 42, true}},
      {"unknown option, report to one", 60, octets({17, 0, 0xc0, 4, 0, 0, 0, 0}),
       Drop::kIpMalformed, ParameterProblem{kOption, 42, false}},
      {"unknown option, discard", 60, octets({17, 0, 0x40, 4, 0, 0, 0, 0}), Drop::kIpMalformed, {}},
  };
  for (const Case& c : cases) {
    const auto result = parse_v6(packet(c.next, c.body));
    EXPECT_FALSE(result.packet) << c.what;
    EXPECT_EQ(result.drop, c.drop) << c.what;
    ASSERT_EQ(result.problem.has_value(), c.problem.has_value()) << c.what;
    if (!c.problem) continue;
    EXPECT_EQ(result.problem->code, c.problem->code) << c.what;
    EXPECT_EQ(result.problem->pointer, c.problem->pointer) << c.what;
    EXPECT_EQ(result.problem->even_if_multicast, c.problem->even_if_multicast) << c.what;
    EXPECT_EQ(result.addresses.src, kPeerV6) << c.what;
    EXPECT_EQ(result.addresses.dst, kOursV6) << c.what;
  }
}

TEST(Ipv6Input, RefusesMappedAddresses) {
  for (const std::size_t at : {8u, 24u}) {
    Bytes b = packet(17, Bytes(8));
    const auto mapped = IpAddress::v4(10, 0, 0, 2).to_bytes();
    std::copy(mapped.begin(), mapped.end(), b.begin() + static_cast<long>(at));
    EXPECT_EQ(parse_v6(b).drop, Drop::kIpBadSource);
    EXPECT_FALSE(parse_v6(b).packet);
  }
}

TEST(Ipv6Input, EveryTruncationIsMalformed) {
  const Bytes whole = packet(17, Bytes(8));
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto result = parse_v6(Bytes(whole.begin(), whole.begin() + static_cast<long>(n)));
    EXPECT_FALSE(result.packet);
    EXPECT_EQ(result.drop, Drop::kIpMalformed) << n;
  }
}

}  // namespace
}  // namespace zs::ip
