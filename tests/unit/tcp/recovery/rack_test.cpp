#include "tcp/recovery/rack.hpp"

#include <gtest/gtest.h>

namespace zs::tcp::recovery {
namespace {

using namespace std::chrono_literals;

constexpr Instant when(std::int64_t ms) { return Instant::from_ns(ms * 1'000'000); }
constexpr SeqRange bytes(std::uint32_t from, std::uint32_t to) {
  return {SeqNum{from}, SeqNum{to}};
}

class RackTest : public ::testing::Test {
 protected:
  void deliver(SeqRange range, Instant sent_at, bool retransmitted = false,
               std::optional<Instant> echoed_before = std::nullopt) {
    rack_.on_delivered({range, sent_at, retransmitted}, {when(100), 10ms, echoed_before},
                       reordering_);
  }

  Reordering reordering_;
  Rack rack_{SeqNum{0}, 10ms};
};

TEST_F(RackTest, nothing_is_late_before_something_arrived) {
  EXPECT_FALSE(rack_.is_sent_before(when(0), SeqNum{0}));
}

//= https://www.rfc-editor.org/rfc/rfc8985#section-6.2
//= type=test
TEST_F(RackTest, what_was_sent_earlier_is_late_by_time_then_by_number) {
  deliver(bytes(1000, 2000), when(50));
  EXPECT_TRUE(rack_.is_sent_before(when(49), SeqNum{5000}));
  EXPECT_TRUE(rack_.is_sent_before(when(50), SeqNum{0}));
  EXPECT_FALSE(rack_.is_sent_before(when(50), SeqNum{2000}));
  EXPECT_FALSE(rack_.is_sent_before(when(51), SeqNum{0}));
  EXPECT_EQ(rack_.rtt(), 50ms);
}

TEST_F(RackTest, a_copy_that_answers_too_soon_is_the_original) {
  deliver(bytes(0, 1000), when(95), true);
  EXPECT_FALSE(rack_.is_sent_before(when(90), SeqNum{0})) << "faster than the path ever was";
  deliver(bytes(0, 1000), when(80), true, when(75));
  EXPECT_FALSE(rack_.is_sent_before(when(70), SeqNum{0})) << "the echo is older";
  deliver(bytes(0, 1000), when(80), true, when(81));
  EXPECT_TRUE(rack_.is_sent_before(when(70), SeqNum{0}));
}

TEST_F(RackTest, reordering_is_what_arrives_below_the_highest_without_being_sent_again) {
  deliver(bytes(2000, 3000), when(50));
  deliver(bytes(0, 1000), when(50), true);
  EXPECT_FALSE(reordering_.seen);
  deliver(bytes(1000, 2000), when(50));
  EXPECT_TRUE(reordering_.seen);
}

TEST_F(RackTest, the_window_is_a_quarter_of_the_round_trip_unless_loss_is_evident) {
  const PathTimes path{.min_rtt = 40ms, .srtt = 60ms, .latest = 60ms};
  EXPECT_EQ(Rack::window({false, false, path}, reordering_), 10ms);
  EXPECT_EQ(Rack::window({true, false, path}, reordering_), 0ms);
  EXPECT_EQ(Rack::window({false, true, path}, reordering_), 0ms);
  reordering_.seen = true;
  EXPECT_EQ(Rack::window({true, true, path}, reordering_), 10ms);
}

TEST_F(RackTest, duplicates_widen_the_window_once_a_round_trip_up_to_srtt) {
  const PathTimes path{.min_rtt = 40ms, .srtt = 60ms, .latest = 60ms};
  reordering_.seen = true;
  rack_.on_dsack(SeqNum{0}, SeqNum{1000}, reordering_);
  rack_.on_dsack(SeqNum{999}, SeqNum{2000}, reordering_);
  EXPECT_EQ(Rack::window({true, true, path}, reordering_), 20ms);
  for (std::uint32_t round = 1; round < 1000; ++round) {
    rack_.on_dsack(SeqNum{round * 1000}, SeqNum{(round + 1) * 1000}, reordering_);
  }
  EXPECT_EQ(Rack::window({true, true, path}, reordering_), 60ms);
}

TEST_F(RackTest, sixteen_recoveries_without_duplicates_forget_the_wider_window) {
  rack_.on_dsack(SeqNum{0}, SeqNum{1000}, reordering_);
  for (int i = 0; i < Rack::kPersist - 1; ++i) Rack::on_recovery_exit(reordering_);
  EXPECT_EQ(reordering_.window_mult, 2);
  Rack::on_recovery_exit(reordering_);
  EXPECT_EQ(reordering_.window_mult, 1);
}

}  // namespace
}  // namespace zs::tcp::recovery
