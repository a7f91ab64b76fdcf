#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "runtime/eal.hpp"

namespace zs::runtime {
namespace {

using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Not;

const Machine kTwoCores{{0, 1}};

Config with_device(const char* name) {
  std::string why;
  Config c;
  c.device = *parse_device(name, why);
  c.runtime.lcores = {1};
  return c;
}
EalPlan plan(const Config& c, std::uint64_t free_mb) {
  std::string why;
  auto result = plan_eal(c, kTwoCores, {free_mb}, 77, why);
  EXPECT_TRUE(result) << why;
  return *result;
}

TEST(EalPlan, RunsWithoutHugepages) {
  const EalPlan p = plan(with_device("tap"), 0);
  EXPECT_FALSE(p.uses_hugepages);
  EXPECT_EQ(p.memory_mb, 256u);
  EXPECT_THAT(p.arguments, Contains("--no-huge"));
  EXPECT_THAT(p.arguments, Contains("--no-shconf"));
  EXPECT_THAT(p.arguments, Contains("--no-pci"));
  EXPECT_THAT(p.arguments, Contains("--no-telemetry"));
  // DPDK refuses the two together.
  EXPECT_THAT(p.arguments, Not(Contains("--in-memory")));
}

TEST(EalPlan, UsesHugepagesWhenEnoughAreFree) {
  const EalPlan p = plan(with_device("tap"), 256);
  EXPECT_TRUE(p.uses_hugepages);
  EXPECT_THAT(p.arguments, Contains("--in-memory"));
  EXPECT_THAT(p.arguments, Not(Contains("--no-huge")));
  Config never = with_device("tap");
  never.runtime.hugepages = Hugepages::kNever;
  EXPECT_FALSE(plan(never, 4096).uses_hugepages);
}

TEST(EalPlan, SaysWhatIsMissingWhenHugepagesAreDemanded) {
  Config c = with_device("tap");
  c.runtime.hugepages = Hugepages::kAlways;
  std::string why;
  EXPECT_EQ(plan_eal(c, kTwoCores, {10}, 1, why).error(), Errc::kNoMemory);
  EXPECT_THAT(why, HasSubstr("only 10 MiB of hugepages are free and 256 are needed"));
}

TEST(EalPlan, PinsEveryShardAndLetsTheControlThreadFloat) {
  Config c = with_device("tap");
  c.runtime.lcores = {1, 0};
  const EalPlan p = plan(c, 0);
  EXPECT_THAT(p.arguments, Contains("0@(0,1),1@1,2@0"));
  EXPECT_EQ(p.memory_mb, 512u);
}

TEST(EalPlan, ProbesOnlyTheNicThatWasNamed) {
  const EalPlan p = plan(with_device("dpdk:00:05.0,foo=1"), 0);
  EXPECT_THAT(p.arguments, Contains("--allow"));
  EXPECT_THAT(p.arguments, Contains("0000:00:05.0,foo=1"));
  EXPECT_THAT(p.arguments, Not(Contains("--no-pci")));
}

TEST(EalPlan, TakesAPrefixOfItsOwn) {
  EXPECT_THAT(plan(with_device("tap"), 0).arguments, Contains("zstack-77"));
}

}  // namespace
}  // namespace zs::runtime
