#include "tcp/cc/algorithm.hpp"

#include <gtest/gtest.h>

#include "tcp/cc/controller.hpp"

namespace zs::tcp::cc {
namespace {

TEST(Algorithms, each_is_found_by_the_name_that_it_gives_itself) {
  for (const NamedAlgorithm& a : kAlgorithms) {
    EXPECT_EQ(algorithm_named(a.name), a.algorithm);
    EXPECT_EQ(name_of(a.algorithm), a.name);
    EXPECT_EQ(make(a.algorithm, {})->name(), a.name);
  }
}

TEST(Algorithms, linux_name_for_newreno_is_understood_too) {
  EXPECT_EQ(algorithm_named("reno"), CongestionAlgorithm::kNewReno);
}

TEST(Algorithms, what_there_is_not_has_no_name) {
  EXPECT_FALSE(algorithm_named(""));
  EXPECT_FALSE(algorithm_named("Cubic"));
  EXPECT_FALSE(algorithm_named("vegas"));
  EXPECT_EQ(name_of(static_cast<CongestionAlgorithm>(250)), "");
}

}  // namespace
}  // namespace zs::tcp::cc
