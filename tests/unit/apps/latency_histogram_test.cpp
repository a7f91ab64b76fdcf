#include "latency_histogram.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace zs::apps {
namespace {

using namespace std::chrono_literals;

TEST(LatencyHistogram, SaysNothingOfNothing) {
  const LatencyHistogram h;
  EXPECT_EQ(h.count(), 0u);
  EXPECT_EQ(h.mean(), 0ns);
  EXPECT_EQ(h.percentile(50), 0ns);
  EXPECT_EQ(h.max(), 0ns);
}

TEST(LatencyHistogram, KeepsShortLatenciesExactly) {
  LatencyHistogram h;
  for (int i = 1; i <= 100; ++i) h.record(Duration{i});
  EXPECT_EQ(h.percentile(50), 50ns);
  EXPECT_EQ(h.percentile(99), 99ns);
  EXPECT_EQ(h.percentile(100), 100ns);
  EXPECT_EQ(h.percentile(0), 1ns);
  EXPECT_EQ(h.mean(), 51ns) << "50.5, rounded";
}

TEST(LatencyHistogram, OneSlowOneShowsInTheTailOnly) {
  LatencyHistogram h;
  for (int i = 0; i < 999; ++i) h.record(100us);
  h.record(1s);
  EXPECT_NEAR(static_cast<double>(h.percentile(99.9).count()), 100e3, 800);
  EXPECT_EQ(h.percentile(99.95), 1s) << "never beyond the longest that there was";
  EXPECT_EQ(h.max(), 1s);
}

TEST(LatencyHistogram, WhatIsTooLongIsCountedAndKnownAsTheMaximum) {
  LatencyHistogram h;
  h.record(24h);
  h.record(-1ns);
  EXPECT_EQ(h.count(), 2u);
  EXPECT_EQ(h.max(), 24h);
  EXPECT_EQ(h.percentile(100), LatencyHistogram::kLongest);
  EXPECT_EQ(h.percentile(1), 0ns) << "a clock that stepped back is no latency";
}

RC_GTEST_PROP(LatencyHistogram, PercentilesAreWithinAHundredth, ()) {
  auto values = *rc::gen::nonEmpty(
      rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 1L << 41)));
  const double percent = *rc::gen::inRange(1, 101);
  LatencyHistogram h;
  for (const auto v : values) h.record(Duration{v});
  std::sort(values.begin(), values.end());
  const auto place =
      static_cast<std::size_t>(std::ceil(percent * static_cast<double>(values.size()) / 100));
  const auto exact = static_cast<double>(values[place - 1]);
  const auto told = static_cast<double>(h.percentile(percent).count());
  RC_ASSERT(told >= exact);
  RC_ASSERT(told <= exact * 1.008 + 1);
}

RC_GTEST_PROP(LatencyHistogram, PartsMergedAreTheWhole,
              (const std::vector<std::uint32_t>& a, const std::vector<std::uint32_t>& b)) {
  LatencyHistogram first;
  LatencyHistogram second;
  LatencyHistogram whole;
  for (const auto v : a) first.record(Duration{v}), whole.record(Duration{v});
  for (const auto v : b) second.record(Duration{v}), whole.record(Duration{v});
  first.merge(second);
  RC_ASSERT(first.count() == whole.count());
  RC_ASSERT(first.max() == whole.max());
  for (const double p : {1.0, 50.0, 99.9}) RC_ASSERT(first.percentile(p) == whole.percentile(p));
}

}  // namespace
}  // namespace zs::apps
