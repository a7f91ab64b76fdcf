#include <gtest/gtest.h>

#include <functional>
#include <vector>

#include "ip/incoming.hpp"
#include "wire/ipv4.hpp"

namespace zs::ip {
namespace {

using Bytes = std::vector<std::byte>;

Bytes packet(const std::function<void(wire::Ipv4Spec&)>& change = nullptr) {
  wire::Ipv4Spec spec{.src = IpAddress::v4(10, 0, 0, 2),
                      .dst = IpAddress::v4(10, 0, 0, 1),
                      .protocol = 17,
                      .ttl = 9,
                      .payload_length = 12,
                      .options = {}};
  if (change) change(spec);
  Bytes b(spec.size());
  spec.write(b);
  b.resize(b.size() + 12);
  return b;
}

ParseResult parse(const Bytes& b, HeaderChecksum sum = HeaderChecksum::kVerify) {
  return parse_ipv4(b, static_cast<std::uint32_t>(b.size()), sum);
}

TEST(Ipv4Input, TakesTheHeaderAway) {
  const std::byte nops[] = {std::byte{1}, std::byte{1}, std::byte{1}, std::byte{0}};
  for (const bool with_options : {false, true}) {
    Bytes b = packet([&](auto& spec) {
      if (with_options) spec.options = nops;
    });
    b.resize(b.size() + 20);  // link padding
    const auto result = parse(b);
    ASSERT_TRUE(result.packet);
    EXPECT_EQ(result.packet->src, IpAddress::v4(10, 0, 0, 2));
    EXPECT_EQ(result.packet->dst, IpAddress::v4(10, 0, 0, 1));
    EXPECT_EQ(result.packet->protocol, 17);
    EXPECT_EQ(result.packet->hop_limit, 9);
    EXPECT_EQ(result.packet->header_bytes, with_options ? 24 : 20);
    EXPECT_EQ(result.packet->transport_bytes, 12u);
  }
}

TEST(Ipv4Input, SaysWhyNot) {
  const auto expect = [](const Bytes& b, Drop why, const char* what) {
    const auto result = parse(b);
    EXPECT_FALSE(result.packet) << what;
    EXPECT_EQ(result.drop, why) << what;
    EXPECT_FALSE(result.problem) << what;
  };
  Bytes b = packet();
  b[8] ^= std::byte{1};
  expect(b, Drop::kIpBadChecksum, "TTL changed on the way");
  EXPECT_TRUE(parse(b, HeaderChecksum::kKnownGood).packet);
  b = packet();
  b.pop_back();
  expect(b, Drop::kIpMalformed, "shorter than it says");
  b = packet();
  b[0] = std::byte{0x65};
  expect(b, Drop::kIpMalformed, "version 6");
  expect(packet([](auto& s) { s.more_fragments = true; }), Drop::kFragmentMalformed,
         "first fragment");
  expect(packet([](auto& s) { s.fragment_offset = 8; }), Drop::kFragmentMalformed,
         "later fragment");
  const std::byte route[] = {std::byte{0x83}, std::byte{7}, std::byte{4}, std::byte{1},
                             std::byte{2},    std::byte{3}, std::byte{4}, std::byte{0}};
  expect(packet([&](auto& s) { s.options = route; }), Drop::kIpSourceRoute, "source route");
  expect({}, Drop::kIpMalformed, "nothing");
}

TEST(Ipv4Input, EveryTruncationIsMalformed) {
  const Bytes whole = packet();
  for (std::size_t n = 0; n < whole.size(); ++n) {
    const auto result = parse(Bytes(whole.begin(), whole.begin() + static_cast<long>(n)));
    EXPECT_FALSE(result.packet);
    EXPECT_EQ(result.drop, Drop::kIpMalformed) << n;
  }
}

}  // namespace
}  // namespace zs::ip
