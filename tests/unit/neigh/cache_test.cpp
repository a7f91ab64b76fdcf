#include "neigh/cache.hpp"

#include <gtest/gtest.h>

namespace zs::neigh {
namespace {

using namespace std::chrono_literals;

const MacAddress kMac{{std::byte{2}, {}, {}, {}, {}, std::byte{9}}};
const MacAddress kOther{{std::byte{2}, {}, {}, {}, {}, std::byte{8}}};
IpAddress host(std::uint32_t n) { return IpAddress::v4(0x0a000000u + n); }

class CacheTest : public testing::Test {
 protected:
  CacheTest() : pool(*buf::Pool::create({.name = "p", .count = 256, .data_room = 64})) {}

  void make(const CacheConfig& config) { cache.emplace(config, SipKey{1, 2}, drops); }
  buf::Mbuf packet() { return buf::Mbuf::adopt(pool->alloc()); }
  EntryIndex start(const IpAddress& a) { return *cache->find_or_start(0, a, now); }
  void confirm(const IpAddress& a, const MacAddress& mac = kMac) {
    cache->on_message(0, a, mac, Evidence::kConfirmation, Override::kYes, Unknown::kIgnore, now);
  }
  void pass(Duration d) {
    const Instant end = now + d;
    while (cache->next_deadline() <= end) {
      now = std::max(now, cache->next_deadline());
      cache->on_deadline(now);
      while (auto r = cache->poll_request()) requests.push_back(*r);
    }
    now = end;
  }
  State state() { return cache->snapshot().at(0).state; }

  std::unique_ptr<buf::Pool> pool;
  DropCounters drops;
  Instant now = Instant::from_ns(1'000);
  std::optional<Cache> cache;
  std::vector<Request> requests;
};

TEST_F(CacheTest, ResolvesAndReleasesInOrder) {
  make({});
  const auto i = start(host(2));
  EXPECT_EQ(cache->usable(i, now), nullptr);
  const auto request = cache->poll_request();
  ASSERT_TRUE(request);
  EXPECT_EQ(request->target, host(2));
  EXPECT_FALSE(request->unicast);
  auto first = packet();
  const rte_mbuf* const raw = first.get();
  cache->enqueue(i, std::move(first));
  cache->enqueue(i, packet());
  confirm(host(2));
  auto released = cache->poll_released();
  ASSERT_TRUE(released);
  EXPECT_EQ(released->packet.get(), raw);
  EXPECT_EQ(released->mac, kMac);
  EXPECT_TRUE(cache->poll_released());
  EXPECT_FALSE(cache->poll_released());
  EXPECT_EQ(*cache->usable(i, now), kMac);
  EXPECT_EQ(state(), State::kReachable);
}

TEST_F(CacheTest, FollowsTheStatesOfRfc4861) {
  make({});
  const auto i = start(host(2));
  cache->poll_request();
  confirm(host(2));
  pass(30s);
  EXPECT_EQ(state(), State::kStale);
  EXPECT_NE(cache->usable(i, now), nullptr);
  EXPECT_EQ(state(), State::kDelay);
  pass(5s);
  EXPECT_EQ(state(), State::kProbe);
  ASSERT_EQ(requests.size(), 1u);
  EXPECT_EQ(requests[0].unicast, kMac);
  confirm(host(2));
  EXPECT_EQ(state(), State::kReachable);
  pass(30s + 600s);
  EXPECT_EQ(cache->size(), 0u);
}

TEST_F(CacheTest, GivesUpAfterThreeTries) {
  make({});
  const auto i = start(host(2));
  cache->enqueue(i, packet());
  EXPECT_TRUE(cache->poll_request());
  pass(3s);
  EXPECT_EQ(requests.size(), 2u);
  EXPECT_EQ(state(), State::kFailed);
  EXPECT_TRUE(cache->poll_undeliverable());
  EXPECT_EQ(drops[Drop::kNeighborFailed], 1u);
  EXPECT_EQ(cache->usable(i, now), nullptr);  // and asks anew
  EXPECT_TRUE(cache->poll_request());
}

TEST_F(CacheTest, QueuesAreBounded) {
  make({.queue_packets = 2, .total_queue_packets = 3});
  const auto a = start(host(2));
  const auto b = start(host(3));
  const auto c = start(host(4));
  for (int n = 0; n < 3; ++n) cache->enqueue(a, packet());
  EXPECT_EQ(drops[Drop::kNeighborQueueFull], 1u);
  cache->enqueue(b, packet());
  cache->enqueue(b, packet());
  cache->enqueue(c, packet());
  EXPECT_EQ(cache->waiting_packets(), 3u);
  EXPECT_EQ(drops[Drop::kNeighborQueueFull], 3u);
  EXPECT_EQ(pool->in_use(), 3u);
  cache.reset();
  EXPECT_EQ(pool->in_use(), 0u);
}

TEST_F(CacheTest, FullTableKeepsNeighborsInUse) {
  make({.entries = 4});
  for (std::uint32_t n = 0; n < 3; ++n) {
    start(host(n));
    confirm(host(n));
  }
  const auto generation = cache->generation();
  for (std::uint32_t n = 100; n < 150; ++n) EXPECT_TRUE(cache->find_or_start(0, host(n), now));
  EXPECT_NE(cache->generation(), generation);
  std::size_t reachable = 0;
  for (const auto& e : cache->snapshot()) reachable += e.state == State::kReachable;
  EXPECT_EQ(reachable, 3u);
  confirm(host(149));
  EXPECT_FALSE(cache->find_or_start(0, host(200), now));
}

TEST_F(CacheTest, StrangersWhoPushEachOtherOutMakeNoIndexInvalid) {
  make({.entries = 8});
  start(host(1));
  confirm(host(1));
  const auto generation = cache->generation();
  for (std::uint32_t n = 100; n < 150; ++n) {
    cache->on_message(0, host(n), kMac, Evidence::kClaim, Override::kYes, Unknown::kLearn, now);
  }
  EXPECT_EQ(cache->size(), 8u);
  EXPECT_EQ(cache->generation(), generation);
  start(host(149));  // now somebody sends to it
  for (std::uint32_t n = 200; n < 208; ++n) {
    cache->on_message(0, host(n), kMac, Evidence::kClaim, Override::kYes, Unknown::kLearn, now);
  }
  EXPECT_EQ(cache->state_of(0, host(149)), State::kFree);
  EXPECT_NE(cache->generation(), generation);
}

TEST_F(CacheTest, UnaskedAnswersAndRivalsProveNothing) {
  make({});
  confirm(host(2));
  EXPECT_EQ(cache->size(), 0u);
  start(host(2));
  confirm(host(2));
  cache->on_message(0, host(2), kOther, Evidence::kConfirmation, Override::kNo, Unknown::kIgnore,
                    now);
  EXPECT_EQ(cache->snapshot()[0].mac, kMac);
  EXPECT_EQ(state(), State::kStale);
  confirm(host(2), kOther);
  EXPECT_EQ(cache->snapshot()[0].mac, kOther);
  EXPECT_EQ(state(), State::kStale);  // to be verified at its next use
  confirm(host(2), MacAddress::broadcast());
  EXPECT_EQ(cache->snapshot()[0].mac, kOther);
}

}  // namespace
}  // namespace zs::neigh
