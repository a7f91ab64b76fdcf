#include "base/spsc_ring.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <memory>
#include <thread>
#include <vector>

#include "base/random.hpp"

namespace zs {
namespace {

TEST(SpscRing, RoundsItsCapacityUpToAPowerOfTwo) {
  for (const auto& [wanted, got] : {std::pair{1, 1}, {2, 2}, {3, 4}, {1000, 1024}}) {
    EXPECT_EQ(SpscRing<int>(static_cast<std::size_t>(wanted)).capacity(),
              static_cast<std::size_t>(got));
  }
}

TEST(SpscRing, LeavesTheItemWithItsOwnerWhenFull) {
  SpscRing<std::unique_ptr<int>> ring(1);
  ASSERT_TRUE(ring.try_push(std::make_unique<int>(1)));
  auto second = std::make_unique<int>(2);
  EXPECT_FALSE(ring.try_push(std::move(second)));
  ASSERT_TRUE(second);
  EXPECT_EQ(**ring.try_pop(), 1);
  EXPECT_TRUE(ring.try_push(std::move(second)));
  EXPECT_EQ(**ring.try_pop(), 2);
  EXPECT_EQ(ring.try_pop(), std::nullopt);
}

TEST(SpscRing, LetsGoOfWhatWasTaken) {
  SpscRing<std::shared_ptr<int>> ring(4);
  const auto item = std::make_shared<int>(7);
  std::array<std::shared_ptr<int>, 3> items{item, item, item};
  EXPECT_EQ(ring.push_burst(items), 3u);
  EXPECT_EQ(item.use_count(), 4);
  EXPECT_TRUE(ring.try_pop());
  EXPECT_EQ(ring.pop_burst(items), 2u);
  items.fill(nullptr);
  EXPECT_EQ(item.use_count(), 1) << "a slot holds on to an item";
}

TEST(SpscRing, DoesAsADequeOfItsCapacityDoes) {
  Random random(3);
  SpscRing<int> ring(8);
  std::deque<int> model;
  int next = 0;
  for (int round = 0; round < 50000; ++round) {
    std::vector<int> burst(random.below(12));
    if (random.below(2) == 0) {
      for (int& item : burst) item = next++;
      const std::size_t taken = ring.push_burst(burst);
      ASSERT_EQ(taken, std::min(burst.size(), ring.capacity() - model.size()));
      model.insert(model.end(), burst.begin(), burst.begin() + static_cast<std::ptrdiff_t>(taken));
    } else {
      const std::size_t got = ring.pop_burst(burst);
      ASSERT_EQ(got, std::min(burst.size(), model.size()));
      for (std::size_t i = 0; i < got; ++i) {
        ASSERT_EQ(burst[i], model.front());
        model.pop_front();
      }
    }
    ASSERT_EQ(ring.size(), model.size());
    ASSERT_EQ(ring.empty(), model.empty());
  }
}

// Each item is two words, so that a torn or early read shows; the ring is small, so that both sides
// meet its edges all the time.
struct Stamped {
  std::uint64_t number = 0;
  std::uint64_t inverse = ~std::uint64_t{0};
};

class SpscRingThreads : public testing::TestWithParam<std::size_t> {};

TEST_P(SpscRingThreads, CarryEveryItemOnceAndInOrder) {
  // Where others want the CPU each item can cost a turn of the scheduler's: 200,000 took minutes.
  constexpr std::uint64_t kItems = 20'000;
  SpscRing<Stamped> ring(GetParam());
  std::thread producer([&ring] {
    std::array<Stamped, 5> burst;
    for (std::uint64_t next = 0; next < kItems;) {
      if (next % 3 == 0) {
        const std::size_t count = std::min<std::uint64_t>(burst.size(), kItems - next);
        for (std::size_t i = 0; i < count; ++i) burst[i] = {next + i, ~(next + i)};
        next += ring.push_burst(std::span{burst}.first(count));
      } else if (ring.try_push(Stamped{next, ~next})) {
        ++next;
      }
      if (ring.size() == ring.capacity()) std::this_thread::yield();
    }
  });
  std::uint64_t expected = 0;
  std::uint64_t wrong = 0;
  const auto check = [&](const Stamped& item) {
    if (item.number != expected++ || item.inverse != ~item.number) ++wrong;
  };
  std::array<Stamped, 3> burst;
  while (expected < kItems) {
    if (ring.size() > ring.capacity()) ++wrong;
    if (expected % 2 == 0) {
      const std::size_t got = ring.pop_burst(burst);
      std::for_each_n(burst.begin(), got, check);
    } else if (const auto item = ring.try_pop()) {
      check(*item);
    }
    if (ring.empty()) std::this_thread::yield();
  }
  producer.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_TRUE(ring.empty());
}

INSTANTIATE_TEST_SUITE_P(Capacities, SpscRingThreads, testing::Values(1, 2, 64, 4096));

}  // namespace
}  // namespace zs
