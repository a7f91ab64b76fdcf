#include "wire/nd.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <initializer_list>

#include "unit/wire/hex.hpp"

namespace zs::wire {
namespace {

using namespace test;

const IpAddress kTarget = *IpAddress::parse("fe80::2");
const MacAddress kMac = *MacAddress::parse("02:00:00:00:00:07");

constexpr const char* kSolicitation =
    "8700 0000 0000 0000 fe80 0000 0000 0000 0000 0000 0000 0002"
    "0101 0200 0000 0007";
constexpr const char* kAdvertisement =
    "8800 0000 6000 0000 fe80 0000 0000 0000 0000 0000 0000 0002"
    "0201 0200 0000 0007";
constexpr const char* kRouter =
    "8600 0000 40c0 0708 0000 7530 0000 03e8"
    "0101 0200 0000 0007"
    "0501 0000 0000 05dc"
    "0304 40c0 0001 5180 0000 3840 0000 0000 2001 0db8 0000 0000 0000 0000 0000 0000";

/// Accepts a message that ends behind its header or behind any whole option, and no other piece.
template <typename Message>
void expect_only_whole_options(const char* text, std::initializer_list<std::size_t> lengths) {
  const Bytes message = hex(text);
  for (std::size_t n = 0; n <= message.size(); ++n) {
    const Bytes piece = first(message, n);
    const bool whole = std::find(lengths.begin(), lengths.end(), n) != lengths.end();
    EXPECT_EQ(Message::parse(piece).has_value(), whole) << n;
  }
}

TEST(NeighborDiscovery, RefusesMessagesThatAreCut) {
  expect_only_whole_options<NeighborSolicitation>(kSolicitation, {24, 32});
  expect_only_whole_options<NeighborAdvertisement>(kAdvertisement, {24, 32});
  expect_only_whole_options<RouterAdvertisement>(kRouter, {16, 24, 32, 64});
  expect_only_whole_options<RouterSolicitation>("8500 0000 0000 0000 0101 0200 0000 0007", {8, 16});
}

TEST(NeighborSolicitation, ReadsAndWritesKnownBytes) {
  const Bytes bytes = hex(kSolicitation);
  const auto message = NeighborSolicitation::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->target, kTarget);
  EXPECT_EQ(message->options.link_layer(nd_option::kSourceLinkLayer), kMac);
  EXPECT_EQ(message->options.link_layer(nd_option::kTargetLinkLayer), std::nullopt);
  EXPECT_EQ(written(NeighborSolicitationSpec{kTarget, kMac}), bytes);
  EXPECT_EQ(written(NeighborSolicitationSpec{kTarget, std::nullopt}), first(bytes, 24));
}

TEST(NeighborAdvertisement, ReadsAndWritesEveryFlag) {
  for (unsigned bits = 0; bits < 8; ++bits) {
    const NeighborAdvertisementSpec spec{.target = kTarget,
                                         .router = (bits & 4) != 0,
                                         .solicited = (bits & 2) != 0,
                                         .override_cache = (bits & 1) != 0,
                                         .target_link_layer = kMac};
    const Bytes bytes = with(hex(kAdvertisement), 4, bits << 5);
    EXPECT_EQ(written(spec), bytes);
    const auto message = NeighborAdvertisement::parse(bytes);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->target, kTarget);
    EXPECT_EQ(message->router, spec.router);
    EXPECT_EQ(message->solicited, spec.solicited);
    EXPECT_EQ(message->override_cache, spec.override_cache);
    EXPECT_EQ(message->options.link_layer(nd_option::kTargetLinkLayer), kMac);
  }
}

TEST(RouterSolicitation, WritesKnownBytes) {
  EXPECT_EQ(written(RouterSolicitationSpec{kMac}), hex("8500 0000 0000 0000 0101 0200 0000 0007"));
  EXPECT_EQ(written(RouterSolicitationSpec{}), hex("8500 0000 0000 0000"));
}

TEST(RouterAdvertisement, ReadsEveryField) {
  const Bytes bytes = hex(kRouter);
  const auto message = RouterAdvertisement::parse(bytes);
  ASSERT_TRUE(message);
  EXPECT_EQ(message->hop_limit, 64);
  EXPECT_TRUE(message->managed);
  EXPECT_TRUE(message->other_configuration);
  EXPECT_EQ(message->lifetime_seconds, 1800);
  EXPECT_EQ(message->reachable_ms, 30000u);
  EXPECT_EQ(message->retransmit_ms, 1000u);
  EXPECT_EQ(message->options.link_layer(nd_option::kSourceLinkLayer), kMac);
  EXPECT_EQ(message->options.mtu(), 1500u);
  std::size_t prefixes = 0;
  message->options.for_each_prefix([&](const NdPrefixInformation& prefix) {
    ++prefixes;
    EXPECT_EQ(prefix.prefix.to_string(), "2001:db8::/64");
    EXPECT_TRUE(prefix.on_link);
    EXPECT_TRUE(prefix.autonomous);
    EXPECT_EQ(prefix.valid_lifetime_seconds, 86400u);
    EXPECT_EQ(prefix.preferred_lifetime_seconds, 14400u);
  });
  EXPECT_EQ(prefixes, 1u);
}

