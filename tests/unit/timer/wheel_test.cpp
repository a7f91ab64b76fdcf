#include "timer/wheel.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <map>
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

TEST(Wheel, TheFinestTickIsAMicrosecondAndReachesAllTime) {
  Wheel wheel{Duration{1}, Instant::from_ns(0) + 24h};
  EXPECT_EQ(wheel.resolution(), Duration{1'024});
  Entry soon;
  Entry late;
  const Instant start = Instant::from_ns(0) + 24h;
  wheel.arm(soon, start + 10us);
  wheel.arm(late, Instant::from_ns(INT64_MAX / 2));
  EXPECT_EQ(wheel.pop_due(start + 9us), nullptr);
  EXPECT_EQ(wheel.pop_due(start + 12us), &soon);
  EXPECT_EQ(wheel.pop_due(start + 24h * 365), nullptr);
  EXPECT_EQ(wheel.pop_due(Instant::from_ns(INT64_MAX / 2 + 2'048)), &late);
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

std::int64_t tick_of(const Wheel& wheel, Instant deadline) {
  const std::int64_t tick = wheel.resolution().count();
  return (deadline.ns() + tick - 1) / tick;
}

// A model by tick: the wheel yields exactly what the model has at or before `now`, in its order,
// though the woken cancel and re-arm one another, and the clock jumps from a tick to a year.
TEST(Wheel, AgreesWithAMultimapThroughStormsAndJumps) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    Random random(seed);
    Wheel wheel;
    std::array<Entry, 16> entries;
    std::multimap<std::int64_t, Entry*> model;
    Instant now;
    const auto forget = [&model](Entry* entry) {
      std::erase_if(model, [entry](const auto& item) { return item.second == entry; });
    };
    const auto change_one = [&] {
      Entry& entry = entries[random.below(entries.size())];
      forget(&entry);
      if (random.chance(0.3)) return wheel.cancel(entry);
      wheel.arm(entry,
                now + Duration{static_cast<std::int64_t>(random() >> (9 + random.below(50)))});
      model.emplace(tick_of(wheel, entry.deadline()), &entry);
    };
    for (int step = 0; step < 200; ++step) {
      for (int i = 0; i < 20; ++i) change_one();
      now = now + Duration{static_cast<std::int64_t>(random() >> (9 + random.below(50)))};
      const std::int64_t reached = now.ns() / wheel.resolution().count();
      while (Entry* const entry = wheel.pop_due(now)) {
        ASSERT_FALSE(model.empty()) << "seed " << seed;
        ASSERT_LE(model.begin()->first, reached) << "seed " << seed;
        const auto [first, last] = model.equal_range(model.begin()->first);
        ASSERT_TRUE(std::any_of(first, last, [&](auto& item) { return item.second == entry; }))
            << "out of order, seed " << seed;
        ASSERT_FALSE(entry->is_armed());
        forget(entry);
        if (random.chance(0.5)) change_one();
      }
      ASSERT_TRUE(model.empty() || model.begin()->first > reached) << "late, seed " << seed;
      ASSERT_EQ(wheel.empty(), model.empty());
      if (!model.empty()) {
        ASSERT_LE(tick_of(wheel, wheel.next_deadline()), model.begin()->first) << "seed " << seed;
      }
      if (now.ns() > INT64_MAX / 4) break;  // the end of time is another test's
    }
  }
}

}  // namespace
}  // namespace zs::timer
