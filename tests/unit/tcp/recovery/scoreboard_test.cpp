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
    return board_.on_sack(blocks, at(una_), at(1000));
  }
  std::optional<SeqRange> next(HoleRule rule, std::uint32_t max_bytes = kSegment) {
    return board_.next_hole(rule, at(una_), at(1000), kSegment, max_bytes);
  }

  Scoreboard board_;
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

TEST_F(ScoreboardTest, three_ranges_above_make_a_hole_lost) {
  sack({block(200, 201), block(210, 211)});
  EXPECT_FALSE(board_.is_lost(at(100), kSegment));
  sack({block(220, 221)});
  EXPECT_TRUE(board_.is_lost(at(100), kSegment));
  EXPECT_FALSE(board_.is_lost(at(200), kSegment));  // SACKed
  EXPECT_FALSE(board_.is_lost(at(205), kSegment));  // two above
}

TEST_F(ScoreboardTest, more_than_two_segments_above_make_a_hole_lost) {
  sack({block(200, 220)});
  EXPECT_FALSE(board_.is_lost(at(100), kSegment));
  sack({block(200, 221)});
  EXPECT_TRUE(board_.is_lost(at(199), kSegment));
  EXPECT_FALSE(board_.is_lost(at(300), kSegment));
  EXPECT_EQ(board_.lost_bytes(at(100), kSegment), 100u);
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

TEST_F(ScoreboardTest, walks_through_the_lost_holes_once) {
  board_.on_recovery_start(at(100));
  sack({block(115, 120), block(130, 160)});
  EXPECT_EQ(next(HoleRule::kLost), range(100, 110));
  board_.on_retransmit(range(100, 110));
  EXPECT_EQ(next(HoleRule::kLost), range(110, 115));
  board_.on_retransmit(range(110, 115));
  EXPECT_EQ(next(HoleRule::kLost, 50), range(120, 130));
  board_.on_retransmit(range(120, 130));
  EXPECT_EQ(next(HoleRule::kLost), std::nullopt);
  EXPECT_EQ(next(HoleRule::kUnsure), std::nullopt);
}

TEST_F(ScoreboardTest, an_unsure_hole_lies_below_sacked_data) {
  board_.on_recovery_start(at(100));
  sack({block(115, 120)});
  EXPECT_EQ(next(HoleRule::kLost), std::nullopt);
  EXPECT_EQ(next(HoleRule::kUnsure), range(100, 110));
}

TEST_F(ScoreboardTest, rescues_the_tail_once) {
  board_.on_recovery_start(at(100));
  sack({block(200, 300), block(990, 1000)});
  EXPECT_EQ(next(HoleRule::kRescue), range(980, 990));
  board_.on_rescue(at(1000));
  EXPECT_EQ(next(HoleRule::kRescue), std::nullopt);
  board_.on_recovery_start(at(100));
  EXPECT_EQ(next(HoleRule::kRescue, 5000), range(300, 990));
}

TEST_F(ScoreboardTest, pipe_leaves_out_the_lost_and_counts_the_retransmitted) {
  EXPECT_EQ(board_.pipe(at(100), at(1000), kSegment), 900u);
  sack({block(200, 300)});
  EXPECT_EQ(board_.pipe(at(100), at(1000), kSegment), 700u);
  board_.on_recovery_start(at(100));
  board_.on_retransmit(range(100, 110));
  EXPECT_EQ(board_.pipe(at(100), at(1000), kSegment), 710u);
}

TEST_F(ScoreboardTest, a_hostile_peer_gets_a_bounded_number_of_ranges) {
  Scoreboard board;
  for (std::uint32_t i = 0; i < 5000; ++i) {
    board.on_sack(std::array{block(102 + 2 * i, 103 + 2 * i)}, at(100), at(20'000));
  }
  EXPECT_EQ(board.ranges(), Scoreboard::kMaxRanges);
  EXPECT_EQ(board.on_sack(std::array{block(101, 15'000)}, at(100), at(20'000)).newly_sacked_bytes,
            14'899u - Scoreboard::kMaxRanges);
  EXPECT_EQ(board.ranges(), 1u);
}

/// RFC 6675 §4's definitions, byte by byte.
struct Model {
  std::uint32_t una = 0;
  std::uint32_t nxt = 400;
  std::uint32_t high_rxt = 0;
  std::array<bool, 401> sacked{};

  bool is_lost(std::uint32_t s) const {
    std::uint32_t bytes = 0;
    std::uint32_t ranges = 0;
    for (std::uint32_t i = s + 1; i < nxt; ++i) {
      bytes += sacked[i];
      ranges += sacked[i] && !sacked[i - 1];
    }
    return !sacked[s] && (ranges >= 3 || bytes > 2 * kSegment);
  }
  std::uint32_t pipe() const {
    std::uint32_t pipe = 0;
    for (std::uint32_t s = una; s < nxt; ++s) {
      if (!sacked[s]) pipe += (is_lost(s) ? 0u : 1u) + (s < high_rxt ? 1u : 0u);
    }
    return pipe;
  }
  std::optional<SeqRange> next_hole(bool must_be_lost) const {
    std::uint32_t top = una;
    for (std::uint32_t s = una; s < nxt; ++s) top = sacked[s] ? s + 1 : top;
    for (std::uint32_t s = std::max(una, high_rxt); s < top; ++s) {
      if (sacked[s] || (must_be_lost && !is_lost(s))) continue;
      std::uint32_t end = s;
      while (end < top && end < s + kSegment && !sacked[end]) ++end;
      return range(s, end);
    }
    return std::nullopt;
  }
};

RC_GTEST_PROP(ScoreboardProperty, equals_the_definitions, (std::uint64_t seed)) {
  Random random{seed};
  Model model;
  Scoreboard board;
  board.on_recovery_start(at(0));
  for (int step = 0; step < 40 && model.una + 2 < model.nxt; ++step) {
    if (random.chance(0.15)) {
      // Up to a hole, as a peer that does not renege acknowledges.
      std::uint32_t una = model.una + random.below(30);
      while (una < model.nxt && model.sacked[una]) ++una;
      std::uint32_t covered = 0;
      for (std::uint32_t s = model.una; s < una; ++s) {
        covered += model.sacked[s];
        model.sacked[s] = false;
      }
      model.una = una = std::min(una, model.nxt);
      model.high_rxt = std::max(model.high_rxt, una);
      RC_ASSERT(board.on_cumulative_ack(at(una)) == covered);
    } else if (random.chance(0.2)) {
      if (const auto hole =
              board.next_hole(HoleRule::kLost, at(model.una), at(model.nxt), kSegment, kSegment)) {
        board.on_retransmit(*hole);
        model.high_rxt = hole->end.raw() - at(0).raw();
      }
    } else {
      const std::uint32_t from = model.una + 1 + random.below(model.nxt - model.una - 1);
      const std::uint32_t to = std::min(from + 1 + random.below(25), model.nxt);
      std::uint32_t fresh = 0;
      for (std::uint32_t s = from; s < to; ++s) {
        fresh += !model.sacked[s];
        model.sacked[s] = true;
      }
      RC_ASSERT(board.on_sack(std::array{block(from, to)}, at(model.una), at(model.nxt))
                    .newly_sacked_bytes == fresh);
    }
    if (model.una >= model.nxt) break;
    RC_ASSERT(board.pipe(at(model.una), at(model.nxt), kSegment) == model.pipe());
    const auto hole = [&](HoleRule rule) {
      return board.next_hole(rule, at(model.una), at(model.nxt), kSegment, kSegment);
    };
    RC_ASSERT(hole(HoleRule::kLost) == model.next_hole(true));
    RC_ASSERT(hole(HoleRule::kUnsure) == model.next_hole(false));
    for (std::uint32_t s = model.una; s < model.nxt; s += 7) {
      RC_ASSERT(board.is_lost(at(s), kSegment) == model.is_lost(s));
      RC_ASSERT(board.is_sacked(at(s)) == model.sacked[s]);
    }
  }
}

}  // namespace
}  // namespace zs::tcp::recovery
