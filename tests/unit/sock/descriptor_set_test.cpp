#include "sock/descriptor_set.hpp"

#include <gtest/gtest.h>

#include <climits>

namespace zs::sock {
namespace {

TEST(DescriptorSet, HandsOutTheLowestUpToTheLimit) {
  for (const std::uint32_t limit : {1u, 63u, 64u, 65u, 200u}) {
    DescriptorSet set(limit);
    for (std::uint32_t i = 0; i < limit; ++i) EXPECT_EQ(set.take(), static_cast<int>(i));
    EXPECT_EQ(set.take(), std::nullopt);
    EXPECT_EQ(set.count(), limit);
    for (std::uint32_t i : {limit - 1, limit / 2}) set.give_back(static_cast<int>(i));
    EXPECT_EQ(set.take(), static_cast<int>(limit / 2));
    if (limit > 1) {
      EXPECT_EQ(set.take(), static_cast<int>(limit - 1));
    }
    EXPECT_EQ(set.take(), std::nullopt);
  }
}

TEST(DescriptorSet, NobodyElsesNumberIsTaken) {
  DescriptorSet set(100);
  EXPECT_EQ(set.take(), 0);
  for (const int fd : {INT_MIN, -1, 1, 63, 64, 99, 100, 127, 128, INT_MAX}) {
    EXPECT_FALSE(set.is_taken(fd)) << fd;
  }
  EXPECT_TRUE(set.is_taken(0));
  set.give_back(0);
  EXPECT_FALSE(set.is_taken(0));
}

TEST(DescriptorSet, NoneAtAll) { EXPECT_EQ(DescriptorSet(0).take(), std::nullopt); }

}  // namespace
}  // namespace zs::sock
