#include "tcp/recovery/undo.hpp"

#include <gtest/gtest.h>

namespace zs::tcp::recovery {
namespace {

constexpr std::uint32_t kUnit = 1000;
constexpr Instant moment(std::int64_t ms) { return Instant::from_ns(ms * 1'000'000); }
constexpr SeqRange reported(std::uint32_t from, std::uint32_t to) {
  return {SeqNum{from}, SeqNum{to}};
}

TEST(Undo, NeedsEveryCopyToArriveTwice) {
  Undo undo;
  undo.begin(SeqNum{1000}, 0);
  EXPECT_FALSE(undo.has_every_copy_arrived_twice()) << "there was none";
  undo.on_retransmitted(3, moment(5));
  undo.on_dsack(reported(1000, 3000), kUnit);
  EXPECT_FALSE(undo.has_every_copy_arrived_twice());
  undo.on_dsack(reported(0, 1000), kUnit);
  EXPECT_FALSE(undo.has_every_copy_arrived_twice()) << "that was before";
  undo.on_dsack(reported(3000, 3500), kUnit);
  EXPECT_TRUE(undo.has_every_copy_arrived_twice());
  undo.end();
  EXPECT_FALSE(undo.has_every_copy_arrived_twice());
}

TEST(Undo, AnEchoFromBeforeTheFirstCopyAnswersTheOriginal) {
  Undo undo;
  undo.begin(SeqNum{1000}, 0);
  EXPECT_FALSE(undo.is_answer_to_original(moment(1))) << "there is no copy";
  undo.on_retransmitted(1, moment(50));
  undo.on_retransmitted(1, moment(60));
  EXPECT_TRUE(undo.is_answer_to_original(moment(50)));
  EXPECT_FALSE(undo.is_answer_to_original(moment(51)));
  EXPECT_FALSE(undo.is_answer_to_original(std::nullopt));
}

TEST(Undo, ACopyThatWasOutAlreadyCounts) {
  Undo undo;
  undo.begin(SeqNum{1000}, 1);
  undo.on_dsack(reported(1000, 2000), kUnit);
  EXPECT_TRUE(undo.has_every_copy_arrived_twice());
}

}  // namespace
}  // namespace zs::tcp::recovery
