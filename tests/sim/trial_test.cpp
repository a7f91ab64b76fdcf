// The simulator itself: worlds are what their seeds say, and failures are told.

#include "sim/trial.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>

#include "sim/crew.hpp"
#include "sim/seen_segment.hpp"

namespace zs::sim {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

TEST(SimTrial, same_seed_same_world) {
  const auto hash = [](Profile profile, std::uint64_t seed) {
    return run_trial(draw_scenario(profile, seed)).trace_hash;
  };
  for (const auto& [name, profile] : kProfiles) {
    EXPECT_EQ(hash(profile, 3), hash(profile, 3)) << name;
    EXPECT_NE(hash(profile, 3), hash(profile, 4)) << name;
  }
}

TEST(SimTrial, attackers_strike_and_are_seen) {
  const Scenario s = draw_scenario(Profile::kHostile, 2);
  std::uint64_t forged = 0;
  const Outcome outcome =
      run_trial(s, [&](Instant, std::size_t, Heading heading, const rte_mbuf& frame) {
        if (heading != Heading::kForged) return;
        ++forged;
        EXPECT_FALSE(describe_frame(frame).empty());
      });
  EXPECT_TRUE(outcome.ok) << outcome.why;
  EXPECT_GT(outcome.strikes, 0u);
  EXPECT_EQ(outcome.strikes, forged);
}

TEST(SimTrial, what_cannot_end_is_told) {
  Scenario s = draw_scenario(Profile::kLan, 1);
  s.limit = Duration{1};
  const Outcome outcome = run_trial(s);
  EXPECT_FALSE(outcome.ok);
  EXPECT_THAT(outcome.why, HasSubstr("connections do not end"));
}

TEST(SimTrial, a_scenario_describes_itself) {
  const Scenario s = draw_scenario(Profile::kMixed, 9);
  const std::string text = describe(s);
  EXPECT_THAT(text, StartsWith("mixed world 9\n"));
  EXPECT_THAT(text, HasSubstr("bottleneck: "));
}

TEST(SimProfile, names_go_both_ways) {
  for (const auto& [name, profile] : kProfiles) {
    EXPECT_EQ(profile_named(name), profile);
    EXPECT_EQ(name_of(profile), name);
  }
  EXPECT_EQ(profile_named("none"), std::nullopt);
}

TEST(SimSeeds, are_a_number_or_a_range) {
  SeedRange range;
  EXPECT_TRUE(SeedRange::parse("7", range));
  EXPECT_EQ(range.first, 7u);
  EXPECT_EQ(range.count(), 1u);
  EXPECT_TRUE(SeedRange::parse("3-20000", range));
  EXPECT_EQ(range.last, 20'000u);
  for (const char* wrong : {"", "-", "a", "3-", "-3", "4-3", "1-2-3", "1 - 2"}) {
    EXPECT_FALSE(SeedRange::parse(wrong, range)) << wrong;
  }
}

TEST(SimCrew, runs_each_seed_once_and_outlives_a_crash) {
  Crew crew{[](std::uint64_t seed) {
              if (seed == 5) std::_Exit(3);
              Outcome o;
              o.ok = seed != 6;
              o.why = o.ok ? "" : std::string(5'000, 'x');
              o.bytes = seed;
              return o;
            },
            3};
  std::map<std::uint64_t, Outcome> told;
  ASSERT_TRUE(crew.run(
      {.first = 1, .last = 20},
      [&](std::uint64_t seed, const Outcome& o) { EXPECT_TRUE(told.emplace(seed, o).second); },
      [] {}));
  ASSERT_EQ(told.size(), 20u);
  EXPECT_FALSE(told[5].ok);
  EXPECT_THAT(told[5].why, HasSubstr("exit code 3"));
  EXPECT_FALSE(told[6].ok);
  EXPECT_EQ(told[6].why.size(), 5'000u);
  EXPECT_TRUE(told[20].ok);
  EXPECT_EQ(told[20].bytes, 20u);
}

}  // namespace
}  // namespace zs::sim
