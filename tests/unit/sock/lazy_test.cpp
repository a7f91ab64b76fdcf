#include "sock/lazy.hpp"

#include <gtest/gtest.h>

namespace zs::sock {
namespace {

TEST(LazyValue, is_there_once_it_was_set) {
  Lazy<int> lazy;
  EXPECT_FALSE(lazy);
  EXPECT_EQ(lazy.value_or(3), 3);
  lazy = 5;
  EXPECT_TRUE(lazy);
  EXPECT_EQ(*lazy, 5);
  lazy = 6;
  EXPECT_EQ(lazy.value_or(3), 6);
  lazy.reset();
  EXPECT_FALSE(lazy);
  EXPECT_LE(sizeof lazy, sizeof(void*));
}

}  // namespace
}  // namespace zs::sock
