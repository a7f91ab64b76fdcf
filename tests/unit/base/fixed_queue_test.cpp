#include "base/fixed_queue.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <memory>

#include "base/random.hpp"

namespace zs {
namespace {

TEST(FixedQueue, LeavesTheItemWithItsOwnerWhenFull) {
  FixedQueue<std::unique_ptr<int>> queue(1);
  EXPECT_TRUE(queue.try_push(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(queue.try_push(std::move(second)));
  ASSERT_TRUE(second);
  EXPECT_EQ(*queue.pop(), 1);
  EXPECT_TRUE(queue.try_push(std::move(second)));
  EXPECT_EQ(*queue.front(), 2);
}

TEST(FixedQueue, TakesNothingWithoutCapacity) {
  FixedQueue<int> queue(0);
  EXPECT_TRUE(queue.empty());
  EXPECT_TRUE(queue.full());
  EXPECT_FALSE(queue.try_push(1));
  EXPECT_EQ(queue.try_pop(), std::nullopt);
}

TEST(FixedQueue, LetsGoOfWhatWasTaken) {
  FixedQueue<std::shared_ptr<int>> queue(3);
  const auto item = std::make_shared<int>(7);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(queue.try_push(item));
  EXPECT_FALSE(queue.try_push(item));
  EXPECT_EQ(item.use_count(), 4);
  queue.pop();
  EXPECT_EQ(item.use_count(), 3);
  queue.clear();
  EXPECT_EQ(item.use_count(), 1) << "a slot holds on to an item";
  EXPECT_TRUE(queue.try_push(item));
}

TEST(FixedQueue, DoesAsADequeOfItsCapacityDoes) {
  Random random(7);
  for (const std::size_t capacity : {1u, 2u, 3u, 7u, 8u}) {
    FixedQueue<int> queue(capacity);
    std::deque<int> model;
    for (int next = 0; next < 5000; ++next) {
      if (random.below(2) == 0) {
        ASSERT_EQ(queue.try_push(next), model.size() < capacity);
        if (model.size() < capacity) model.push_back(next);
      } else if (const auto item = queue.try_pop()) {
        ASSERT_EQ(*item, model.front());
        model.pop_front();
      } else {
        ASSERT_TRUE(model.empty());
      }
      ASSERT_EQ(queue.size(), model.size());
      ASSERT_EQ(queue.full(), model.size() == capacity);
      for (std::size_t i = 0; i < model.size(); ++i) ASSERT_EQ(queue[i], model[i]);
    }
  }
}

}  // namespace
}  // namespace zs
