#include "neigh/address_claims.hpp"

#include <gtest/gtest.h>

#include <string>

namespace zs::neigh {
namespace {

const IpAddress kV4 = IpAddress::v4(10, 0, 0, 1);
const IpAddress kV6 = *IpAddress::parse("2001:db8::1");

/// Claims in virtual time; what they say is written down as "P@0 A@4 ...", in whole seconds.
struct World {
  explicit World(const ClaimConfig& config = {}) : claims(config) {}

  void pass(Duration d) {
    const Instant end = now + d;
    drain();
    while (claims.next_deadline() <= end) {
      now = std::max(now, claims.next_deadline());
      claims.on_deadline(now);
      drain();
    }
    now = end;
  }
  void drain() {
    while (const auto m = claims.poll_message()) {
      if (!said.empty()) said += ' ';
      said += m->kind == ClaimMessage::Kind::kProbe ? "P@" : "A@";
      said += std::to_string((now - start) / 1s);
    }
  }
  ClaimState state() const { return claims.all()[0].state; }

  Instant start = Instant::from_ns(1'000'000'000);
  Instant now = start;
  AddressClaims claims;
  std::string said;
};

TEST(AddressClaims, ProbesThenAnnouncesAndIsUsableAllTheWhile) {
  for (const auto& [address, expected] :
       {std::pair{kV4, "P@0 P@1 P@2 A@4 A@6"}, std::pair{kV6, "P@0 A@2 A@4"}}) {
    World w;
    w.claims.add(0, address, w.now);
    EXPECT_TRUE(w.claims.is_answering(0, address));
    EXPECT_EQ(w.state(), ClaimState::kTentative);
    w.pass(100s);
    EXPECT_EQ(w.said, expected);
    EXPECT_EQ(w.state(), ClaimState::kPreferred);
    EXPECT_TRUE(w.claims.next_deadline().is_never());
  }
}

TEST(AddressClaims, WithoutProbesNothingIsSaidUntilTheLinkComesUp) {
  World w({.probes_v4 = 0, .probes_v6 = 0});
  w.claims.add(0, kV4, w.now);
  w.claims.add(1, kV6, w.now);
  w.pass(100s);
  EXPECT_EQ(w.said, "");
  EXPECT_EQ(w.state(), ClaimState::kPreferred);
  w.claims.on_link_up(0, w.now);
  w.pass(100s);
  EXPECT_EQ(w.said, "A@100 A@102");
}

TEST(AddressClaims, StepsBackFromARivalUntilTheAddressIsFree) {
  for (const Rival rival : {Rival::kUses, Rival::kProbes}) {
    World w;
    w.claims.add(0, kV4, w.now);
    w.pass(1s);
    w.claims.on_rival(0, kV4, rival, w.now);
    EXPECT_EQ(w.state(), ClaimState::kDuplicate);
    EXPECT_FALSE(w.claims.is_answering(0, kV4));
    w.pass(59s);
    EXPECT_EQ(w.said, "P@0 P@1");
    // Asked again after a minute; still taken.
    w.pass(1s);
    w.claims.on_rival(0, kV4, rival, w.now);
    EXPECT_FALSE(w.claims.is_answering(0, kV4));
    w.pass(100s);
    EXPECT_EQ(w.said, "P@0 P@1 P@61 P@121 P@122 P@123 A@125 A@127");
    EXPECT_EQ(w.state(), ClaimState::kPreferred);
    EXPECT_TRUE(w.claims.is_answering(0, kV4));
    EXPECT_EQ(w.claims.all()[0].conflicts, 2u);
  }
}

TEST(AddressClaims, DefendsASettledAddressButNotOften) {
  World w;
  w.claims.add(0, kV4, w.now);
  w.pass(100s);
  w.said.clear();
  w.claims.on_rival(0, kV4, Rival::kProbes, w.now);  // our answer will do
  w.pass(0s);
  EXPECT_EQ(w.said, "");
  for (int second = 0; second < 25; ++second) {
    w.claims.on_rival(0, kV4, Rival::kUses, w.now);
    w.pass(1s);
  }
  EXPECT_EQ(w.said, "A@100 A@110 A@120");
  EXPECT_EQ(w.state(), ClaimState::kPreferred);
  EXPECT_EQ(w.claims.all()[0].conflicts, 25u);
}

TEST(AddressClaims, LinkUpProbesWhatWasNotSettled) {
  World w;
  w.claims.add(0, kV4, w.now);
  w.claims.on_rival(0, kV4, Rival::kUses, w.now);
  w.pass(10s);
  w.claims.on_link_up(0, w.now);
  w.pass(20s);
  EXPECT_EQ(w.said, "P@10 P@11 P@12 A@14 A@16");
  EXPECT_EQ(w.state(), ClaimState::kPreferred);
}

TEST(AddressClaims, OtherAddressesAndInterfacesAreNoneOfOurs) {
  World w;
  w.claims.add(0, kV4, w.now);
  w.claims.on_rival(1, kV4, Rival::kUses, w.now);
  w.claims.on_rival(0, kV6, Rival::kUses, w.now);
  EXPECT_EQ(w.state(), ClaimState::kTentative);
  EXPECT_FALSE(w.claims.is_answering(1, kV4));
  EXPECT_FALSE(w.claims.is_answering(0, kV6));
}

TEST(AddressClaims, StatesHaveNames) {
  EXPECT_EQ(to_string(ClaimState::kTentative), "tentative");
  EXPECT_EQ(to_string(ClaimState::kPreferred), "preferred");
  EXPECT_EQ(to_string(ClaimState::kDuplicate), "duplicate");
}

}  // namespace
}  // namespace zs::neigh
