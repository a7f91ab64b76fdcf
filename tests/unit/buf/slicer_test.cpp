#include "buf/slicer.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "buf/mbuf.hpp"

namespace zs::buf {
namespace {

class SlicerTest : public testing::Test {
 protected:
  std::unique_ptr<Pool> data_ = *Pool::create({.name = "data", .count = 4, .data_room = 100});
  std::unique_ptr<Pool> indirect_ = *Pool::create({.name = "slices", .count = 100});
  Mbuf packet_ = *Mbuf::copy_of(std::vector<std::byte>(100), *data_);
};

TEST_F(SlicerTest, MakesAsManyAsAsked) {
  std::vector<Mbuf> made;
  Slicer slices(*indirect_, 70);
  for (std::uint32_t i = 0; i < 70; ++i) {
    rte_mbuf* const m = slices.make(packet_.get(), i, 10);
    ASSERT_NE(m, nullptr);
    EXPECT_EQ(bytes(m).data(), packet_.first().data() + i);
    EXPECT_EQ(bytes(m).size(), 10u);
    made.push_back(Mbuf::adopt(m));
  }
  EXPECT_EQ(indirect_->in_use(), 70u);
  EXPECT_EQ(reference_count(packet_.get()), 71u);
}

TEST_F(SlicerTest, MakesMoreThanWasSaid) {
  Slicer slices(*indirect_, 0);
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(Mbuf::adopt(slices.make(packet_.get(), 0, 1)));
}

TEST_F(SlicerTest, GivesBackWhatWasNotUsed) {
  {
    Slicer slices(*indirect_, 20);
    const Mbuf one = Mbuf::adopt(slices.make(packet_.get(), 0, 5));
    EXPECT_TRUE(one);
  }
  EXPECT_EQ(indirect_->in_use(), 0u);
  EXPECT_TRUE(is_exclusive(packet_.get()));
}

TEST_F(SlicerTest, SaysWhenThePoolIsEmpty) {
  indirect_->fail_after_for_test(5);
  Slicer slices(*indirect_, 10);
  EXPECT_EQ(slices.make(packet_.get(), 0, 5), nullptr);
  EXPECT_EQ(indirect_->in_use(), 0u);
}

}  // namespace
}  // namespace zs::buf
