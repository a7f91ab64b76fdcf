#include "tcp/syn_cache.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace zs::tcp {
namespace {

using namespace std::chrono_literals;

constexpr Instant kFirstSyn = Instant::from_ns(1'000'000'000'000);

FlowKey flow_of(std::uint32_t n) {
  return {{IpAddress::v4(10, 0, 0, 1), 80},
          {IpAddress::v4(0xc000'0000u + n / 50'000), static_cast<std::uint16_t>(n % 50'000 + 1)}};
}
SynCacheEntry entry(std::uint32_t n, std::uint32_t listener = 1) {
  SynCacheEntry e;
  e.flow = flow_of(n);
  e.irs = SeqNum{n};
  e.listener = listener;
  return e;
}

class SynCacheTest : public ::testing::Test {
 protected:
  SynCache cache_{{.capacity = 8, .initial_rto = 1s, .max_rto = 4s}, SipKey{1, 2}};
};

TEST_F(SynCacheTest, finds_what_was_put_in) {
  EXPECT_EQ(cache_.find(flow_of(1)), nullptr);
  const auto inserted = cache_.insert(entry(1), kFirstSyn);
  EXPECT_FALSE(inserted.displaced);
  EXPECT_EQ(inserted.entry->created, kFirstSyn);
  EXPECT_EQ(cache_.find(flow_of(1)), inserted.entry);
  EXPECT_EQ(cache_.find(flow_of(2)), nullptr);
  cache_.erase(*inserted.entry);
  EXPECT_EQ(cache_.find(flow_of(1)), nullptr);
  EXPECT_EQ(cache_.size(), 0u);
  EXPECT_TRUE(cache_.next_deadline().is_never());
}

TEST_F(SynCacheTest, retransmits_after_doubling_times) {
  cache_.insert(entry(1), kFirstSyn);
  EXPECT_EQ(cache_.next_deadline(), kFirstSyn + 1s);
  EXPECT_EQ(cache_.pop_due(kFirstSyn + 999ms), nullptr);
  Instant now = kFirstSyn + 1s;
  for (const Duration wait : {Duration{2s}, Duration{4s}, Duration{4s}, Duration{4s}}) {
    SynCacheEntry* const due = cache_.pop_due(now);
    ASSERT_NE(due, nullptr);
    EXPECT_EQ(cache_.pop_due(now), nullptr);
    EXPECT_EQ(cache_.next_deadline(), now + wait);
    now = now + wait;
  }
  EXPECT_EQ(cache_.find(flow_of(1))->retransmits, 4);
}

TEST_F(SynCacheTest, pops_all_that_is_due) {
  cache_.insert(entry(1), kFirstSyn);
  cache_.insert(entry(2), kFirstSyn + 100ms);
  cache_.insert(entry(3), kFirstSyn + 2s);
  int due = 0;
  while (SynCacheEntry* const e = cache_.pop_due(kFirstSyn + 2s)) {
    EXPECT_NE(e->irs, SeqNum{3});
    ++due;
  }
  EXPECT_EQ(due, 2);
  EXPECT_EQ(cache_.next_deadline(), kFirstSyn + 3s);
}

TEST_F(SynCacheTest, the_oldest_gives_way_when_it_is_full) {
  for (std::uint32_t i = 0; i < 8; ++i) {
    cache_.insert(entry(i), kFirstSyn + i * 100ms);
  }
  ASSERT_NE(cache_.pop_due(kFirstSyn + 1s), nullptr);  // entry 0 moves up and is still the oldest
  auto inserted = cache_.insert(entry(8), kFirstSyn + 1s);
  ASSERT_TRUE(inserted.displaced);
  EXPECT_EQ(inserted.displaced->irs, SeqNum{0});
  inserted = cache_.insert(entry(9), kFirstSyn + 1s);
  EXPECT_EQ(inserted.displaced->irs, SeqNum{1});
  EXPECT_EQ(cache_.size(), 8u);
}

TEST_F(SynCacheTest, forgets_a_closed_listener) {
  for (std::uint32_t i = 0; i < 8; ++i) cache_.insert(entry(i, i % 2), kFirstSyn);
  while (cache_.pop_due(kFirstSyn + 1s) != nullptr) {
  }
  cache_.erase_listener(1);
  EXPECT_EQ(cache_.size(), 4u);
  EXPECT_EQ(cache_.find(flow_of(1)), nullptr);
  EXPECT_NE(cache_.find(flow_of(2)), nullptr);
}

TEST(SynCache, survives_a_flood_and_random_traffic) {
  SynCache cache{{.capacity = 256, .initial_rto = 1s, .max_rto = 8s}, SipKey{3, 4}};
  Random random{1};
  Instant now = kFirstSyn;
  for (int i = 0; i < 50'000; ++i) {
    now = now + Duration{random.below(20'000'000)};
    const std::uint32_t n = random.below(1'000);
    if (SynCacheEntry* const e = cache.find(flow_of(n))) {
      ASSERT_EQ(e->irs, SeqNum{n});
      if (random.chance(0.5)) cache.erase(*e);
    } else {
      cache.insert(entry(n), now);
    }
    while (SynCacheEntry* const e = cache.pop_due(now)) {
      ASSERT_GT(e->deadline, now);
      if (e->retransmits > 3) cache.erase(*e);
    }
    ASSERT_GT(cache.next_deadline(), now);
    ASSERT_LE(cache.size(), 256u);
  }
}

TEST(SynCache, a_capacity_of_zero_still_works) {
  SynCache cache{{.capacity = 0}, SipKey{}};
  cache.insert(entry(1), kFirstSyn);
  EXPECT_TRUE(cache.insert(entry(2), kFirstSyn).displaced);
}

}  // namespace
}  // namespace zs::tcp
