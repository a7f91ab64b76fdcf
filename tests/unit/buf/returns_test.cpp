#include "buf/returns.hpp"

#include <gtest/gtest.h>

#include "buf/mbuf.hpp"

namespace zs::buf {
namespace {

TEST(Returns, KeepsAFewAndGivesThemBackAtTheEnd) {
  auto pool = *Pool::create({.name = "d", .count = 100, .data_room = 64});
  {
    Returns returns;
    for (std::size_t i = 0; i < Returns::kMost + 3; ++i) returns.add(pool->alloc());
    EXPECT_LE(returns.count(), Returns::kMost);
    EXPECT_EQ(pool->in_use(), returns.count());
  }
  EXPECT_EQ(pool->in_use(), 0u);
}

TEST(Returns, OnesOfAnotherPoolGoToTheirs) {
  auto one = *Pool::create({.name = "one", .count = 4, .data_room = 64});
  auto other = *Pool::create({.name = "other", .count = 4, .data_room = 64});
  Returns returns;
  returns.add(one->alloc());
  returns.add(other->alloc());
  returns.add(one->alloc());
  returns.flush();
  EXPECT_EQ(one->in_use(), 0u);
  EXPECT_EQ(other->in_use(), 0u);
}

TEST(Returns, DropsNoMoreThanOneReference) {
  auto pool = *Pool::create({.name = "d", .count = 4, .data_room = 64});
  Returns returns;
  rte_mbuf* const shared = pool->alloc();
  add_reference(shared);
  returns.add(shared);
  returns.flush();
  EXPECT_EQ(reference_count(shared), 1);
  returns.add(shared);
  returns.flush();
  EXPECT_EQ(pool->in_use(), 0u);
}

TEST(Returns, LeavesWhatADriverHasLinkedBehind) {
  auto pool = *Pool::create({.name = "d", .count = 4, .data_room = 64});
  Returns returns;
  rte_mbuf* const segment = pool->alloc();
  rte_mbuf* const behind = pool->alloc();
  segment->next = behind;
  segment->nb_segs = 2;
  returns.add(segment);
  returns.flush();
  EXPECT_EQ(pool->in_use(), 1u);
  EXPECT_EQ(reference_count(behind), 1);
  free_segment(behind);
}

}  // namespace
}  // namespace zs::buf
