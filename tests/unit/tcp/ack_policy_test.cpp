#include "tcp/ack_policy.hpp"

#include <gtest/gtest.h>

namespace zs::tcp {
namespace {

using namespace std::chrono_literals;

constexpr Instant kStart = Instant::from_ns(1'000'000'000);

class AckPolicyTest : public ::testing::Test {
 protected:
  void in_order(std::uint32_t bytes, Instant now = kStart) {
    policy_.on_data(Arrival::kInOrder, bytes, std::min(bytes, 1448u), now);
  }
  AckPolicy policy_{40ms, 0};
};

TEST_F(AckPolicyTest, owes_nothing_at_first) {
  EXPECT_FALSE(policy_.is_pending());
  EXPECT_TRUE(policy_.deadline().is_never());
  EXPECT_FALSE(policy_.is_due(kStart));
}

TEST_F(AckPolicyTest, delays_the_first_segment_and_answers_the_second) {
  in_order(1448);
  EXPECT_TRUE(policy_.is_pending());
  EXPECT_FALSE(policy_.is_due_now());
  EXPECT_EQ(policy_.deadline(), kStart + 40ms);
  in_order(1448, kStart + 10ms);
  EXPECT_TRUE(policy_.is_due_now());
  EXPECT_TRUE(policy_.is_due(kStart));
  policy_.on_bare_ack_sent(kStart);
  EXPECT_FALSE(policy_.is_pending());
  in_order(1448, kStart + 20ms);
  EXPECT_FALSE(policy_.is_due_now());
}

TEST_F(AckPolicyTest, the_delay_counts_from_the_first_unanswered_byte) {
  in_order(10);
  in_order(10, kStart + 30ms);
  EXPECT_EQ(policy_.deadline(), kStart + 40ms);
  EXPECT_TRUE(policy_.is_due(kStart + 40ms));
}

TEST_F(AckPolicyTest, a_super_frame_counts_by_its_bytes) {
  in_order(10 * 1448);
  EXPECT_TRUE(policy_.is_due_now());
}

TEST_F(AckPolicyTest, small_messages_wait_for_the_delay) {
  for (int i = 0; i < 10; ++i) in_order(100);
  EXPECT_FALSE(policy_.is_due_now());
  in_order(72);
  EXPECT_TRUE(policy_.is_due_now());
}

TEST_F(AckPolicyTest, everything_unusual_is_answered_at_once) {
  for (const Arrival arrival : {Arrival::kFilledHole, Arrival::kOutOfOrder, Arrival::kDuplicate}) {
    policy_.on_data(arrival, 10, 10, kStart);
    EXPECT_TRUE(policy_.is_due_now());
    policy_.on_bare_ack_sent(kStart);
  }
  policy_.on_data(Arrival::kDuplicate, 0, 0, kStart);
  EXPECT_TRUE(policy_.is_due_now());
  policy_.on_bare_ack_sent(kStart);
  policy_.request_now();
  EXPECT_TRUE(policy_.is_due_now());
}

TEST_F(AckPolicyTest, answers_the_first_segments_quickly) {
  AckPolicy policy{40ms, 2};
  for (int i = 0; i < 2; ++i) {
    policy.on_data(Arrival::kInOrder, 100, 100, kStart);
    EXPECT_TRUE(policy.is_due_now());
    policy.on_bare_ack_sent(kStart);
    policy.on_bare_ack_sent(kStart);  // one that nobody owed uses up nothing
  }
  policy.on_data(Arrival::kInOrder, 100, 100, kStart);
  EXPECT_FALSE(policy.is_due_now());
}

TEST(AckPolicyPingPong, replies_end_the_quick_acknowledgements) {
  AckPolicy policy{40ms};
  policy.on_data(Arrival::kInOrder, 100, 100, kStart);
  EXPECT_TRUE(policy.is_due_now());
  EXPECT_TRUE(policy.is_quick());
  policy.on_reply_sent(kStart);
  EXPECT_FALSE(policy.is_quick());
  policy.on_data(Arrival::kInOrder, 100, 100, kStart + 1ms);
  EXPECT_FALSE(policy.is_due_now());
  EXPECT_EQ(policy.deadline(), kStart + 41ms);
}

TEST(AckPolicyPingPong, a_reply_within_the_delay_is_one_though_the_acknowledgement_has_left) {
  AckPolicy policy{40ms};
  policy.on_data(Arrival::kInOrder, 100, 100, kStart);
  policy.on_bare_ack_sent(kStart);
  policy.on_reply_sent(kStart + 40ms);
  EXPECT_TRUE(policy.is_quick());
  policy.on_data(Arrival::kInOrder, 100, 100, kStart + 50ms);
  policy.on_bare_ack_sent(kStart + 50ms);
  policy.on_reply_sent(kStart + 89ms);
  EXPECT_FALSE(policy.is_quick());
}

TEST(AckPolicyPingPong, data_of_our_own_that_answers_nothing_is_no_reply) {
  AckPolicy policy{40ms};
  policy.request_now();  // for a SYN-ACK
  policy.on_bare_ack_sent(kStart);
  policy.on_reply_sent(kStart + 1ms);
  EXPECT_TRUE(policy.is_quick());
}

TEST(AckPolicyPingPong, ends_when_no_reply_comes) {
  AckPolicy policy{40ms, 5};
  policy.set_quick(0);
  policy.on_data(Arrival::kInOrder, 100, 100, kStart);
  EXPECT_FALSE(policy.is_due_now());
  policy.on_bare_ack_sent(kStart + 40ms);
  EXPECT_TRUE(policy.is_quick());
  policy.on_data(Arrival::kInOrder, 100, 100, kStart + 80ms);
  EXPECT_TRUE(policy.is_due_now());
}

TEST(AckPolicyPingPong, is_switched_off_for_one_acknowledgement_or_until_further_notice) {
  AckPolicy policy{40ms, 5};
  policy.set_quick(0);
  policy.set_quick(2);  // nothing is owed
  EXPECT_TRUE(policy.is_quick());
  policy.set_quick(0);
  policy.on_data(Arrival::kInOrder, 100, 100, kStart);
  policy.set_quick(2);
  EXPECT_TRUE(policy.is_due_now());
  EXPECT_FALSE(policy.is_quick());
  policy.on_bare_ack_sent(kStart);
  policy.on_data(Arrival::kInOrder, 100, 100, kStart);
  policy.set_quick(1);
  EXPECT_TRUE(policy.is_due_now());
  EXPECT_TRUE(policy.is_quick());
}

TEST_F(AckPolicyTest, may_be_postponed) {
  policy_.request_now();
  policy_.postpone(kStart + 200ms);
  EXPECT_FALSE(policy_.is_due_now());
  EXPECT_EQ(policy_.deadline(), kStart + 200ms);
  policy_.on_reply_sent(kStart);
  EXPECT_FALSE(policy_.is_pending());
}

TEST(WindowToOffer, moves_by_a_segment_or_half_the_buffer_and_never_back) {
  WindowState w{.offered = 10'000, .free = 11'000, .capacity = 60'000, .mss = 1448};
  EXPECT_EQ(window_to_offer(w), 10'000u);
  w.free = 11'448;
  EXPECT_EQ(window_to_offer(w), 11'448u);
  w.free = 5'000;
  EXPECT_EQ(window_to_offer(w), 10'000u);
  EXPECT_EQ(window_to_offer({.offered = 0, .free = 500, .capacity = 1000, .mss = 1448}), 500u);
  EXPECT_EQ(window_to_offer({.offered = 0, .free = 499, .capacity = 1000, .mss = 1448}), 0u);
}

TEST(WindowUpdate, is_sent_when_it_is_worth_a_packet) {
  WindowState w{.offered = 0, .free = 1447, .capacity = 60'000, .mss = 1448};
  EXPECT_FALSE(is_window_update_due(w));
  w.free = 1448;
  EXPECT_TRUE(is_window_update_due(w));
  w = {.offered = 30'000, .free = 40'000, .capacity = 60'000, .mss = 1448};
  EXPECT_FALSE(is_window_update_due(w));
  w.free = 45'000;
  EXPECT_TRUE(is_window_update_due(w));
}

}  // namespace
}  // namespace zs::tcp
