#include "tcp/slot_ring.hpp"

#include <gtest/gtest.h>

#include <deque>

#include "base/random.hpp"

namespace zs::tcp {
namespace {

TEST(SlotRing, equals_a_deque) {
  SlotRing<std::uint32_t> ring;
  std::deque<std::uint32_t> model;
  Random random{1};
  for (std::uint32_t i = 0; i < 20'000; ++i) {
    if (random.below(1000) < (i / 2000 % 2 == 0 ? 600u : 400u)) {
      ring.push_back(i);
      model.push_back(i);
    } else if (!model.empty()) {
      ring.pop_front();
      model.pop_front();
    }
    ASSERT_EQ(ring.size(), model.size());
    ASSERT_EQ(ring.empty(), model.empty());
    if (model.empty()) continue;
    const std::uint32_t at = random.below(ring.size());
    ASSERT_EQ(ring[at], model[at]);
    ASSERT_EQ(ring.back(), model.back());
  }
}

}  // namespace
}  // namespace zs::tcp
