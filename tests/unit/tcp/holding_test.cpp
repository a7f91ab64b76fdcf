#include "tcp/holding.hpp"

#include <gtest/gtest.h>

namespace zs::tcp {
namespace {

constexpr SeqNum kNext{1'000};

TEST(Holding, holds_nothing_by_itself) {
  const Holding h;
  EXPECT_FALSE(h.holds(false, kNext));
  EXPECT_FALSE(h.is_unfinished());
}

TEST(Holding, a_cork_holds_until_it_is_pulled) {
  const Holding h;
  EXPECT_TRUE(h.holds(true, kNext));
  EXPECT_FALSE(h.is_unfinished());
}

TEST(Holding, more_holds_until_the_next_write_without) {
  Holding h;
  h.on_write(true);
  EXPECT_TRUE(h.holds(false, kNext));
  EXPECT_TRUE(h.is_unfinished());
  h.on_write(false);
  EXPECT_FALSE(h.holds(false, kNext));
  EXPECT_FALSE(h.is_unfinished());
}

TEST(Holding, more_holds_until_something_arrives_but_its_end_is_no_end) {
  Holding h;
  h.on_write(true);
  h.on_segment();
  EXPECT_FALSE(h.holds(false, kNext));
  EXPECT_TRUE(h.is_unfinished());
}

TEST(Holding, a_push_concerns_what_is_there) {
  Holding h;
  h.on_write(true);
  h.push(kNext + 10);
  EXPECT_FALSE(h.holds(true, kNext));
  EXPECT_TRUE(h.is_pushed(kNext));
  EXPECT_FALSE(h.is_unfinished());
  EXPECT_TRUE(h.holds(true, kNext + 10));
  EXPECT_FALSE(h.holds(false, kNext + 10));
}

}  // namespace
}  // namespace zs::tcp
