#include "tcp/recovery/loss_recovery.hpp"

#include <gtest/gtest.h>

#include "unit/tcp/recovery/conversation.hpp"

namespace zs::tcp::recovery {
namespace {

using namespace test;
using Mode = LossRecovery::Mode;

TEST(LossRecovery, NothingIsResentWhileNothingIsLost) {
  Conversation c;
  EXPECT_FALSE(c.ack(2000).entered_recovery);
  EXPECT_EQ(c.recovery.mode(), Mode::kOpen);
  EXPECT_TRUE(c.recovery.is_quiet());
  EXPECT_FALSE(c.resend());
  EXPECT_EQ(c.pipe(), 8 * kMss);
}

TEST(LossRecovery, ThreeSackedSegmentsBeginAnEpisodeThatEndsAtItsPoint) {
  Conversation c;
  EXPECT_FALSE(c.ack(0, {{1000, 3000}}).entered_recovery);
  EXPECT_TRUE(c.ack(0, {{1000, 4000}}).entered_recovery);
  EXPECT_EQ(c.pipe(), 6 * kMss);
  EXPECT_EQ(c.resend(), span_of(0, 1000));
  EXPECT_EQ(c.pipe(), 7 * kMss);
  EXPECT_FALSE(c.resend());
  EXPECT_FALSE(c.ack(9000).exited_recovery);
  EXPECT_TRUE(c.ack(10'000).exited_recovery);
  EXPECT_EQ(c.recovery.mode(), Mode::kOpen);
}

TEST(LossRecovery, AllIsForgottenOneFlightAfterTheTrouble) {
  Conversation c;
  c.ack(0, {{1000, 4000}});
  c.resend();
  c.ack(10'000);
  EXPECT_FALSE(c.recovery.is_quiet()) << "a duplicate may still be reported";
  c.send(1000);
  c.ack(11'000);
  EXPECT_TRUE(c.recovery.is_quiet());
}

// What was sent during an episode and lost in it begins another one when the first is over.
TEST(LossRecovery, LossesBeyondTheRecoveryPointAreNotForgotten) {
  Conversation c;
  c.ack(0, {{1000, 10'000}});
  c.send(2000);
  c.now = c.now + 1ms;
  c.resend();
  c.now = c.now + 40ms;
  const auto verdict = c.ack(10'000);
  EXPECT_TRUE(verdict.exited_recovery);
  ASSERT_TRUE(verdict.reordering_deadline) << "the copy was sent later, and is here";
  c.now = *verdict.reordering_deadline;
  EXPECT_TRUE(c.recovery.on_reordering_timeout(c.flight()).entered_recovery);
  EXPECT_EQ(c.resend(3000), span_of(10'000, 12'000));
}

// RFC 8985 §6.2 step 5: fewer than DupThresh may be reordering; time decides.
TEST(LossRecovery, OneSackedSegmentStartsAClock) {
  Conversation c;
  const auto verdict = c.ack(0, {{5000, 6000}});
  EXPECT_FALSE(verdict.entered_recovery);
  ASSERT_TRUE(verdict.reordering_deadline);
  EXPECT_EQ(*verdict.reordering_deadline, Instant::from_ns(0) + 50ms);
  c.now = *verdict.reordering_deadline;
  const auto late = c.recovery.on_reordering_timeout(c.flight());
  EXPECT_TRUE(late.entered_recovery);
  EXPECT_EQ(late.lost_bytes, 5 * kMss) << "only what was sent before what arrived";
  EXPECT_EQ(c.resend(10 * kMss), span_of(0, 5000));
}

// RFC 8985 §6.3.
TEST(LossRecovery, ATimeoutSparesWhatWasSentJustNow) {
  Conversation c;
  c.now = c.now + 290ms;
  c.send(1000);
  c.now = c.now + 10ms;
  c.recovery.on_timeout(c.flight(), false);
  EXPECT_EQ(c.pipe(), kMss);
}

TEST(LossRecovery, RenegingIsReportedAndThenATimeoutTrustsNothing) {
  Conversation c;
  c.ack(0, {{2000, 4000}});
  EXPECT_TRUE(c.ack(2000).reneged);  // it had 2000 to 4000, and acknowledges neither
  c.time_out();
  EXPECT_EQ(c.resend(10 * kMss), span_of(2000, 10'000));
}

TEST(LossRecovery, DuplicatesOfAllCopiesTakeTheEpisodeBack) {
  Conversation c;
  c.ack(0, {{1000, 4000}});
  c.resend();
  c.ack(10'000);
  EXPECT_TRUE(c.ack(10'000, {{0, 1000}}).spurious);
  EXPECT_FALSE(c.ack(10'000, {{0, 1000}}).spurious) << "once";
}

TEST(LossRecovery, AnEchoOfTheOriginalTakesTheEpisodeBack) {
  Conversation c;
  c.ack(0, {{1000, 4000}});
  c.resend();
  const auto verdict = c.ack(4000, {}, Instant::from_ns(0) + 1ms);
  EXPECT_TRUE(verdict.spurious);
  EXPECT_EQ(c.recovery.mode(), Mode::kOpen);
  EXPECT_EQ(c.pipe(), 6 * kMss);
}

// RFC 5682 §3.1.
TEST(LossRecovery, ATimeoutIsSpuriousIfWhatWasNotSentAgainArrives) {
  Conversation c;
  c.time_out();
  EXPECT_EQ(c.resend(), span_of(0, 1000));
  EXPECT_TRUE(c.ack(2000).spurious);
  EXPECT_EQ(c.recovery.mode(), Mode::kOpen);
  EXPECT_FALSE(c.resend());
}

TEST(LossRecovery, NewRenoTakesThreeDuplicatesAndPartialAcknowledgements) {
  Conversation c{false};
  c.ack(0);
  c.ack(0);
  EXPECT_EQ(c.pipe(), 8 * kMss) << "limited transmit (RFC 3042)";
  EXPECT_TRUE(c.ack(0).entered_recovery);
  EXPECT_EQ(c.resend(), span_of(0, 1000));
  EXPECT_FALSE(c.resend());
  EXPECT_FALSE(c.ack(5000).exited_recovery);
  EXPECT_EQ(c.resend(), span_of(5000, 6000));
  EXPECT_TRUE(c.ack(10'000).exited_recovery);
}

// RFC 5682 §2.1: without SACK it takes a second acknowledgement.
TEST(LossRecovery, WithoutSackTheSecondAdvanceMeansASpuriousTimeout) {
  Conversation c{false};
  c.time_out();
  EXPECT_EQ(c.resend(), span_of(0, 1000));
  EXPECT_FALSE(c.ack(1000).spurious);
  ASSERT_TRUE(c.recovery.tries_new_data());
  c.send(2000);
  EXPECT_TRUE(c.ack(2000).spurious);
  EXPECT_EQ(c.pipe(), 10 * kMss);
}

}  // namespace
}  // namespace zs::tcp::recovery
