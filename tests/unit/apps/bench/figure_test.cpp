#include "bench/figure.hpp"

#include <gtest/gtest.h>

namespace zs::bench {
namespace {

Figure of(std::initializer_list<double> values) {
  Figure f;
  for (const double v : values) f.add(v);
  return f;
}

TEST(Figure, KnowsMiddleAndEnds) {
  EXPECT_EQ(of({}).median(), 0);
  EXPECT_EQ(of({3}).median(), 3);
  EXPECT_EQ(of({9, 1, 5}).median(), 5);
  EXPECT_EQ(of({4, 1, 9, 2}).median(), 3);
  EXPECT_EQ(of({4, 1, 9, 2}).least(), 1);
  EXPECT_EQ(of({4, 1, 9, 2}).most(), 9);
}

TEST(Figure, NumbersAreReadable) {
  EXPECT_EQ(with_commas(0), "0");
  EXPECT_EQ(with_commas(999.4), "999");
  EXPECT_EQ(with_commas(999.5), "1,000");
  EXPECT_EQ(with_commas(1'234'567), "1,234,567");
  EXPECT_EQ(with_commas(-1'000), "-1,000");
}

}  // namespace
}  // namespace zs::bench
