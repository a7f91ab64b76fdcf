#include "wire/checksum.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.hpp"

namespace zs::wire {
namespace {

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
    std::vector<std::byte> data(random.below(300));
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

}  // namespace
}  // namespace zs::wire
