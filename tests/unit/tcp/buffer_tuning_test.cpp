#include "tcp/buffer_tuning.hpp"

#include <gtest/gtest.h>

namespace zs::tcp {
namespace {

using namespace std::chrono_literals;

constexpr SeqNum kTuningBegin{0xffff'ff00u};
constexpr Instant kTuningStart = Instant{} + 5s;

TEST(ReceiveTuning, measures_nothing_before_it_begins_and_after_it_stops) {
  ReceiveTuning t;
  EXPECT_FALSE(t.is_due(kTuningStart + 100h));
  t.begin(kTuningBegin, 10ms, kTuningStart);
  t.stop();
  EXPECT_FALSE(t.is_due(kTuningStart + 100h));
}

TEST(ReceiveTuning, asks_for_twice_what_is_taken_in_a_round_trip) {
  ReceiveTuning t;
  t.begin(kTuningBegin, 10ms, kTuningStart);
  EXPECT_FALSE(t.is_due(kTuningStart + 9ms));
  EXPECT_TRUE(t.is_due(kTuningStart + 10ms));
  EXPECT_EQ(t.taken_per_round_trip(), 0u);
  // The first is all growth, of which half as much again is expected.
  EXPECT_EQ(t.finish(kTuningBegin + 100'000, kTuningStart + 10ms), 300'000u);
  EXPECT_EQ(t.taken_per_round_trip(), 100'000u);
  t.begin(kTuningBegin + 100'000, 10ms, kTuningStart + 10ms);
  EXPECT_EQ(t.finish(kTuningBegin + 200'000, kTuningStart + 20ms), 200'000u);
  t.begin(kTuningBegin + 200'000, 10ms, kTuningStart + 20ms);
  EXPECT_EQ(t.finish(kTuningBegin + 320'000, kTuningStart + 30ms), 280'000u);
}

TEST(ReceiveTuning, who_looks_in_rarely_takes_no_more_in_a_round_trip) {
  ReceiveTuning t;
  t.begin(kTuningBegin, 10ms, kTuningStart);
  EXPECT_EQ(t.finish(kTuningBegin + 100'000, kTuningStart + 1s), 3'000u);
  EXPECT_EQ(t.taken_per_round_trip(), 1'000u);
  t.begin(kTuningBegin + 100'000, 10ms, kTuningStart + 1s);
  EXPECT_EQ(t.finish(kTuningBegin + 100'000, kTuningStart + 2s), 0u);  // it takes nothing
}

TEST(ReceiveTuning, bears_paths_without_length_and_numbers_without_end) {
  ReceiveTuning t;
  t.begin(kTuningBegin, 0ms, kTuningStart);
  EXPECT_TRUE(t.is_due(kTuningStart));
  EXPECT_EQ(t.finish(kTuningBegin + 1'000, kTuningStart), 3'000u);
  t.begin(kTuningBegin, 10s, kTuningStart);
  EXPECT_EQ(t.finish(kTuningBegin + 0xffff'ffffu, kTuningStart + 10s), UINT32_MAX);
}

}  // namespace
}  // namespace zs::tcp
