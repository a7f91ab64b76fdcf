#include "wire/tcp.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/random.hpp"

namespace zs::wire {
namespace {

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

TEST(TcpView, RefusesEveryTruncationOfAHeader) {
  TcpHeaderSpec spec;
  spec.options.mss = 1460;
  spec.options.sack_permitted = true;
  std::vector<std::byte> out(spec.size());
  spec.write(out);
  for (std::size_t n = 0; n < out.size(); ++n) {
    EXPECT_FALSE(TcpView::parse(std::span{out}.first(n))) << n;
  }
  EXPECT_TRUE(TcpView::parse(out));
}

}  // namespace
}  // namespace zs::wire
