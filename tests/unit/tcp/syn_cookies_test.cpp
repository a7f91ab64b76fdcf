#include "tcp/syn_cookies.hpp"

#include <gtest/gtest.h>

#include <set>

#include "base/random.hpp"

namespace zs::tcp {
namespace {

using namespace std::chrono_literals;

constexpr Duration kPeriod{std::int64_t{1} << SynCookies::kPeriodShift};
constexpr Instant kBegin = Instant::from_ns(1'000'000'000'000);
constexpr SeqNum kIrs{77};

FlowKey cookie_flow(std::uint16_t remote_port) {
  return {{IpAddress::v4(10, 0, 0, 1), 80}, {IpAddress::v4(192, 0, 2, 9), remote_port}};
}

class SynCookiesTest : public ::testing::Test {
 protected:
  SynCookies cookies_{SipKey{1, 2}};
};

TEST_F(SynCookiesTest, brings_back_the_largest_known_size_that_is_no_larger) {
  const std::pair<std::uint16_t, std::uint16_t> sizes[] = {
      {48, 48},     {535, 48},    {536, 536},   {1220, 1220}, {1399, 1360},
      {1400, 1400}, {1459, 1440}, {1460, 1460}, {1500, 1460}, {65'535, 8940}};
  for (const auto& [said, kept] : sizes) {
    const SeqNum iss = cookies_.make(cookie_flow(1), kIrs, said, kBegin);
    EXPECT_EQ(cookies_.check(cookie_flow(1), kIrs, iss, kBegin), kept) << said;
  }
}

TEST_F(SynCookiesTest, lives_for_its_period_and_the_next) {
  for (int i = 0; i < 70; ++i) {  // the counter in the cookie wraps at 32
    const Instant now = kBegin + i * kPeriod;
    const SeqNum iss = cookies_.make(cookie_flow(1), kIrs, 1460, now);
    EXPECT_TRUE(cookies_.check(cookie_flow(1), kIrs, iss, now));
    EXPECT_TRUE(cookies_.check(cookie_flow(1), kIrs, iss, now + kPeriod));
    EXPECT_FALSE(cookies_.check(cookie_flow(1), kIrs, iss, now + 2 * kPeriod));
    EXPECT_FALSE(cookies_.check(cookie_flow(1), kIrs, iss, now + 32 * kPeriod));
  }
}

TEST_F(SynCookiesTest, is_good_for_one_flow_and_number) {
  const SeqNum iss = cookies_.make(cookie_flow(1), kIrs, 1460, kBegin);
  EXPECT_FALSE(cookies_.check(cookie_flow(2), kIrs, iss, kBegin));
  EXPECT_FALSE(cookies_.check(cookie_flow(1), kIrs + 1, iss, kBegin));
  for (unsigned bit = 0; bit < 32; ++bit) {
    EXPECT_FALSE(cookies_.check(cookie_flow(1), kIrs, SeqNum{iss.raw() ^ (1u << bit)}, kBegin));
  }
  FlowKey other = cookie_flow(1);
  other.local.port = 81;
  EXPECT_FALSE(cookies_.check(other, kIrs, iss, kBegin));
  other = cookie_flow(1);
  other.remote.address = IpAddress::v4(192, 0, 2, 10);
  EXPECT_FALSE(cookies_.check(other, kIrs, iss, kBegin));
}

TEST_F(SynCookiesTest, another_secret_or_period_gives_other_numbers) {
  SynCookies others{SipKey{1, 3}};
  std::set<std::uint32_t> hashes;
  for (int i = 0; i < 32; ++i) {
    const Instant now = kBegin + i * kPeriod;
    hashes.insert(cookies_.make(cookie_flow(1), kIrs, 1460, now).raw() & 0xff'ffffu);
    hashes.insert(others.make(cookie_flow(1), kIrs, 1460, now).raw() & 0xff'ffffu);
  }
  EXPECT_EQ(hashes.size(), 64u);
}

TEST_F(SynCookiesTest, guesses_are_as_good_as_24_bits) {
  // Nothing but the one number will do; 2^16 others of its period and size are tried.
  const SeqNum iss = cookies_.make(cookie_flow(1), kIrs, 1460, kBegin);
  Random random{3};
  for (int i = 0; i < (1 << 16); ++i) {
    const SeqNum guess{(iss.raw() & 0xff00'0000u) | static_cast<std::uint32_t>(random() >> 40)};
    if (guess == iss) continue;
    ASSERT_FALSE(cookies_.check(cookie_flow(1), kIrs, guess, kBegin));
  }
}

TEST_F(SynCookiesTest, knows_when_none_is_out) {
  EXPECT_FALSE(cookies_.are_out(kBegin));
  cookies_.make(cookie_flow(1), kIrs, 1460, kBegin);
  EXPECT_TRUE(cookies_.are_out(kBegin));
  EXPECT_TRUE(cookies_.are_out(kBegin + kPeriod));
  EXPECT_FALSE(cookies_.are_out(kBegin + 2 * kPeriod));
}

TEST(CookieTimestamp, carries_options_and_is_never_later_than_the_clock) {
  for (std::uint32_t clock : {0u, 1u, 63u, 64u, 100u, 1'000'000u, 0xffff'ffffu}) {
    for (int scale = -1; scale <= 14; ++scale) {
      for (int bits = 0; bits < 4; ++bits) {
        CookieOptions options{.window_scale = std::nullopt, .sack = bits % 2 == 1, .ecn = bits > 1};
        if (scale >= 0) options.window_scale = static_cast<std::uint8_t>(scale);
        const std::uint32_t stamp = cookie_timestamp(clock, options);
        EXPECT_EQ(cookie_options(stamp), options);
        EXPECT_LT(clock - stamp, 64u);
      }
    }
  }
}

TEST(CookieTimestamp, a_shift_beyond_the_most_is_the_most) {
  EXPECT_EQ(cookie_options(cookie_timestamp(500, {.window_scale = std::uint8_t{200}})).window_scale,
            14);
}

}  // namespace
}  // namespace zs::tcp
