#include "bench/targets.hpp"

#include <gtest/gtest.h>

#include <set>

namespace zs::bench {
namespace {

constexpr Target kFast{"ratio", "faster", Bound::kAtLeast, 1.5, "x"};
constexpr Target kCheap{"cycles", "cheaper", Bound::kAtMost, 500, ""};

TEST(Targets, AreJudgedByTheSummary) {
  EXPECT_EQ(judge(kFast, {{"ratio", 1.5}}), Verdict::kMet);
  EXPECT_EQ(judge(kFast, {{"ratio", 1.49}}), Verdict::kNotMet);
  EXPECT_EQ(judge(kCheap, {{"cycles", 500}}), Verdict::kMet);
  EXPECT_EQ(judge(kCheap, {{"cycles", 501}}), Verdict::kNotMet);
  EXPECT_EQ(judge(kFast, Json::object()), Verdict::kNotMeasured);
  EXPECT_EQ(judge(kFast, {{"ratio", nullptr}}), Verdict::kNotMeasured);
}

TEST(Targets, AreToldInWords) {
  EXPECT_EQ(wanted_text(kFast), "at least 1.5x");
  EXPECT_EQ(wanted_text(kCheap), "at most 500");
  EXPECT_EQ(measured_text(kFast, {{"ratio", 1.734}}), "1.73x");
  EXPECT_EQ(measured_text(kCheap, {{"cycles", 1'234.4}}), "1,234");
  EXPECT_EQ(measured_text(kFast, Json::object()), "");
}

TEST(Targets, EachKeyHasOne) {
  std::set<std::string_view> keys;
  for (const Target& target : all_targets()) EXPECT_TRUE(keys.insert(target.key).second);
  EXPECT_EQ(judged(Json::object()).size(), keys.size());
}

}  // namespace
}  // namespace zs::bench
