#include "tcp/keepalive.hpp"

#include <gtest/gtest.h>

namespace zs::tcp {
namespace {

constexpr Instant kHeard = Instant::from_ns(1'000'000'000);

KeepAlive make_keepalive() {
  Config config;
  config.keepalive_idle = 100s;
  config.keepalive_interval = 10s;
  config.keepalive_probes = 2;
  return KeepAlive{config};
}

TEST(KeepAlive, probes_after_silence_and_gives_up) {
  KeepAlive k = make_keepalive();
  k.on_heard(kHeard);
  EXPECT_EQ(k.deadline(), kHeard + 100s);
  EXPECT_EQ(k.on_deadline(kHeard + 99s), KeepAlive::Action::kNone);
  EXPECT_EQ(k.on_deadline(kHeard + 100s), KeepAlive::Action::kProbe);
  EXPECT_EQ(k.deadline(), kHeard + 110s);
  EXPECT_EQ(k.on_deadline(kHeard + 110s), KeepAlive::Action::kProbe);
  EXPECT_EQ(k.on_deadline(kHeard + 119s), KeepAlive::Action::kNone);
  EXPECT_EQ(k.on_deadline(kHeard + 120s), KeepAlive::Action::kGiveUp);
}

TEST(KeepAlive, a_user_timeout_decides_in_place_of_the_number_of_probes) {
  KeepAlive k = make_keepalive();
  k.on_heard(kHeard);
  EXPECT_EQ(k.on_deadline(kHeard + 100s, 105s), KeepAlive::Action::kProbe);
  EXPECT_EQ(k.on_deadline(kHeard + 110s, 105s), KeepAlive::Action::kGiveUp);
  k.on_heard(kHeard);
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(k.on_deadline(kHeard + (100s + 10s * i), 150s), KeepAlive::Action::kProbe);
  }
  EXPECT_EQ(k.on_deadline(kHeard + 150s, 150s), KeepAlive::Action::kGiveUp);
  k.on_heard(kHeard);
  EXPECT_EQ(k.on_deadline(kHeard + 100s, 10s), KeepAlive::Action::kProbe);  // it has to be asked
}

TEST(KeepAlive, an_answer_starts_over) {
  KeepAlive k = make_keepalive();
  k.on_heard(kHeard);
  EXPECT_EQ(k.on_deadline(kHeard + 100s), KeepAlive::Action::kProbe);
  k.on_heard(kHeard + 101s);
  EXPECT_EQ(k.probes(), 0);
  EXPECT_EQ(k.deadline(), kHeard + 201s);
}

TEST(KeepAlive, a_user_timeout_decides_in_place_of_the_count) {
  KeepAlive k = make_keepalive();
  k.on_heard(kHeard);
  EXPECT_EQ(k.on_deadline(kHeard + 100s, 105s), KeepAlive::Action::kProbe);
  Instant now = k.deadline();
  while (now - kHeard < 105s) {
    EXPECT_EQ(k.on_deadline(now, 105s), KeepAlive::Action::kProbe);
    now = k.deadline();
  }
  EXPECT_EQ(k.on_deadline(now, 105s), KeepAlive::Action::kGiveUp);
  // Shorter than the idle time: one probe is asked in any case.
  k.on_heard(kHeard);
  EXPECT_EQ(k.on_deadline(kHeard + 100s, 1s), KeepAlive::Action::kProbe);
  EXPECT_EQ(k.on_deadline(k.deadline(), 1s), KeepAlive::Action::kGiveUp);
}

}  // namespace
}  // namespace zs::tcp
