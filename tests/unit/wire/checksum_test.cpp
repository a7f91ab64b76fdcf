#include "wire/checksum.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

#include "base/byte_order.hpp"
#include "base/random.hpp"
#include "unit/wire/hex.hpp"

namespace zs::wire {
namespace {

using namespace test;

std::uint16_t plain_checksum(std::span<const std::byte> data) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < data.size(); ++i) {
    sum += std::to_integer<std::uint32_t>(data[i]) << (i % 2 == 0 ? 8 : 0);
  }
  while (sum > 0xffff) sum = (sum >> 16) + (sum & 0xffff);
  return static_cast<std::uint16_t>(~sum);
}

TEST(Checksum, OfOddPiecesEqualsThePlainSum) {
  Random random(1);
  for (int round = 0; round < 5000; ++round) {
    Bytes data(random.below(300));
    for (auto& b : data) b = static_cast<std::byte>(random());
    ChecksumAccumulator sum;
    for (std::span<const std::byte> rest = data; !rest.empty();) {
      const std::size_t n = 1 + random.below(static_cast<std::uint32_t>(rest.size()));
      sum.add(rest.first(n));
      rest = rest.subspan(n);
    }
    ASSERT_EQ(sum.finish(), plain_checksum(data));
    ASSERT_EQ(checksum_finish(checksum_add(data)), plain_checksum(data));
  }
}

RC_GTEST_PROP(ChecksumProperty, VectorsAddUpToWhatWordsDo,
              (const std::vector<std::uint8_t>& seed, std::uint16_t length, std::uint8_t offset,
               std::uint64_t first)) {
  Bytes data(offset % 64 + length % 9'300u);
  for (std::size_t i = 0; i < data.size(); ++i) {
    data[i] = seed.empty() ? std::byte{0xff} : static_cast<std::byte>(seed[i % seed.size()]);
  }
  const auto bytes = std::span{data}.subspan(offset % 64);
  RC_ASSERT(checksum_fold(checksum_add(bytes, first)) ==
            checksum_fold(checksum_add_scalar(bytes, first)));
  RC_ASSERT(checksum_finish(checksum_add(bytes)) == plain_checksum(bytes));
}

// RFC 1071 §3 sums these bytes to ddf2.
TEST(Checksum, OfTheRfcsExample) {
  const Bytes data = hex("0001 f203 f4f5 f6f7");
  EXPECT_EQ(checksum_fold(checksum_add(data)), 0xddf2);
  EXPECT_EQ(checksum_finish(checksum_add(data)), 0x220d);
}

// All ones make every addition carry, and zeros none: the ends of the carry chains.
TEST(Checksum, CarriesAroundAtEveryLength) {
  for (std::size_t n = 0; n < 200; ++n) {
    for (const unsigned fill : {0x00u, 0x01u, 0x80u, 0xffu}) {
      const Bytes data(n, static_cast<std::byte>(fill));
      ASSERT_EQ(checksum_finish(checksum_add(data)), plain_checksum(data)) << n << ' ' << fill;
    }
  }
  const Bytes large(0x10000, std::byte{0xff});
  EXPECT_EQ(checksum_finish(checksum_add(large)), plain_checksum(large));
}

TEST(Checksum, DoesNotMindWhereItsBytesLie) {
  const Bytes data = hex("0011 2233 4455 6677 8899 aabb ccdd eeff 0123 4567 89");
  for (std::size_t at = 0; at < 16; ++at) {
    const Bytes shifted = joined(Bytes(at), data);
    EXPECT_EQ(checksum_finish(checksum_add(std::span{shifted}.subspan(at))), plain_checksum(data));
  }
}

TEST(Checksum, VerifiesToZeroOnceItIsPartOfTheData) {
  Random random(4);
  for (std::size_t n = 2; n < 200; n += 2) {
    Bytes data(n);
    for (auto& b : data) b = static_cast<std::byte>(random());
    store_be(data.data(), std::uint16_t{0});
    store_be(data.data(), checksum_finish(checksum_add(data)));
    EXPECT_EQ(checksum_finish(checksum_add(data)), 0) << n;
  }
}

TEST(ChecksumAccumulator, TakesEmptyPiecesAndAFirstSum) {
  const auto sum = pseudo_header_sum(IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2), 17, 3);
  ChecksumAccumulator pieces{sum};
  for (const char* piece : {"", "61", "", "62", "63", ""}) pieces.add(hex(piece));
  EXPECT_EQ(pieces.finish(), checksum_finish(checksum_add(hex("616263"), sum)));
}

// Worked by hand: the words of the pseudo-header and of "ab" behind a UDP header.
TEST(PseudoHeader, OfIpv4MatchesASumByHand) {
  // 0a00 + 0001 + 0a00 + 0002 + 0011 + 000a = 141e
  const auto sum =
      pseudo_header_sum(IpAddress::v4(10, 0, 0, 1), IpAddress::v4(10, 0, 0, 2), 17, 10);
  EXPECT_EQ(checksum_fold(sum), 0x141e);
  EXPECT_EQ(checksum_finish(sum), 0xebe1);
}

TEST(PseudoHeader, OfIpv6MatchesASumByHand) {
  // fe80 + 0001 + fe80 + 0002 + 0000 + 0020 + 003a = 1fd5d, which folds to fd5e
  const auto sum =
      pseudo_header_sum(*IpAddress::parse("fe80::1"), *IpAddress::parse("fe80::2"), 58, 32);
  EXPECT_EQ(checksum_fold(sum), 0xfd5e);
}

TEST(PseudoHeader, EqualsThePlainSumOfItsBytes) {
  Random random(5);
  for (int round = 0; round < 2000; ++round) {
    IpAddress::Bytes a{};
    IpAddress::Bytes b{};
    for (auto& byte : a) byte = static_cast<std::byte>(random());
    for (auto& byte : b) byte = static_cast<std::byte>(random());
    const auto length = static_cast<std::uint32_t>(random());
    const auto protocol = static_cast<std::uint8_t>(random());
    Bytes plain(40);
    std::copy(a.begin(), a.end(), plain.begin());
    std::copy(b.begin(), b.end(), plain.begin() + 16);
    store_be(&plain[32], length);
    plain[39] = std::byte{protocol};
    EXPECT_EQ(
        checksum_finish(pseudo_header_sum(IpAddress::v6(a), IpAddress::v6(b), protocol, length)),
        plain_checksum(plain));
  }
}

}  // namespace
}  // namespace zs::wire
