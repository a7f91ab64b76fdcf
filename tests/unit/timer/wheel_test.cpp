#include "timer/wheel.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <vector>

#include "base/random.hpp"

namespace zs::timer {
namespace {

using namespace std::chrono_literals;

TEST(Wheel, FiresNeverEarlyAndAtMostOneTickLate) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    Random random(seed);
    Wheel wheel;
    std::vector<std::unique_ptr<Entry>> entries;
    for (int i = 0; i < 30; ++i) entries.push_back(std::make_unique<Entry>());
    std::vector<Instant> model(entries.size(), Instant::never());
    Instant now;
    for (int step = 0; step < 300; ++step) {
      const std::size_t i = random.below(30);
      if (random.chance(0.2)) {
        wheel.cancel(*entries[i]);
        model[i] = Instant::never();
      } else {
        model[i] = now + Duration{static_cast<std::int64_t>(random() >> (16 + random.below(40)))};
        wheel.arm(*entries[i], model[i]);
      }
      const Instant before = now;
      now = now + Duration{static_cast<std::int64_t>(random() >> (16 + random.below(40)))};
      while (Entry* entry = wheel.pop_due(now)) {
        std::size_t which = 0;
        while (entries[which].get() != entry) ++which;
        ASSERT_LE(model[which], now) << "early, seed " << seed;
        model[which] = Instant::never();
      }
      for (const Instant waiting : model) {
        if (waiting.is_never()) continue;
        const Instant latest = std::max(waiting, before) + wheel.resolution();
        ASSERT_GT(latest, now) << "late, seed " << seed;
        ASSERT_LE(wheel.next_deadline(), latest) << "seed " << seed;
      }
    }
  }
}

TEST(Wheel, ARoundEndsThoughTheWokenArmForThePast) {
  Wheel wheel;
  Entry entry;
  wheel.arm(entry, Instant::from_ns(1));
  const Instant day = Instant{} + 24h;
  EXPECT_EQ(wheel.pop_due(day), &entry);
  wheel.arm(entry, Instant{});
  EXPECT_EQ(wheel.pop_due(day), nullptr);
  EXPECT_EQ(wheel.pop_due(day + wheel.resolution()), &entry);
}

TEST(Wheel, ForgetsADestroyedEntry) {
  Wheel wheel;
  {
    Entry entry;
    wheel.arm(entry, Instant{} + 5s);
  }
  EXPECT_TRUE(wheel.empty());
  EXPECT_TRUE(wheel.next_deadline().is_never());
}

}  // namespace
}  // namespace zs::timer
