#include "tcp/recovery/loss_recovery.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace zs::tcp::recovery {
namespace {

constexpr std::uint32_t kMss = 1000;
using Mode = LossRecovery::Mode;
using Urgency = LossRecovery::Urgency;

SeqNum seq(std::uint32_t n) { return SeqNum{n}; }

/// Ten segments of 1000 bytes are in flight, from sequence number 0.
struct Flight {
  LossRecovery recovery;
  SeqNum una = seq(0);
  SeqNum nxt = seq(10 * kMss);

  LossRecovery::Verdict sack(std::uint32_t ack, std::vector<wire::TcpSackBlock> blocks) {
    const auto verdict = recovery.on_ack({.una = una,
                                          .ack = seq(ack),
                                          .nxt = nxt,
                                          .sack_blocks = blocks,
                                          .sack_negotiated = true,
                                          .mss = kMss});
    una = seq(ack);
    return verdict;
  }
  LossRecovery::Verdict plain(std::uint32_t ack) {
    const bool duplicate = seq(ack) == una;
    const auto verdict = recovery.on_ack({.una = una,
                                          .ack = seq(ack),
                                          .nxt = nxt,
                                          .duplicate = duplicate,
                                          .sack_blocks = {},
                                          .mss = kMss});
    una = seq(ack);
    return verdict;
  }
  std::optional<SeqRange> resend(Urgency urgency, std::uint32_t most = kMss) {
    const auto next = recovery.next_retransmission(una, most, urgency);
    if (!next) return std::nullopt;
    recovery.on_retransmitted(*next);
    return next->range;
  }
};

TEST(LossRecovery, NothingIsResentWhileNothingIsLost) {
  Flight f;
  EXPECT_FALSE(f.sack(2000, {}).entered_recovery);
  EXPECT_EQ(f.recovery.mode(), Mode::kOpen);
  EXPECT_FALSE(f.resend(Urgency::kLost));
  EXPECT_FALSE(f.resend(Urgency::kRescue));
  EXPECT_EQ(f.recovery.pipe(f.una, f.nxt), 8 * kMss);
}

TEST(LossRecovery, ThreeSackedSegmentsBeginAnEpisodeThatEndsAtItsPoint) {
  Flight f;
  EXPECT_FALSE(f.sack(0, {{1000, 3000}}).entered_recovery);
  EXPECT_TRUE(f.sack(0, {{1000, 4000}}).entered_recovery);
  EXPECT_EQ(f.resend(Urgency::kLost), (SeqRange{seq(0), seq(1000)}));
  EXPECT_FALSE(f.resend(Urgency::kLost));
  EXPECT_FALSE(f.sack(9000, {}).exited_recovery);
  EXPECT_TRUE(f.sack(10'000, {}).exited_recovery);
  EXPECT_EQ(f.recovery.mode(), Mode::kOpen);
}

// Found by a transfer with 1 % loss: with nothing SACKed left, the last segment was offered for
// ever.
TEST(LossRecovery, RescueHappensOnceAnEpisode) {
  Flight f;
  f.sack(0, {{1000, 4000}});
  ASSERT_TRUE(f.resend(Urgency::kLost));
  f.sack(4000, {});
  int rescues = 0;
  while (rescues < 100 && f.resend(Urgency::kRescue)) ++rescues;
  EXPECT_EQ(rescues, 1);
}

TEST(LossRecovery, ATimeoutSendsEverythingAgainButWhatIsSacked) {
  Flight f;
  f.sack(0, {{2000, 4000}});
  f.recovery.on_timeout(f.una, f.nxt);
  EXPECT_EQ(f.recovery.mode(), Mode::kLoss);
  EXPECT_EQ(f.recovery.pipe(f.una, f.nxt), 0u);
  EXPECT_EQ(f.resend(Urgency::kLost, 10 * kMss), (SeqRange{seq(0), seq(2000)}));
  EXPECT_EQ(f.resend(Urgency::kLost, 10 * kMss), (SeqRange{seq(4000), seq(10'000)}));
  EXPECT_FALSE(f.resend(Urgency::kLost, 10 * kMss));
  EXPECT_EQ(f.recovery.pipe(f.una, f.nxt), 8 * kMss);
}

TEST(LossRecovery, RenegingIsAnsweredLikeATimeout) {
  Flight f;
  f.sack(0, {{2000, 4000}});
  f.sack(2000, {});  // it had 2000 to 4000, and acknowledges neither
  EXPECT_EQ(f.recovery.mode(), Mode::kLoss);
  EXPECT_EQ(f.resend(Urgency::kLost), (SeqRange{seq(2000), seq(3000)}));
}

TEST(LossRecovery, NewRenoTakesThreeDuplicatesAndPartialAcknowledgements) {
  Flight f;
  f.plain(0);
  f.plain(0);
  EXPECT_EQ(f.recovery.pipe(f.una, f.nxt), 8 * kMss) << "limited transmit (RFC 3042)";
  EXPECT_TRUE(f.plain(0).entered_recovery);
  EXPECT_EQ(f.resend(Urgency::kLost), (SeqRange{seq(0), seq(1000)}));
  EXPECT_FALSE(f.resend(Urgency::kLost));
  EXPECT_FALSE(f.plain(5000).exited_recovery);
  EXPECT_EQ(f.resend(Urgency::kLost), (SeqRange{seq(5000), seq(6000)}));
  EXPECT_TRUE(f.plain(10'000).exited_recovery);
}

}  // namespace
}  // namespace zs::tcp::recovery
