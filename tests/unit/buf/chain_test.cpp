#include "buf/chain.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "unit/buf/chain_scenario.hpp"

namespace zs::buf {
namespace {

using test::bytes_of;
using test::ChainScenario;

TEST(Chain, an_empty_one_holds_nothing) {
  Chain c;
  EXPECT_TRUE(c.empty());
  EXPECT_EQ(c.size(), 0u);
  EXPECT_EQ(c.head(), nullptr);
  EXPECT_FALSE(std::move(c).release());
}

TEST(Chain, forgets_what_its_packet_said_about_itself) {
  auto pool = *Pool::create({.name = "d", .count = 4, .data_room = 64});
  Mbuf packet = *Mbuf::copy_of(test::pattern(10, 1), *pool);
  packet->ol_flags |= RTE_MBUF_F_RX_LRO | RTE_MBUF_F_TX_TCP_SEG;
  packet->tso_segsz = 1448;
  Chain c{std::move(packet)};
  EXPECT_EQ(c.head()->ol_flags, 0u);
  EXPECT_EQ(c.head()->tso_segsz, 0u);
}

TEST(Chain, drops_empty_segments_of_a_packet) {
  auto pool = *Pool::create({.name = "d", .count = 4, .data_room = 64});
  Mbuf packet = *Mbuf::copy_of({}, *pool);
  packet.append_chain(*Mbuf::copy_of(test::pattern(10, 1), *pool));
  packet.append_chain(*Mbuf::copy_of({}, *pool));
  Chain c{std::move(packet)};
  EXPECT_EQ(c.segments(), 1u);
  EXPECT_EQ(c.size(), 10u);
  EXPECT_EQ(pool->in_use(), 1u);
}

TEST(Chain, pops_segments_as_packets) {
  auto pool = *Pool::create({.name = "d", .count = 4, .data_room = 64});
  Chain c = *Chain::copy_of(test::pattern(100, 3), *pool);
  ASSERT_EQ(c.segments(), 2u);
  const Mbuf first = c.pop_segment();
  EXPECT_EQ(first.length(), 64u);
  EXPECT_EQ(first->next, nullptr);
  EXPECT_EQ(c.size(), 36u);
}

TEST(Chain, copies_behind_its_last_segment) {
  auto pool = *Pool::create({.name = "d", .count = 4, .data_room = 64});
  auto indirect = *Pool::create({.name = "i", .count = 4});
  Chain c;
  EXPECT_FALSE(c.append_copy(test::pattern(1, 3)));  // there is none
  c = *Chain::copy_of(test::pattern(50, 3), *pool);
  EXPECT_FALSE(c.append_copy(test::pattern(15, 4)));
  {
    const Chain seen = *c.clone(*indirect);
    EXPECT_FALSE(c.append_copy(test::pattern(4, 4)));
  }
  EXPECT_TRUE(c.append_copy(test::pattern(14, 4)));
  EXPECT_EQ(c.size(), 64u);
  EXPECT_EQ(c.segments(), 1u);
  auto expected = test::pattern(50, 3);
  const auto more = test::pattern(14, 4);
  expected.insert(expected.end(), more.begin(), more.end());
  EXPECT_EQ(bytes_of(c), expected);
}

TEST(Chain, a_refused_cut_changes_nothing) {
  auto pool = *Pool::create({.name = "d", .count = 4, .data_room = 64});
  auto indirect = *Pool::create({.name = "i", .count = 1});
  Chain c = *Chain::copy_of(test::pattern(150, 3), *pool);
  indirect->fail_after_for_test(0);
  const auto cut = c.take_front(100, *indirect);
  ASSERT_FALSE(cut);
  EXPECT_EQ(cut.error(), Errc::kNoBuffers);
  EXPECT_EQ(bytes_of(c), test::pattern(150, 3));
  // At a border between segments no descriptor is needed.
  EXPECT_TRUE(c.take_front(64, *indirect));
}

// Every operation either does what the model does, or refuses and changes nothing.
RC_GTEST_PROP(Chain, behaves_like_a_vector_of_bytes, (std::vector<std::uint32_t> script)) {
  auto data = *Pool::create({.name = "d", .count = 64, .data_room = 50});
  auto indirect = *Pool::create({.name = "i", .count = 64});
  ChainScenario scenario{{data.get(), indirect.get()}};
  for (const auto word : script) RC_ASSERT(scenario.step(word));
  scenario.finish();
  RC_ASSERT(data->in_use() == 0);
  RC_ASSERT(indirect->in_use() == 0);
}

RC_GTEST_PROP(Chain, survives_every_refused_allocation, (std::vector<std::uint32_t> script)) {
  const auto n = *rc::gen::inRange<std::uint32_t>(0, 40);
  auto data = *Pool::create({.name = "d", .count = 64, .data_room = 50});
  auto indirect = *Pool::create({.name = "i", .count = 64});
  data->fail_after_for_test(n);
  indirect->fail_after_for_test(n);
  ChainScenario scenario{{data.get(), indirect.get()}};
  for (const auto word : script) RC_ASSERT(scenario.step(word));
  scenario.finish();
  RC_ASSERT(data->in_use() == 0);
  RC_ASSERT(indirect->in_use() == 0);
}

}  // namespace
}  // namespace zs::buf
