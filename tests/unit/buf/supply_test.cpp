#include "buf/supply.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "buf/mbuf.hpp"
#include "buf/pool.hpp"

namespace zs::buf {
namespace {

TEST(Supply, FallsBySixteenths) {
  const auto of = [](std::uint32_t left) { return supply_of(left, 1'600, Supply::kPlenty); };
  EXPECT_EQ(of(1'600), Supply::kPlenty);
  EXPECT_EQ(of(400), Supply::kPlenty);
  EXPECT_EQ(of(399), Supply::kLow);
  EXPECT_EQ(of(200), Supply::kLow);
  EXPECT_EQ(of(199), Supply::kScarce);
  EXPECT_EQ(of(100), Supply::kScarce);
  EXPECT_EQ(of(99), Supply::kReserve);
  EXPECT_EQ(of(0), Supply::kReserve);
}

TEST(Supply, AShortageEndsAboveWhereItBegan) {
  EXPECT_EQ(supply_of(299, 1'600, Supply::kScarce), Supply::kScarce);
  EXPECT_EQ(supply_of(299, 1'600, Supply::kReserve), Supply::kScarce);
  EXPECT_EQ(supply_of(300, 1'600, Supply::kScarce), Supply::kLow);
}

TEST(Supply, TheReserveIsNotLent) {
  const auto pool = *Pool::create({.name = "p", .count = 1'600, .data_room = 64});
  std::vector<Mbuf> held;
  while (rte_mbuf* const m = pool->lend()) held.push_back(Mbuf::adopt(m));
  // The reserve, and half as much for what acknowledges what was written. It looks every now and
  // then only, so it may go a little below the mark.
  EXPECT_LE(pool->available(), 150u);
  EXPECT_GT(pool->available(), 110u);
  EXPECT_EQ(pool->supply(), Supply::kScarce);
  const Mbuf control = Mbuf::adopt(pool->alloc());
  EXPECT_TRUE(control);
  held.clear();
  EXPECT_EQ(pool->supply(), Supply::kScarce);  // until somebody looks
  pool->look();
  EXPECT_EQ(pool->supply(), Supply::kPlenty);
  EXPECT_EQ(pool->reliefs(), 1u);
  EXPECT_TRUE(Mbuf::adopt(pool->lend()));
}

// Found by `zstack sim --profile tiny`: an application took 32 buffers between two looks, and with
// them all that an acknowledgement could have been sent in.
TEST(Supply, TheReserveOfASmallPoolIsNotLentEither) {
  const auto pool = *Pool::create({.name = "p", .count = 70, .data_room = 64});
  std::vector<Mbuf> held;
  while (rte_mbuf* const m = pool->lend()) held.push_back(Mbuf::adopt(m));
  EXPECT_GE(pool->available(), 3u);
  held.clear();
  EXPECT_TRUE(Mbuf::adopt(pool->lend()));
}

}  // namespace
}  // namespace zs::buf
