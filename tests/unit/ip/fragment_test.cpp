#include "ip/fragment.hpp"

#include <gtest/gtest.h>

#include <set>
#include <utility>
#include <vector>

#include "ip/incoming.hpp"
#include "ip/reassembly.hpp"

namespace zs::ip {
namespace {

using Bytes = std::vector<std::byte>;

struct Pair {
  IpAddress src, dst;
};
const Pair kPairs[] = {{IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2)},
                       {*IpAddress::parse("2001:db8::1"), *IpAddress::parse("2001:db8::2")}};

class FragmentTest : public testing::Test {
 protected:
  /// A packet of `size` transport bytes in segments of 700.
  buf::Mbuf make(const Pair& pair, std::uint32_t size) {
    Bytes payload(size);
    for (std::uint32_t i = 0; i < size; ++i) payload[i] = static_cast<std::byte>(i * 3 + i / 256);
    buf::Mbuf packet;
    for (std::size_t at = 0; at < size; at += 700) {
      auto part = *buf::Mbuf::copy_of(
          std::span{payload}.subspan(at, std::min<std::size_t>(700, size - at)), *data);
      if (!packet) {
        packet = std::move(part);
      } else {
        packet.append_chain(std::move(part));
      }
    }
    EXPECT_TRUE(prepend_header(
        packet,
        {.src = pair.src, .dst = pair.dst, .protocol = 17, .hop_limit = 9, .flow_label = 0xabcde}));
    return packet;
  }

  std::unique_ptr<buf::Pool> data =
      *buf::Pool::create({.name = "data", .count = 2'048, .data_room = 2'048});
  std::unique_ptr<buf::Pool> indirect =
      *buf::Pool::create({.name = "indirect", .count = 2'048, .data_room = 0});
  buf::Pools pools{data.get(), indirect.get()};
};

TEST_F(FragmentTest, WhatIsCutComesTogether) {
  for (const Pair& pair : kPairs) {
    for (const std::uint32_t size : {1'500u, 1'481u, 9'000u, 65'000u}) {
      for (const std::uint16_t mtu : {std::uint16_t{1'280}, std::uint16_t{1'500}}) {
        DropCounters drops;
        Reassembler table({}, {1, 2}, pools, drops);
        buf::Mbuf packet = make(pair, size);
        Bytes sent(packet.length());
        packet.copy_out(0, sent);
        const auto before = data->in_use();
        Fragmenter cut(std::move(packet), 0x12345, mtu);
        std::optional<buf::Mbuf> whole;
        std::uint32_t count = 0;
        while (!cut.done()) {
          auto fragment = cut.next(pools);
          ASSERT_TRUE(fragment);
          ++count;
          EXPECT_LE(fragment->length(), mtu);
          const auto parsed = pair.src.is_v4() ? parse_ipv4(fragment->first(), fragment->length(),
                                                            HeaderChecksum::kVerify)
                                               : parse_ipv6(fragment->first(), fragment->length());
          ASSERT_FALSE(whole);
          // In one piece, as it would come from a wire.
          Bytes b(fragment->length());
          fragment->copy_out(0, b);
          const auto again = pair.src.is_v4()
                                 ? parse_ipv4(b, fragment->length(), HeaderChecksum::kVerify)
                                 : parse_ipv6(b, fragment->length());
          ASSERT_TRUE(again.fragment) << parsed.fragment.has_value();
          EXPECT_EQ(again.fragment->identification, pair.src.is_v4() ? 0x2345u : 0x12345u);
          EXPECT_EQ(again.addresses.hop_limit, 9);
          whole = table.add(again.addresses, *again.fragment, *buf::Mbuf::copy_of(b, *data), {},
                            Instant::from_ns(1));
        }
        EXPECT_EQ(count, (size + ((mtu - (pair.src.is_v4() ? 20u : 48u)) & ~7u) - 1) /
                             ((mtu - (pair.src.is_v4() ? 20u : 48u)) & ~7u));
        ASSERT_TRUE(whole);
        Bytes got(whole->length());
        whole->copy_out(0, got);
        ASSERT_EQ(got.size(), sent.size());
        const std::size_t header = header_size(pair.src.family());
        EXPECT_TRUE(std::equal(got.begin() + static_cast<long>(header), got.end(),
                               sent.begin() + static_cast<long>(header)));
        EXPECT_GT(before, 0u);
      }
    }
  }
  EXPECT_EQ(data->in_use(), 0u);
  EXPECT_EQ(indirect->in_use(), 0u);
}

TEST_F(FragmentTest, NoPayloadIsCopied) {
  buf::Mbuf packet = make(kPairs[0], 4'200);
  const auto before = data->in_use();
  Fragmenter cut(std::move(packet), 1, 1'500);
  const auto fragment = cut.next(pools);
  ASSERT_TRUE(fragment);
  EXPECT_EQ(data->in_use(), before + 1);  // its header
  EXPECT_EQ(buf::headroom(fragment->get()), buf::kHeadroom);
  EXPECT_EQ((*fragment)->l3_len, 20);
}

TEST_F(FragmentTest, WithoutBuffersItStops) {
  for (const bool descriptors : {false, true}) {
    Fragmenter cut(make(kPairs[1], 4'200), 1, 1'500);
    buf::Pool& pool = descriptors ? *indirect : *data;
    pool.fail_after_for_test(0);
    EXPECT_EQ(cut.next(pools).error(), Errc::kNoBuffers);
    pool.fail_after_for_test(UINT32_MAX);
  }
  EXPECT_EQ(data->in_use(), 0u);
}

TEST(FragmentIds, CountUpFromASecretOfThePair) {
  FragmentIds a({1, 2});
  FragmentIds b({1, 3});
  const std::uint32_t first = a.next(kPairs[0].src, kPairs[0].dst);
  EXPECT_EQ(a.next(kPairs[0].src, kPairs[0].dst), first + 1);
  EXPECT_NE(b.next(kPairs[0].src, kPairs[0].dst), first);
  EXPECT_NE(a.next(kPairs[1].src, kPairs[1].dst), first + 2);
  std::set<std::uint16_t> seen;
  for (int i = 0; i < 60'000; ++i) {
    EXPECT_TRUE(
        seen.insert(static_cast<std::uint16_t>(a.next(kPairs[1].src, kPairs[1].dst))).second);
  }
}

}  // namespace
}  // namespace zs::ip
