#include "base/drop.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace zs {
namespace {

TEST(Drop, EveryReasonHasANameOfItsOwnAndAText) {
  std::set<std::string_view> names;
  for (const auto& [name, text] : kDropTexts) {
    EXPECT_TRUE(names.insert(name).second) << name;
    EXPECT_NE(name.find('.'), std::string_view::npos) << name;
    EXPECT_EQ(name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_."), std::string_view::npos);
    EXPECT_FALSE(text.empty()) << name;
  }
  EXPECT_EQ(names.size(), kDropCount);
}

TEST(DropCounters, CountEachReasonApart) {
  DropCounters drops;
  EXPECT_EQ(drops.total(), 0u);
  for (std::size_t i = 0; i < kDropCount; ++i) {
    for (std::size_t n = 0; n <= i; ++n) drops += static_cast<Drop>(i);
  }
  for (std::size_t i = 0; i < kDropCount; ++i) EXPECT_EQ(drops[static_cast<Drop>(i)], i + 1);
  EXPECT_EQ(drops.total(), kDropCount * (kDropCount + 1) / 2);
}

}  // namespace
}  // namespace zs
