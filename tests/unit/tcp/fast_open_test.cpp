#include "tcp/fast_open.hpp"

#include <gtest/gtest.h>

namespace zs::tcp {
namespace {

using namespace std::chrono_literals;
using Verdict = FastOpenCookies::Verdict;

constexpr Instant kNow = Instant::from_ns(1'000'000'000'000'000);
const FlowKey kFlow{{IpAddress::v4(10, 0, 0, 1), 80}, {IpAddress::v4(10, 0, 0, 2), 1'024}};

TEST(FastOpenCookies, are_good_for_their_addresses_whatever_the_ports) {
  const FastOpenCookies cookies{{1, 2}};
  const auto cookie = cookies.make(kFlow, kNow);
  EXPECT_EQ(cookie.length, 8);
  FlowKey other = kFlow;
  other.remote.port = 99;
  EXPECT_EQ(cookies.judge(cookie, other, kNow), Verdict::kCurrent);
  other.remote.address = IpAddress::v4(10, 0, 0, 3);
  EXPECT_EQ(cookies.judge(cookie, other, kNow), Verdict::kForged);
  EXPECT_EQ((FastOpenCookies{{1, 3}}.judge(cookie, kFlow, kNow)), Verdict::kForged);
}

TEST(FastOpenCookies, are_old_after_one_change_of_keys_and_nothing_after_two) {
  const FastOpenCookies cookies{{1, 2}};
  const auto cookie = cookies.make(kFlow, kNow);
  EXPECT_EQ(cookies.judge(cookie, kFlow, kNow + FastOpenCookies::kKeyLife), Verdict::kOld);
  EXPECT_EQ(cookies.judge(cookie, kFlow, kNow + 2 * FastOpenCookies::kKeyLife), Verdict::kForged);
}

TEST(FastOpenQueue, is_left_by_whoever_ends_its_handshake) {
  auto queue = std::make_shared<FastOpenQueue>();
  EXPECT_FALSE(queue->has_room(kNow));
  queue->set_limit(2);
  auto one = std::make_unique<FastOpen>(queue, std::nullopt);
  EXPECT_TRUE(one->is_server());
  EXPECT_TRUE(queue->has_room(kNow));
  auto two = std::make_unique<FastOpen>(queue, std::nullopt);
  EXPECT_FALSE(queue->has_room(kNow));
  one.reset();
  EXPECT_TRUE(queue->has_room(kNow));
  EXPECT_EQ(queue->pending(), 1u);
}

TEST(FastOpenQueue, remembers_resets_for_a_minute) {
  FastOpenQueue queue;
  queue.set_limit(1);
  queue.on_reset(kNow);
  EXPECT_FALSE(queue.has_room(kNow + 59s));
  EXPECT_TRUE(queue.has_room(kNow + 60s));
}

IpAddress server(std::uint32_t i) { return IpAddress::v4(0x0a00'0000u + i); }
const wire::FastOpenCookie kCookie{.length = 4, .bytes = {std::byte{1}}};

TEST(FastOpenCache, knows_who_gave_a_cookie) {
  FastOpenCache cache;
  EXPECT_EQ(cache.look_up(server(1), kNow)->cookie.length, 0);
  EXPECT_EQ(cache.size(), 0u);  // to ask costs nothing
  cache.store(server(1), kCookie, 1'400);
  EXPECT_EQ(cache.look_up(server(1), kNow)->cookie, kCookie);
  EXPECT_EQ(cache.look_up(server(1), kNow)->mss, 1'400);
  EXPECT_EQ(cache.look_up(server(2), kNow)->cookie.length, 0);
}

TEST(FastOpenCache, backs_off_after_two_losses_in_a_row_and_the_longer_the_more_there_are) {
  FastOpenCache cache;
  cache.store(server(1), kCookie, 1'400);
  cache.on_loss(server(1), kNow);
  EXPECT_TRUE(cache.look_up(server(1), kNow));
  cache.on_loss(server(1), kNow);
  EXPECT_FALSE(cache.look_up(server(1), kNow + 239s));
  EXPECT_TRUE(cache.look_up(server(1), kNow + 240s));
  cache.on_loss(server(1), kNow);
  EXPECT_FALSE(cache.look_up(server(1), kNow + 479s));
  cache.on_success(server(1));
  EXPECT_TRUE(cache.look_up(server(1), kNow));
  EXPECT_TRUE(cache.look_up(server(2), kNow));
}

TEST(FastOpenCache, forgets_who_was_used_longest_ago) {
  FastOpenCache cache;
  for (std::uint32_t i = 0; i < FastOpenCache::kMostServers; ++i)
    cache.store(server(i), kCookie, 1);
  EXPECT_EQ(cache.look_up(server(0), kNow)->mss, 1);  // used again
  cache.store(server(9'999), kCookie, 1);
  EXPECT_EQ(cache.size(), FastOpenCache::kMostServers);
  EXPECT_EQ(cache.look_up(server(0), kNow)->cookie, kCookie);
  EXPECT_EQ(cache.look_up(server(1), kNow)->cookie.length, 0);
}

}  // namespace
}  // namespace zs::tcp
