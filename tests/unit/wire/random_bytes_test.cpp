#include <gtest/gtest.h>

#include <vector>

#include "base/random.hpp"
#include "wire/checksum.hpp"
#include "wire/tcp.hpp"

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

TEST(TcpOptions, RandomListsThatParseSurviveARoundTrip) {
  Random random(2);
  for (int round = 0; round < 200000; ++round) {
    std::vector<std::byte> list(random.below(41));
    for (auto& b : list) b = static_cast<std::byte>(random.below(12));
    const auto options = parse_tcp_options(list);
    if (!options) continue;
    const TcpHeaderSpec spec{.options = *options};
    std::vector<std::byte> out(spec.size());
    spec.write(out);
    const auto view = TcpView::parse(out);
    ASSERT_TRUE(view);
    const auto again = parse_tcp_options(view->options());
    ASSERT_TRUE(again);
    EXPECT_EQ(again->timestamps, options->timestamps);
    EXPECT_EQ(again->mss, options->mss);
    EXPECT_EQ(again->window_scale, options->window_scale);
    EXPECT_LE(again->sack_count, options->sack_count);
  }
}

}  // namespace
}  // namespace zs::wire
