#include "tcp/recovery/sent_log.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

#include "base/random.hpp"

namespace zs::tcp::recovery {
namespace {

constexpr SeqNum place(std::uint32_t offset) { return SeqNum{0xffff'ff00u + offset}; }
constexpr Instant ms(std::int64_t n) { return Instant::from_ns(n * 1'000'000); }

TEST(SentLog, TilesWhatIsOutstanding) {
  SentLog log;
  EXPECT_TRUE(log.empty());
  EXPECT_TRUE(log.append(place(0), place(100), ms(1)));
  EXPECT_TRUE(log.append(place(0), place(300), ms(2)));
  EXPECT_EQ(log.size(), 2u);
  EXPECT_EQ(log.begin_of(0), place(0));
  EXPECT_EQ(log.begin_of(1), place(100));
  EXPECT_EQ(log.find(place(99)), 0u);
  EXPECT_EQ(log.find(place(100)), 1u);
  EXPECT_EQ(log.find(place(300)), 2u);
  log.forget(place(150));
  EXPECT_EQ(log.size(), 1u);
  EXPECT_EQ(log.begin_of(0), place(150));
  log.forget(place(300));
  EXPECT_TRUE(log.empty());
}

TEST(SentLog, WhatIsSentAgainBecomesOneRecord) {
  SentLog log;
  log.append(place(0), place(100), ms(1));
  log.append(place(0), place(200), ms(2));
  log.append(place(0), place(300), ms(3));
  log[1].lost = true;
  EXPECT_TRUE(log.rewrite({place(50), place(250)}, ms(9)));
  ASSERT_EQ(log.size(), 3u);
  EXPECT_EQ(log[0].end, place(50));
  EXPECT_EQ(log[0].at, ms(1));
  EXPECT_EQ(log[1].end, place(250));
  EXPECT_EQ(log[1].at, ms(9));
  EXPECT_TRUE(log[1].retransmitted);
  EXPECT_FALSE(log[1].lost);
  EXPECT_EQ(log[2].end, place(300));
  EXPECT_EQ(log[2].at, ms(3));
  EXPECT_FALSE(log[2].retransmitted);
}

TEST(SentLog, OverTheBoundTheLaterTimeCounts) {
  SentLog log;
  for (std::uint32_t i = 1; i <= SentLog::kMaxRecords; ++i) {
    ASSERT_TRUE(log.append(place(0), place(i), ms(i)));
  }
  EXPECT_FALSE(log.append(place(0), place(5'000), ms(9'999)));
  EXPECT_EQ(log.size(), SentLog::kMaxRecords);
  EXPECT_EQ(log.end(), place(5'000));
  EXPECT_EQ(log[log.size() - 1].at, ms(9'999));
  EXPECT_FALSE(log.rewrite({place(4'500), place(4'600)}, ms(10'000)));
  EXPECT_EQ(log.size(), SentLog::kMaxRecords);
  EXPECT_EQ(log[log.size() - 1].at, ms(10'000));
}

RC_GTEST_PROP(SentLogProperty, is_what_it_says_byte_by_byte, (std::uint64_t seed)) {
  struct Byte {
    Instant at;
    bool retransmitted = false;
  };
  Random random{seed};
  std::array<Byte, 600> model{};
  std::uint32_t una = 0;
  std::uint32_t nxt = 0;
  SentLog log;
  for (int step = 1; step < 80; ++step) {
    const std::uint32_t outstanding = nxt - una;
    if (outstanding == 0 || (random.chance(0.5) && nxt < 560)) {
      if (nxt >= 560) break;
      const std::uint32_t end = nxt + 1 + random.below(40);
      for (; nxt < end; ++nxt) model[nxt] = {ms(step), false};
      RC_ASSERT(log.append(place(una), place(nxt), ms(step)));
    } else if (random.chance(0.4)) {
      una += 1 + random.below(outstanding);
      log.forget(place(una));
      RC_ASSERT(log.forgotten_at(place(una)) ==
                (model[una - 1].retransmitted ? Instant::never() : model[una - 1].at));
      RC_ASSERT(!log.forgotten_at(place(una + 1)));
    } else {
      const std::uint32_t from = una + random.below(outstanding);
      const std::uint32_t to = from + 1 + random.below(nxt - from);
      for (std::uint32_t i = from; i < to; ++i) model[i] = {ms(step), true};
      RC_ASSERT(log.rewrite({place(from), place(to)}, ms(step)));
    }
    for (std::uint32_t i = una; i < nxt; ++i) {
      const std::uint32_t record = log.find(place(i));
      RC_ASSERT(record < log.size());
      RC_ASSERT(log[record].at == model[i].at);
      RC_ASSERT(log[record].retransmitted == model[i].retransmitted);
    }
    RC_ASSERT(log.empty() == (una == nxt));
  }
}

}  // namespace
}  // namespace zs::tcp::recovery
