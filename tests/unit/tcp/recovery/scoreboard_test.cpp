#include "tcp/recovery/scoreboard.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>
#include <vector>

#include "base/random.hpp"

namespace zs::tcp::recovery {
namespace {

using wire::TcpSackBlock;

constexpr std::uint32_t kSegment = 10;
constexpr SeqNum at(std::uint32_t offset) { return SeqNum{0xffff'ff80u + offset}; }
constexpr TcpSackBlock block(std::uint32_t from, std::uint32_t to) {
  return {at(from).raw(), at(to).raw()};
}
constexpr SeqRange range(std::uint32_t from, std::uint32_t to) { return {at(from), at(to)}; }

class ScoreboardTest : public ::testing::Test {
 protected:
  Scoreboard::Update sack(std::vector<TcpSackBlock> blocks) {
    news_.clear();
    return board_.on_sack(blocks, at(una_), {at(una_), at(1000)},
                          [this](const SeqRange& part) { news_.push_back(part); });
  }

  Scoreboard board_;
  std::vector<SeqRange> news_;  ///< what the last sack() told for the first time
  std::uint32_t una_ = 100;
};

TEST_F(ScoreboardTest, counts_each_byte_once) {
  EXPECT_EQ(sack({block(200, 210)}).newly_sacked_bytes, 10u);
  EXPECT_EQ(sack({block(210, 220), block(200, 210)}).newly_sacked_bytes, 10u);
  EXPECT_EQ(sack({block(190, 230)}).newly_sacked_bytes, 20u);
  EXPECT_EQ(board_.ranges(), 1u);
  EXPECT_EQ(board_.sacked_bytes(), 40u);
  EXPECT_EQ(board_.high_sack(), at(230));
}

TEST_F(ScoreboardTest, ignores_what_no_honest_peer_sends) {
  EXPECT_EQ(sack({block(200, 200)}).newly_sacked_bytes, 0u);
  EXPECT_EQ(sack({block(300, 200)}).newly_sacked_bytes, 0u);
  EXPECT_EQ(sack({block(50, 150)}).newly_sacked_bytes, 0u);
  EXPECT_EQ(sack({block(100, 150)}).newly_sacked_bytes, 0u);
  EXPECT_EQ(sack({block(900, 1001)}).newly_sacked_bytes, 0u);
  EXPECT_EQ(sack({{at(200).raw(), at(200).raw() + 0x8000'0000u}}).newly_sacked_bytes, 0u);
  EXPECT_TRUE(board_.empty());
}

//= https://www.rfc-editor.org/rfc/rfc2883#section-4
//= type=test
TEST_F(ScoreboardTest, tells_duplicate_reports_apart) {
  EXPECT_EQ(sack({block(50, 60), block(200, 210)}).dsack, range(50, 60));
  EXPECT_EQ(sack({block(200, 210), block(190, 300)}).dsack, range(200, 210));
  EXPECT_FALSE(sack({block(200, 210), block(300, 310)}).dsack);
  EXPECT_FALSE(sack({block(60, 50)}).dsack);
  EXPECT_EQ(board_.sacked_bytes(), 120u);
}

TEST_F(ScoreboardTest, tells_what_is_news_in_order) {
  sack({block(300, 310)});
  sack({block(400, 410), block(290, 320), block(200, 210)});
  EXPECT_EQ(news_,
            (std::vector{range(200, 210), range(290, 300), range(310, 320), range(400, 410)}));
  sack({block(290, 320)});
  EXPECT_TRUE(news_.empty());
}

// An old acknowledgement, overtaken by others, still reports no duplicate.
TEST_F(ScoreboardTest, duplicates_are_judged_by_the_segment_that_reports_them) {
  const std::array old{block(150, 160)};
  const auto ignore = [](const SeqRange&) {};
  EXPECT_FALSE(board_.on_sack(old, at(100), {at(200), at(1000)}, ignore).dsack);
  EXPECT_TRUE(board_.on_sack(old, at(200), {at(200), at(1000)}, ignore).dsack);
}

TEST_F(ScoreboardTest, a_cumulative_ack_forgets) {
  sack({block(200, 300), block(400, 500)});
  EXPECT_EQ(board_.on_cumulative_ack(at(250)), 50u);
  EXPECT_EQ(board_.on_cumulative_ack(at(350)), 50u);
  EXPECT_EQ(board_.sacked_bytes(), 100u);
  EXPECT_EQ(board_.on_cumulative_ack(at(1000)), 100u);
  EXPECT_TRUE(board_.empty());
}

TEST_F(ScoreboardTest, notices_a_peer_that_takes_back_what_it_reported) {
  sack({block(200, 300)});
  EXPECT_FALSE(board_.is_reneged(at(100)));
  board_.on_cumulative_ack(at(200));
  EXPECT_TRUE(board_.is_reneged(at(200)));
  board_.clear();
  EXPECT_FALSE(board_.is_reneged(at(200)));
}

TEST_F(ScoreboardTest, a_hostile_peer_gets_a_bounded_number_of_ranges) {
  Scoreboard board;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    board.on_sack(std::array{block(102 + 2 * i, 103 + 2 * i)}, at(100), {at(100), at(20'000)},
                  [](const SeqRange&) {});
  }
  EXPECT_EQ(board.ranges(), Scoreboard::kMaxRanges);
  std::uint32_t news = 0;
  const auto update = board.on_sack(std::array{block(101, 15'000)}, at(100), {at(100), at(20'000)},
                                    [&](const SeqRange& part) { news += part.length(); });
  EXPECT_EQ(update.newly_sacked_bytes, 14'899u - Scoreboard::kMaxRanges);
  EXPECT_EQ(news, update.newly_sacked_bytes);
  EXPECT_EQ(board.ranges(), 1u);
}

/// Byte by byte.
struct Model {
  std::uint32_t una = 0;
  std::uint32_t nxt = 400;
  std::array<bool, 401> sacked{};

  std::optional<SeqRange> hole_from(std::uint32_t s) const {
    while (s < nxt && sacked[s]) ++s;
    std::uint32_t end = s;
    while (end < nxt && end < s + kSegment && !sacked[end]) ++end;
    return end > s ? std::optional{range(s, end)} : std::nullopt;
  }
};

RC_GTEST_PROP(ScoreboardProperty, equals_the_definitions, (std::uint64_t seed)) {
  Random random{seed};
  Model model;
  Scoreboard board;
  for (int step = 0; step < 40 && model.una + 2 < model.nxt; ++step) {
    if (random.chance(0.15)) {
      // Up to a hole, as a peer that does not renege acknowledges.
      std::uint32_t una = model.una + random.below(30);
      while (una < model.nxt && model.sacked[una]) ++una;
      una = std::min(una, model.nxt);
      std::uint32_t covered = 0;
      for (std::uint32_t s = model.una; s < una; ++s) {
        covered += model.sacked[s];
        model.sacked[s] = false;
      }
      model.una = una;
      RC_ASSERT(board.on_cumulative_ack(at(una)) == covered);
    } else {
      const std::uint32_t from = model.una + 1 + random.below(model.nxt - model.una - 1);
      const std::uint32_t to = std::min(from + 1 + random.below(25), model.nxt);
      std::uint32_t fresh = 0;
      for (std::uint32_t s = from; s < to; ++s) {
        fresh += !model.sacked[s];
        model.sacked[s] = true;
      }
      std::uint32_t told = 0;
      const auto update =
          board.on_sack(std::array{block(from, to)}, at(model.una), {at(model.una), at(model.nxt)},
                        [&](const SeqRange& part) { told += part.length(); });
      RC_ASSERT(update.newly_sacked_bytes == fresh);
      RC_ASSERT(told == fresh);
    }
    if (model.una >= model.nxt) break;
    std::uint32_t unsacked = 0;
    for (std::uint32_t s = model.una; s < model.nxt; ++s) unsacked += !model.sacked[s];
    RC_ASSERT(board.unsacked_between(at(model.una), at(model.nxt)) == unsacked);
    for (std::uint32_t s = model.una; s < model.nxt; s += 7) {
      RC_ASSERT(board.hole_between(at(s), at(model.nxt), kSegment) == model.hole_from(s));
      RC_ASSERT(board.is_sacked(at(s)) == model.sacked[s]);
    }
  }
}

}  // namespace
}  // namespace zs::tcp::recovery
