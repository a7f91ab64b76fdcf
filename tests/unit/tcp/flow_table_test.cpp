#include "tcp/flow_table.hpp"

#include <gtest/gtest.h>

#include <deque>
#include <vector>

#include "base/random.hpp"
#include "buf/pool.hpp"
#include "tcp/connection.hpp"
#include "tcp/listener.hpp"

namespace zs::tcp {
namespace {

FlowKey flow(std::uint32_t n) {
  return {{IpAddress::v4(10, 0, 0, 1), static_cast<std::uint16_t>(1 + n % 7)},
          {IpAddress::v4(0x0a01'0000 + n / 7), static_cast<std::uint16_t>(1024 + n % 50'000)}};
}

/// Connections whose flows are flow(0), flow(1), …
class FlowTableTest : public testing::Test {
 protected:
  FlowTableTest() { shared_.drops = &drops_; }
  Connection& connection(std::uint32_t n) {
    while (connections_.size() <= n) {
      ActiveOpen open;
      open.flow = flow(static_cast<std::uint32_t>(connections_.size()));
      open.options = ConnectionOptions::from(shared_.config);
      connections_.emplace_back(shared_, open, Instant{});
    }
    return connections_[n];
  }

  DropCounters drops_;
  Shared shared_;
  std::deque<Connection> connections_;
  FlowTable table_{SipKey{1, 2}};
};

TEST_F(FlowTableTest, FindsWhatWasInsertedAndNothingElse) {
  table_.insert(flow(0), connection(0));
  EXPECT_EQ(table_.find(flow(0)), &connection(0));
  EXPECT_EQ(table_.find(flow(1)), nullptr);
  EXPECT_EQ(table_.size(), 1u);
}

TEST_F(FlowTableTest, ErasesOnlyTheVeryConnection) {
  table_.insert(flow(0), connection(0));
  EXPECT_FALSE(table_.erase(flow(0), connection(1)));
  EXPECT_FALSE(table_.erase(flow(1), connection(1)));
  EXPECT_TRUE(table_.erase(flow(0), connection(0)));
  EXPECT_FALSE(table_.erase(flow(0), connection(0)));
  EXPECT_EQ(table_.find(flow(0)), nullptr);
}

// Backward-shift deletion is where open addressing goes wrong: random work against a plain list.
TEST_F(FlowTableTest, SurvivesGrowthAndRandomDeletion) {
  constexpr std::uint32_t kFlows = 4'000;
  std::vector<bool> present(kFlows, false);
  Random random{7};
  for (int step = 0; step < 40'000; ++step) {
    const std::uint32_t n = random.below(kFlows);
    if (present[n]) {
      ASSERT_TRUE(table_.erase(flow(n), connection(n)));
    } else {
      table_.insert(flow(n), connection(n));
    }
    present[n] = !present[n];
  }
  std::size_t count = 0;
  for (std::uint32_t n = 0; n < kFlows; ++n) {
    ASSERT_EQ(table_.find(flow(n)) != nullptr, present[n]) << "flow " << n;
    if (present[n]) ++count;
  }
  EXPECT_EQ(table_.size(), count);
  std::size_t visited = 0;
  table_.for_each([&](Connection&) { ++visited; });
  EXPECT_EQ(visited, count);
}

}  // namespace
}  // namespace zs::tcp
