#include "base/result.hpp"

#include <gtest/gtest.h>

#include <memory>

namespace zs {
namespace {

TEST(Result, HoldsAValueOrTheReason) {
  const Result<int> value = 7;
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, 7);
  const Result<int> reason = Errc::kAgain;
  ASSERT_FALSE(reason);
  EXPECT_EQ(reason.error(), Errc::kAgain);
  EXPECT_EQ(static_cast<int>(reason.error()), EAGAIN);
}

TEST(Result, OfVoidHoldsSuccessOrTheReason) {
  const Result<void> fine;
  EXPECT_TRUE(fine.has_value());
  const Result<void> refused = Errc::kInvalid;
  EXPECT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), Errc::kInvalid);
}

TEST(Result, GivesUpAValueThatOnlyMoves) {
  Result<std::unique_ptr<int>> result = std::make_unique<int>(7);
  ASSERT_TRUE(result);
  EXPECT_EQ(*result->get(), 7);
  const std::unique_ptr<int> taken = *std::move(result);
  EXPECT_EQ(*taken, 7);
}

Result<std::unique_ptr<int>> make(int n) {
  if (n < 0) return Errc::kInvalid;
  return std::make_unique<int>(n);
}

Result<void> accept(int n) {
  if (n > 9) return Errc::kMessageSize;
  return {};
}

Result<int> sum(int a, int b) {
  ZS_TRY_ASSIGN(const auto first, make(a));
  ZS_TRY_ASSIGN(const auto second, make(b));
  ZS_TRY(accept(*first + *second));
  return *first + *second;
}

TEST(Try, PassesTheFirstReasonOn) {
  EXPECT_EQ(*sum(3, 4), 7);
  EXPECT_EQ(sum(-1, 4).error(), Errc::kInvalid);
  EXPECT_EQ(sum(3, -1).error(), Errc::kInvalid);
  EXPECT_EQ(sum(3, 7).error(), Errc::kMessageSize);
}

}  // namespace
}  // namespace zs
