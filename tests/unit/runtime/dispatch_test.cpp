#include "runtime/dispatch.hpp"

#include <gtest/gtest.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "buf/mbuf.hpp"
#include "unit/dev/frames.hpp"
#include "unit/dev_dpdk/eal.hpp"

namespace zs::runtime {
namespace {

/// Frames tell by their first byte where they want to go, as a signed number, and by their second
/// how long they want to be, unless that is 0.
int as_the_frame_says(void* frame, std::uint16_t* length, std::uint16_t shard,
                      std::uint16_t shards) {
  const auto* const bytes = static_cast<const std::uint8_t*>(frame);
  EXPECT_EQ(shard, 0);
  EXPECT_EQ(shards, 2);
  EXPECT_EQ(*length, 60);
  if (bytes[1] != 0) *length = static_cast<std::uint16_t>(bytes[1] * 100);
  return static_cast<std::int8_t>(bytes[0]);
}

class DispatchTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { test::start_eal(); }
  void TearDown() override {
    queue_.sent.clear();
    EXPECT_EQ(pool_->in_use(), 0u);
  }
  rte_mbuf* frame(int to, std::uint8_t length = 0) {
    std::vector<std::byte> bytes(60);
    bytes[0] = static_cast<std::byte>(to);
    bytes[1] = std::byte{length};
    rte_mbuf* const m = std::move(*buf::Mbuf::copy_of(bytes, *pool_)).release();
    m->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
    return m;
  }
  /// How many are left in front of the burst.
  std::size_t ask(std::span<rte_mbuf*> burst) {
    return dispatch(as_the_frame_says, 0, burst, relay_, queue_);
  }

  std::unique_ptr<buf::Pool> pool_ =
      std::move(*buf::Pool::create({.name = "dispatch", .count = 1'023, .data_room = 2'048}));
  Relay relay_{2, PortPlan({100, 199}, 2)};
  dev::test::FakeQueue queue_{dev::Offload::kNone};
};

TEST_F(DispatchTest, EachFrameGoesWhereItIsSent) {
  rte_mbuf* const first = frame(0);
  rte_mbuf* const last = frame(0);
  std::array<rte_mbuf*, 4> burst{first, frame(1), frame(kDispatchDiscard), last};
  ASSERT_EQ(ask(burst), 2u);
  EXPECT_EQ(burst[0], first);
  EXPECT_EQ(burst[1], last);
  std::array<rte_mbuf*, 4> taken{};
  ASSERT_EQ(relay_.take(1, taken), 1u);
  EXPECT_EQ(relay_.stats(0).passed, 1u);
  for (rte_mbuf* m : {first, last, taken[0]}) buf::free_chain(m);
}

TEST_F(DispatchTest, ANumberThatIsNoShardDiscards) {
  std::array<rte_mbuf*, 3> burst{frame(2), frame(127), frame(-3)};
  EXPECT_EQ(ask(burst), 0u);
  EXPECT_FALSE(relay_.has_work(1));
  EXPECT_TRUE(queue_.sent.empty());
}

TEST_F(DispatchTest, AnAnswerLeavesAsItIs) {
  std::array<rte_mbuf*, 1> burst{frame(kDispatchAnswer, 2)};
  EXPECT_EQ(ask(burst), 0u);
  ASSERT_EQ(queue_.sent.size(), 1u);
  EXPECT_EQ(queue_.sent[0].get()->pkt_len, 200u);
  EXPECT_EQ(queue_.sent[0].get()->ol_flags, 0u) << "what it was received with asks for nothing";
}

TEST_F(DispatchTest, AnAnswerThatTheDeviceRefusesIsLost) {
  queue_.room = 0;
  std::array<rte_mbuf*, 1> burst{frame(kDispatchAnswer)};
  EXPECT_EQ(ask(burst), 0u);
}

TEST_F(DispatchTest, ALengthBeyondTheBufferDiscards) {
  std::array<rte_mbuf*, 2> burst{frame(0, 40), frame(0, 3)};
  ASSERT_EQ(ask(burst), 1u);
  EXPECT_EQ(burst[0]->pkt_len, 300u);
  EXPECT_EQ(burst[0]->data_len, 300u);
  buf::free_chain(burst[0]);
}

}  // namespace
}  // namespace zs::runtime
