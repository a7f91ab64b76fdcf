#include "tcp/recovery/prr.hpp"

#include <gtest/gtest.h>

namespace zs::tcp::recovery {
namespace {

constexpr std::uint32_t kSegmentSize = 1000;

/// A sender with enough to send: it fills whatever window it gets.
struct Sender {
  Prr prr;
  std::uint32_t pipe = 0;

  /// One segment arrived; returns how many go out.
  std::uint32_t ack(bool una_advanced = false, bool found_loss = false) {
    prr.on_ack({.delivered = kSegmentSize,
                .una_advanced = una_advanced,
                .found_loss = found_loss,
                .pipe = pipe,
                .mss = kSegmentSize});
    std::uint32_t sent = 0;
    while (prr.window() >= pipe + kSegmentSize) {
      pipe += kSegmentSize;
      prr.on_sent(kSegmentSize);
      ++sent;
    }
    return sent;
  }
};

TEST(Prr, AboveSsthreshSendsInProportion) {
  Sender s;
  s.prr.start(5 * kSegmentSize, 10 * kSegmentSize);
  s.pipe = 9 * kSegmentSize;  // one lost
  std::uint32_t sent = s.ack();
  EXPECT_EQ(sent, 1u) << "the first retransmission goes at once";
  for (int i = 0; i < 7; ++i) {
    s.pipe -= kSegmentSize;
    sent += s.ack();
  }
  EXPECT_EQ(sent, 4u) << "half of eight";
}

TEST(Prr, BelowSsthreshGrowsByOneMoreIfNothingSpeaksAgainstIt) {
  Sender s;
  s.prr.start(7 * kSegmentSize, 10 * kSegmentSize);
  s.pipe = 2 * kSegmentSize;  // most of it was lost
  EXPECT_EQ(s.ack(), 1u);
  s.pipe -= kSegmentSize;
  EXPECT_EQ(s.ack(true), 2u) << "SafeACK";
  s.pipe -= kSegmentSize;
  EXPECT_EQ(s.ack(true, true), 1u) << "more was lost";
  for (int i = 0; i < 10; ++i) {
    s.pipe -= kSegmentSize;
    s.ack(true);
    EXPECT_LE(s.pipe, 7 * kSegmentSize);
  }
  EXPECT_EQ(s.pipe, 7 * kSegmentSize);
}

TEST(Prr, NothingDeliveredChangesNothing) {
  Prr prr;
  prr.start(5 * kSegmentSize, 10 * kSegmentSize);
  prr.on_ack({.delivered = kSegmentSize, .pipe = 6 * kSegmentSize, .mss = kSegmentSize});
  const std::uint32_t window = prr.window();
  prr.on_ack({.delivered = 0, .una_advanced = true, .pipe = 0, .mss = kSegmentSize});
  EXPECT_EQ(prr.window(), window);
}

}  // namespace
}  // namespace zs::tcp::recovery
