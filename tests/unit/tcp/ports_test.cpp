#include "tcp/ports.hpp"

#include <gtest/gtest.h>

#include <set>

namespace zs::tcp {
namespace {

constexpr IpAddress kLocal = IpAddress::v4(10, 0, 0, 1);
constexpr Endpoint kRemote{IpAddress::v4(10, 0, 0, 2), 80};

Config range(std::uint16_t low, std::uint16_t high) {
  Config config;
  config.ephemeral_low = low;
  config.ephemeral_high = high;
  return config;
}
constexpr auto kAllFree = [](std::uint16_t) { return false; };

TEST(EphemeralPorts, uses_the_whole_range_and_nothing_else) {
  EphemeralPorts ports{range(100, 149), SipKey{1, 2}};
  std::set<std::uint16_t> seen;
  for (int i = 0; i < 50; ++i) seen.insert(*ports.choose(kLocal, kRemote, kAllFree));
  EXPECT_EQ(seen.size(), 50u);
  EXPECT_EQ(*seen.begin(), 100);
  EXPECT_EQ(*seen.rbegin(), 149);
}

TEST(EphemeralPorts, finds_the_last_free_one_and_then_gives_up) {
  EphemeralPorts ports{range(100, 149), SipKey{1, 2}};
  EXPECT_EQ(ports.choose(kLocal, kRemote, [](std::uint16_t p) { return p != 123; }), 123);
  int asked = 0;
  EXPECT_EQ(ports.choose(kLocal, kRemote, [&](std::uint16_t) { return ++asked > 0; }),
            std::nullopt);
  EXPECT_EQ(asked, 50);
}

TEST(EphemeralPorts, starts_elsewhere_for_other_destinations_and_secrets) {
  std::set<std::uint16_t> seen;
  for (std::uint64_t i = 0; i < 20; ++i) {
    EphemeralPorts ports{Config{}, SipKey{i, 2}};
    seen.insert(*ports.choose(kLocal, kRemote, kAllFree));
    seen.insert(*ports.choose(kLocal, {kRemote.address, 81}, kAllFree));
  }
  EXPECT_GE(seen.size(), 38u);
}

TEST(EphemeralPorts, makes_the_best_of_an_odd_range) {
  EphemeralPorts reversed{range(65'535, 65'534), SipKey{1, 2}};
  EXPECT_GE(*reversed.choose(kLocal, kRemote, kAllFree), 65'534);
  EphemeralPorts zero{range(0, 0), SipKey{1, 2}};
  EXPECT_EQ(zero.choose(kLocal, kRemote, kAllFree), 1);
}

}  // namespace
}  // namespace zs::tcp
