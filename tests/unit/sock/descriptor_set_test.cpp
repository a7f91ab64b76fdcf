#include "sock/descriptor_set.hpp"

#include <gtest/gtest.h>

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

TEST(DescriptorSet, NoneAtAll) { EXPECT_EQ(DescriptorSet(0).take(), std::nullopt); }

}  // namespace
}  // namespace zs::sock
