#include "tcp/time_wait.hpp"

#include <gtest/gtest.h>

#include <map>

#include "base/random.hpp"

namespace zs::tcp {
namespace {

using namespace std::chrono_literals;

constexpr Instant kClosed = Instant::from_ns(1'000'000'000'000);

TimeWaitRecord record(std::uint16_t port, std::uint32_t snd_nxt = 0) {
  TimeWaitRecord r;
  r.set_flow({{IpAddress::v4(10, 0, 0, 1), 80}, {IpAddress::v4(10, 0, 0, 2), port}});
  r.snd_nxt = SeqNum{snd_nxt};
  return r;
}

class TimeWaitTest : public ::testing::Test {
 protected:
  TimeWaitTable table_{4, 60s, SipKey{1, 2}};
};

TEST_F(TimeWaitTest, keeps_a_record_for_its_lifetime) {
  EXPECT_EQ(table_.find(record(1).flow()), nullptr);
  EXPECT_FALSE(table_.insert(record(1, 77), kClosed));
  EXPECT_EQ(table_.next_deadline(), kClosed + 60s);
  EXPECT_EQ(table_.find(record(1).flow())->snd_nxt, SeqNum{77});
  EXPECT_EQ(table_.expire(kClosed + 59s), 0u);
  EXPECT_EQ(table_.expire(kClosed + 60s), 1u);
  EXPECT_EQ(table_.find(record(1).flow()), nullptr);
  EXPECT_TRUE(table_.next_deadline().is_never());
}

TEST_F(TimeWaitTest, a_restart_begins_anew) {
  table_.insert(record(1), kClosed);
  table_.insert(record(2), kClosed + 1s);
  table_.restart(*table_.find(record(1).flow()), kClosed + 30s);
  EXPECT_EQ(table_.next_deadline(), kClosed + 61s);
  EXPECT_EQ(table_.expire(kClosed + 61s), 1u);
  EXPECT_NE(table_.find(record(1).flow()), nullptr);
}

TEST_F(TimeWaitTest, the_oldest_gives_way_when_it_is_full) {
  for (std::uint16_t port = 1; port <= 4; ++port) table_.insert(record(port), kClosed);
  const auto displaced = table_.insert(record(5), kClosed);
  ASSERT_TRUE(displaced);
  EXPECT_EQ(displaced->flow(), record(1).flow());
  EXPECT_EQ(table_.size(), 4u);
}

TEST_F(TimeWaitTest, the_same_flow_replaces_its_record) {
  for (std::uint16_t port = 1; port <= 4; ++port) table_.insert(record(port, 1), kClosed);
  EXPECT_FALSE(table_.insert(record(2, 9), kClosed + 1s));
  EXPECT_EQ(table_.size(), 4u);
  EXPECT_EQ(table_.find(record(2).flow())->snd_nxt, SeqNum{9});
}

TEST_F(TimeWaitTest, agrees_with_a_map) {
  TimeWaitTable table{1000, 60s, SipKey{5, 6}};
  std::map<std::uint16_t, Instant> model;
  Random random{9};
  Instant now = kClosed;
  for (int i = 0; i < 20'000; ++i) {
    now = now + Duration{random.below(500'000'000)};
    table.expire(now);
    std::erase_if(model, [&](const auto& item) { return item.second <= now; });
    const auto port = static_cast<std::uint16_t>(random.below(500));
    TimeWaitRecord* const found = table.find(record(port).flow());
    ASSERT_EQ(found != nullptr, model.contains(port));
    if (found != nullptr && random.chance(0.3)) {
      table.erase(*found);
      model.erase(port);
    } else if (found != nullptr && random.chance(0.3)) {
      table.restart(*found, now);
      model[port] = now + 60s;
    } else {
      table.insert(record(port), now);
      model[port] = now + 60s;
    }
    ASSERT_EQ(table.size(), model.size());
  }
}

}  // namespace
}  // namespace zs::tcp
