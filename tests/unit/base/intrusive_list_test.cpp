#include "base/intrusive_list.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace zs {
namespace {

struct Ready {};
struct Dirty {};
struct Linked : ListHook<Ready>, ListHook<Dirty> {
  explicit Linked(int n) : number(n) {}
  int number;
};
using ReadyList = IntrusiveList<Linked, Ready>;

std::vector<int> numbers(ReadyList& list) {
  std::vector<int> out;
  list.for_each([&out](Linked& item) { out.push_back(item.number); });
  EXPECT_EQ(out.empty(), list.empty());
  return out;
}

class IntrusiveListOfThree : public testing::Test {
 protected:
  IntrusiveListOfThree() {
    for (Linked* item : {&one, &two, &three}) list.push_back(*item);
  }
  Linked one{1};
  Linked two{2};
  Linked three{3};
  ReadyList list;  // goes first, and lets go of the items
};

TEST_F(IntrusiveListOfThree, TheVisitedGoBehindTheOthers) {
  std::vector<int> seen;
  list.visit_in_turn([&](Linked& item) {
    seen.push_back(item.number);
    return seen.size() < 2;
  });
  EXPECT_EQ(seen, (std::vector{1, 2}));
  EXPECT_EQ(numbers(list), (std::vector{3, 1, 2}));
  list.visit_in_turn([](Linked&) { return true; });
  EXPECT_EQ(numbers(list), (std::vector{3, 1, 2}));
}

TEST_F(IntrusiveListOfThree, AVisitorMayTakeOutWhatItIsGiven) {
  std::size_t seen = 0;
  list.visit_in_turn([&](Linked& item) {
    if (item.number != 2) list.erase(item);
    return ++seen < 2;
  });
  EXPECT_EQ(numbers(list), (std::vector{3, 2}));
  list.visit_in_turn([&](Linked& item) {
    list.erase(item);
    return false;
  });
  EXPECT_EQ(numbers(list), std::vector{2});
  list.visit_in_turn([&](Linked& item) {
    list.erase(item);
    return false;
  });
  EXPECT_TRUE(list.empty());
  list.visit_in_turn([](Linked&) { return true; });
  EXPECT_TRUE(list.empty());
}

TEST_F(IntrusiveListOfThree, IsAQueue) {
  EXPECT_EQ(numbers(list), (std::vector{1, 2, 3}));
  EXPECT_EQ(&list.front(), &one);
  EXPECT_EQ(&list.pop_front(), &one);
  EXPECT_FALSE(static_cast<ListHook<Ready>&>(one).is_linked());
  list.push_back(one);
  EXPECT_EQ(numbers(list), (std::vector{2, 3, 1}));
}

TEST_F(IntrusiveListOfThree, LosesAnItemFromEveryPlace) {
  list.erase(two);
  EXPECT_EQ(numbers(list), (std::vector{1, 3}));
  list.erase(three);
  EXPECT_EQ(numbers(list), (std::vector{1}));
  list.erase(one);
  EXPECT_EQ(numbers(list), std::vector<int>{});
}

TEST_F(IntrusiveListOfThree, TakesAnItemOnce) {
  list.push_back_once(one);
  EXPECT_EQ(numbers(list), (std::vector{1, 2, 3}));
  list.erase(one);
  list.push_back_once(one);
  EXPECT_EQ(numbers(list), (std::vector{2, 3, 1}));
}

TEST_F(IntrusiveListOfThree, SharesItsItemsWithAListOfAnotherTag) {
  IntrusiveList<Linked, Dirty> dirty;
  dirty.push_back(two);
  list.erase(two);
  EXPECT_EQ(&dirty.front(), &two);
  EXPECT_EQ(numbers(list), (std::vector{1, 3}));
}

TEST_F(IntrusiveListOfThree, LetsAVisitorEraseItsItem) {
  list.for_each([this](Linked& item) {
    if (item.number != 2) list.erase(item);
  });
  EXPECT_EQ(numbers(list), (std::vector{2}));
}

TEST(IntrusiveList, LetsGoOfItsItemsWhenItGoes) {
  Linked item{1};
  {
    ReadyList list;
    list.push_back(item);
  }
  EXPECT_FALSE(static_cast<ListHook<Ready>&>(item).is_linked());
}

}  // namespace
}  // namespace zs
