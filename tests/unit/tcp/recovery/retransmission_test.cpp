#include <gtest/gtest.h>

#include "tcp/recovery/loss_recovery.hpp"
#include "unit/tcp/recovery/conversation.hpp"

namespace zs::tcp::recovery {
namespace {

using namespace test;

TEST(Retransmission, ACopyThatIsLostTooGoesAgain) {
  Conversation c;
  c.ack(0, {{1000, 4000}});
  ASSERT_EQ(c.resend(), span_of(0, 1000));
  c.now = c.now + 5ms;
  c.send(1000);
  c.now = c.now + 40ms;
  EXPECT_EQ(c.ack(0, {{1000, 11'000}}).lost_bytes, kMss) << "sent later, arrived earlier";
  EXPECT_EQ(c.resend(), span_of(0, 1000));
}

TEST(Retransmission, ATimeoutSendsEverythingAgainButWhatIsSacked) {
  Conversation c;
  c.ack(0, {{2000, 4000}});
  c.time_out();
  EXPECT_EQ(c.recovery.mode(), LossRecovery::Mode::kLoss);
  EXPECT_EQ(c.pipe(), 0u);
  EXPECT_EQ(c.resend(10 * kMss), span_of(0, 2000));
  EXPECT_EQ(c.resend(10 * kMss), span_of(4000, 10'000));
  EXPECT_FALSE(c.resend(10 * kMss));
  EXPECT_EQ(c.pipe(), 8 * kMss);
}

TEST(Retransmission, AfterATimeoutNewDataAsksAndItsSackAnswers) {
  Conversation c;
  c.time_out();
  c.resend();
  c.ack(1000);
  EXPECT_TRUE(c.recovery.tries_new_data());
  c.send(2000);
  EXPECT_FALSE(c.ack(1000, {{10'000, 11'000}}).spurious);
  EXPECT_FALSE(c.recovery.tries_new_data());
  EXPECT_EQ(c.resend(), span_of(1000, 2000));
  EXPECT_FALSE(c.ack(3000).spurious) << "decided";
}

TEST(Retransmission, AProbeRepeatsTheLastSegmentAndJudgesByItsAnswer) {
  for (const bool lost : {true, false}) {
    Conversation c;
    c.nxt = seq(1500);
    ASSERT_TRUE(c.recovery.may_probe());
    c.now = c.now + 80ms;
    c.recovery.on_probe_timeout(c.flight());
    ASSERT_TRUE(c.recovery.is_probe_due());
    const SeqRange last = c.recovery.last_segment(c.flight(), false);
    EXPECT_EQ(last, span_of(1000, 1500));
    c.recovery.on_probe_sent(last, true, c.now);
    EXPECT_FALSE(c.recovery.may_probe());
    EXPECT_EQ(c.pipe(), 2000u) << "both copies";
    c.now = c.now + 40ms;
    EXPECT_FALSE(c.ack(1500).probe_repaired);
    if (!lost) c.ack(1500, {{1000, 1500}});
    c.send(1000);
    EXPECT_EQ(c.ack(2500).probe_repaired, lost);
  }
}

// RFC 8985 §7.3: the second condition.
TEST(Retransmission, NoSecondProbeWithoutARoundTripInBetween) {
  Conversation c;
  c.recovery.on_probe_timeout(c.flight());
  c.recovery.on_probe_sent(span_of(9000, 10'000), false, c.now);
  c.ack(10'000);
  EXPECT_FALSE(c.recovery.may_probe());
  c.recovery.on_rtt_sample();
  EXPECT_TRUE(c.recovery.may_probe());
}

}  // namespace
}  // namespace zs::tcp::recovery