TEST(RouterAdvertisement, TellsItsFlagsApart) {
  for (const unsigned flags : {0x00u, 0x80u, 0x40u, 0x3fu}) {
    const Bytes bytes = with(with(hex(kRouter), 5, flags), 35, flags);
    const auto message = RouterAdvertisement::parse(bytes);
    ASSERT_TRUE(message);
    EXPECT_EQ(message->managed, flags == 0x80);
    EXPECT_EQ(message->other_configuration, flags == 0x40);
    message->options.for_each_prefix([flags](const NdPrefixInformation& prefix) {
      EXPECT_EQ(prefix.on_link, flags == 0x80);
      EXPECT_EQ(prefix.autonomous, flags == 0x40);
    });
  }
}

std::size_t count_prefixes(const Bytes& option) {
  std::size_t count = 0;
  const auto options = NdOptions::parse(option);
  if (options) options->for_each_prefix([&count](const NdPrefixInformation&) { ++count; });
  return count;
}

TEST(NdOptions, SkipsAPrefixThatCannotBe) {
  const Bytes router = hex(kRouter);
  const Bytes option{router.begin() + 32, router.end()};
  EXPECT_EQ(count_prefixes(option), 1u);
  EXPECT_EQ(count_prefixes(joined(option, option)), 2u);
  EXPECT_EQ(count_prefixes(with(option, 2, 128)), 1u);
  EXPECT_EQ(count_prefixes(with(option, 2, 129)), 0u);
  EXPECT_EQ(count_prefixes(with(option, 0, 4)), 0u);
  EXPECT_EQ(count_prefixes(joined(with(option, 1, 5), Bytes(8))), 0u);  // a length of its own
  const Bytes mapped = hex("0000 0000 0000 0000 0000 ffff 0a00 0001");
  EXPECT_EQ(count_prefixes(joined(first(option, 16), mapped)), 0u);
}

TEST(NdOptions, RefusesALengthOfZeroOrBeyondTheEnd) {
  EXPECT_TRUE(NdOptions::parse({}));
  for (const char* text : {"0100 0200 0000 0007", "0102 0200 0000 0007", "01ff 0200 0000 0007",
                           "0101 0200 0000 0007 0100 0000 0000 0000", "0101 0200 0000 0007 01"}) {
    EXPECT_FALSE(NdOptions::parse(hex(text))) << text;
  }
}

TEST(NdOptions, TakesTheFirstOptionOfTheRightLength) {
  const Bytes list =
      hex("0102 0200 0000 0001 0000 0000 0000 0000"  // not an Ethernet address
          "fe01 0000 0000 0000"                      // nobody knows it
          "0101 0200 0000 0007"
          "0101 0200 0000 0008");
  const auto options = NdOptions::parse(list);
  ASSERT_TRUE(options);
  EXPECT_EQ(options->link_layer(nd_option::kSourceLinkLayer), kMac);
  EXPECT_EQ(options->mtu(), std::nullopt);
  std::size_t count = 0;
  options->for_each([&count](std::uint8_t, std::span<const std::byte>) { ++count; });
  EXPECT_EQ(count, 4u);
}

RC_GTEST_PROP(NeighborDiscovery, StaysInsideWhateverAPeerSends, ()) {
  const auto raw = *rc::gen::container<std::vector<std::uint8_t>>(
      rc::gen::element<std::uint8_t>(0, 1, 1, 1, 2, 3, 4, 5, 64, 255));
  const Bytes message = first(std::as_bytes(std::span{raw}), raw.size());
  (void)NeighborSolicitation::parse(message);
  (void)NeighborAdvertisement::parse(message);
  (void)RouterAdvertisement::parse(message);
  const auto options = NdOptions::parse(message);
  if (!options) return;
  std::size_t bytes = 0;
  options->for_each([&](std::uint8_t, std::span<const std::byte> o) { bytes += o.size(); });
  RC_ASSERT(bytes == message.size());
  (void)options->link_layer(1);
  (void)options->mtu();
  (void)count_prefixes(message);
}

struct Group {
  const char* address;
  const char* mac;
};

TEST(Multicast, MapsToTheGroupsOfTheLink) {
  EXPECT_EQ(solicited_node_multicast(*IpAddress::parse("2001:db8::1:800:200e:8c6c")),
            IpAddress::parse("ff02::1:ff0e:8c6c"));
  const Group table[] = {{"224.0.0.1", "01:00:5e:00:00:01"},
                         {"239.255.255.250", "01:00:5e:7f:ff:fa"},
                         {"224.128.0.1", "01:00:5e:00:00:01"},  // only 23 bits are left
                         {"ff02::1", "33:33:00:00:00:01"},
                         {"ff02::1:ff0e:8c6c", "33:33:ff:0e:8c:6c"}};
  for (const auto& row : table) {
    EXPECT_EQ(multicast_mac(*IpAddress::parse(row.address)).to_string(), row.mac) << row.address;
  }
}

}  // namespace
}  // namespace zs::wire
