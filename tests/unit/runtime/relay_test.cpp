#include "runtime/relay.hpp"

#include <gtest/gtest.h>
#include <poll.h>

#include <array>
#include <memory>
#include <utility>
#include <vector>

#include "buf/mbuf.hpp"
#include "runtime/memory_plan.hpp"
#include "unit/dev_dpdk/eal.hpp"

namespace zs::runtime {
namespace {

std::vector<std::byte> frame(std::uint16_t ether_type, std::size_t size) {
  std::vector<std::byte> f(size);
  f[12] = static_cast<std::byte>(ether_type >> 8);
  f[13] = static_cast<std::byte>(ether_type & 0xff);
  return f;
}
std::vector<std::byte> ipv4(std::uint8_t protocol, std::uint8_t first_byte) {
  auto f = frame(0x0800, 60);
  f[14] = std::byte{0x45};
  f[14 + 9] = std::byte{protocol};
  f[34] = std::byte{first_byte};
  return f;
}
std::vector<std::byte> ipv6(std::uint8_t next_header, std::uint8_t first_byte) {
  auto f = frame(0x86dd, 80);
  f[14 + 6] = std::byte{next_header};
  f[54] = std::byte{first_byte};
  return f;
}

TEST(Relay, WhatBelongsToNoFlowConcernsEveryShard) {
  EXPECT_TRUE(concerns_every_shard(frame(0x0806, 60)));
  EXPECT_TRUE(concerns_every_shard(ipv4(1, 3))) << "ICMP unreachable";
  EXPECT_TRUE(concerns_every_shard(ipv6(58, 2))) << "packet too big";
  EXPECT_TRUE(concerns_every_shard(ipv6(58, 136))) << "neighbour advertisement";
  EXPECT_TRUE(concerns_every_shard(ipv4(2, 0x11))) << "IGMP query";
  auto query = ipv6(0, 58);  // hop-by-hop options before it
  query.resize(std::max<std::size_t>(query.size(), 80));
  query[55] = {};
  query[62] = std::byte{130};
  EXPECT_TRUE(concerns_every_shard(query)) << "MLD query";
  query[62] = std::byte{128};
  EXPECT_FALSE(concerns_every_shard(query));
}

TEST(Relay, FlowsAndEchoesStayWhereTheyArrive) {
  EXPECT_FALSE(concerns_every_shard(ipv4(6, 3)));
  EXPECT_FALSE(concerns_every_shard(ipv4(1, 8))) << "one answer to a ping is enough";
  EXPECT_FALSE(concerns_every_shard(ipv6(6, 2)));
  EXPECT_FALSE(concerns_every_shard(ipv6(58, 128)));
}

TEST(Relay, TruncatedFramesConcernNobody) {
  for (const auto& whole : {ipv4(1, 3), ipv6(58, 2)}) {
    for (std::size_t n = 0; n < 34; ++n) {
      EXPECT_FALSE(concerns_every_shard(std::span(whole).first(n))) << n;
    }
  }
  auto long_header = ipv4(1, 3);
  long_header[14] = std::byte{0x4f};
  EXPECT_FALSE(concerns_every_shard(std::span(long_header).first(40)));
}

std::vector<std::byte> with_port(std::vector<std::byte> f, std::size_t transport, unsigned port) {
  f[transport + 2] = static_cast<std::byte>(port >> 8);
  f[transport + 3] = static_cast<std::byte>(port & 0xff);
  return f;
}

TEST(Relay, KnowsThePortThatAPacketIsFor) {
  EXPECT_EQ(destination_port(with_port(ipv4(6, 0), 34, 40'000)), 40'000);
  EXPECT_EQ(destination_port(with_port(ipv4(17, 0), 34, 53)), 53);
  EXPECT_EQ(destination_port(with_port(ipv6(6, 0), 54, 40'000)), 40'000);
  auto with_options = ipv4(6, 0);
  with_options[14] = std::byte{0x46};
  EXPECT_EQ(destination_port(with_port(with_options, 38, 40'000)), 40'000);
}

TEST(Relay, WhatHasNoPortIsForNone) {
  EXPECT_FALSE(destination_port(frame(0x0806, 60)));
  EXPECT_FALSE(destination_port(ipv4(1, 8)));
  EXPECT_FALSE(destination_port(ipv6(58, 128)));
  auto fragment = ipv4(17, 0);
  fragment[14 + 6] = std::byte{0x20};
  EXPECT_FALSE(destination_port(fragment)) << "more fragments follow";
  fragment[14 + 6] = std::byte{0};
  fragment[14 + 7] = std::byte{1};
  EXPECT_FALSE(destination_port(fragment)) << "not the first one";
  for (const auto& whole : {ipv4(6, 0), ipv6(6, 0)}) {
    const std::size_t needed = whole.size() == 60 ? 38 : 58;
    for (std::size_t n = 0; n < needed; ++n) {
      EXPECT_FALSE(destination_port(std::span(whole).first(n))) << n;
    }
  }
}

TEST(Waker, WakesAndDrains) {
  Waker waker;
  ASSERT_GE(waker.fd(), 0);
  waker.wake();
  waker.wake();
  waker.drain();
  waker.drain();  // empty: returns at once
}

bool is_signalled(const Waker& waker) {
  pollfd fd{waker.fd(), POLLIN, 0};
  return ::poll(&fd, 1, 0) == 1;
}

TEST(Waker, OnlyASleeperIsWoken) {
  Waker waker;
  waker.wake_sleeper();
  EXPECT_FALSE(is_signalled(waker)) << "its owner is awake";
  waker.fall_asleep();
  waker.wake_sleeper();
  EXPECT_TRUE(is_signalled(waker));
  waker.drain();
  waker.wake_sleeper();
  EXPECT_FALSE(is_signalled(waker)) << "the first visitor has woken it";
  waker.fall_asleep();
  waker.rise();
  waker.wake_sleeper();
  EXPECT_FALSE(is_signalled(waker));
}

/// Two shards that share the ports 100 to 199.
class RelayOfTwo : public testing::Test {
 protected:
  static void SetUpTestSuite() { test::start_eal(); }
  rte_mbuf* packet(const std::vector<std::byte>& bytes) {
    return std::move(*buf::Mbuf::copy_of(bytes, *pool_)).release();
  }

  std::unique_ptr<buf::Pool> pool_ =
      std::move(*buf::Pool::create({.name = "relay", .count = 1'023, .data_room = 2'048}));
  Relay relay_{2, PortPlan({100, 199}, 2)};
};

TEST_F(RelayOfTwo, CountsWhatItPasses) {
  const auto mine = with_port(ipv4(6, 0), 34, 120);
  const auto others = with_port(ipv4(6, 0), 34, 180);
  std::array<rte_mbuf*, 3> burst{packet(mine), packet(others), packet(frame(0x0806, 60))};
  EXPECT_EQ(relay_.offer(0, burst, *pool_), 2u);
  EXPECT_EQ(relay_.stats(0).passed, 1u);
  EXPECT_EQ(relay_.stats(0).copied, 1u);
  EXPECT_EQ(relay_.stats(1).passed, 0u);
  ASSERT_TRUE(relay_.has_work(1));
  std::array<rte_mbuf*, 4> taken{};
  EXPECT_EQ(relay_.take(1, taken), 2u);
  for (rte_mbuf* m : {burst[0], burst[1], taken[0], taken[1]}) buf::free_chain(m);
  EXPECT_EQ(pool_->in_use(), 0u);
}

TEST_F(RelayOfTwo, CountsWhatFindsNoRoom) {
  const auto others = with_port(ipv4(6, 0), 34, 180);
  for (int i = 0; i < 300; ++i) {
    rte_mbuf* m = packet(others);
    EXPECT_EQ(relay_.offer(0, {&m, 1}, *pool_), 0u);
  }
  EXPECT_EQ(relay_.stats(0).passed + relay_.stats(0).dropped, 300u);
  EXPECT_GT(relay_.stats(0).dropped, 0u);
}

TEST(MemoryPlan, FitsItsShareAndHasALeast) {
  const MemoryPlan one = plan_memory(256, 1);
  EXPECT_GT(one.data_buffers, 50'000u);
  EXPECT_EQ(one.indirect_buffers, 2 * one.data_buffers);
  const std::uint64_t bytes =
      std::uint64_t{one.data_buffers} * 2'368 + std::uint64_t{one.indirect_buffers} * 256;
  EXPECT_LE(bytes, 256u << 20);
  EXPECT_EQ(plan_memory(512, 2).data_buffers, one.data_buffers);
  EXPECT_GE(plan_memory(1, 64).data_buffers, 1'024u);
  EXPECT_LT(plan_memory(256, 1, 16'384).data_buffers, one.data_buffers / 5);
}

}  // namespace
}  // namespace zs::runtime
