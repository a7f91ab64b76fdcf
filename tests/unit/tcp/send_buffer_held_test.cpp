// SendBuffer against drivers that change what they are given and keep it: nothing that they hold is
// touched, and every byte that is sent again is the one that was written.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>

#include "sim/held_frame.hpp"
#include "tcp/send_buffer.hpp"
#include "unit/tcp/buffers.hpp"

namespace zs::tcp {
namespace {

using sim::HeldFrame;
using test::Bytes;
using test::bytes_of;
using test::stream;
using test::TestPools;

constexpr std::uint16_t kHeaders = 118;

/// The stack's headers, then the driver's.
HeldFrame hand_to_driver(buf::Mbuf packet) {
  const auto room = packet.prepend(54);
  EXPECT_TRUE(room);
  std::ranges::fill(*room, std::byte{0x11});
  sim::mangle_like_a_driver(packet.get());
  return HeldFrame{std::move(packet)};
}

TEST(HeldFrame, notices_every_kind_of_touch) {
  TestPools pools;
  const auto touch = [&](auto&& change) {
    const HeldFrame held{*buf::Mbuf::copy_of(stream(0, 300), *pools.data)};
    EXPECT_EQ(held.touched(), "");
    change(const_cast<rte_mbuf*>(held.get()));
    return held.touched();
  };
  EXPECT_EQ(touch([](rte_mbuf*) {}), "");
  EXPECT_NE(touch([](rte_mbuf* m) { *buf::data(m) ^= std::byte{1}; }), "");
  EXPECT_NE(touch([](rte_mbuf* m) { buf::data(m->next)[43] ^= std::byte{1}; }), "");
  EXPECT_NE(touch([](rte_mbuf* m) { ++m->data_off; }), "");
  EXPECT_NE(touch([](rte_mbuf* m) { --m->data_len; }), "");
  EXPECT_NE(touch([](rte_mbuf* m) { m->next->pkt_len = 1; }), "");
  EXPECT_NE(touch([](rte_mbuf* m) { m->nb_segs = 1; }), "");
  EXPECT_NE(touch([](rte_mbuf* m) { m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG; }), "");
  EXPECT_NE(touch([](rte_mbuf* m) { m->l4_len = 20; }), "");
  EXPECT_NE(touch([](rte_mbuf* m) { buf::free_chain(std::exchange(m->next, nullptr)); }), "");
}

TEST(SendBufferHeld, sends_in_place_again_only_after_the_driver_is_done) {
  TestPools pools;
  SendBuffer b{1000};
  buf::Chain c = pools.chain(stream(0, 200));
  const rte_mbuf* const stored = c.head();
  ASSERT_TRUE(b.append(c));
  {
    const HeldFrame held = hand_to_driver(*b.carve(0, 200, kHeaders, pools));
    ASSERT_EQ(held.get(), stored);
    for (int i = 0; i < 3; ++i) {
      const buf::Mbuf again = *b.carve(0, 200, kHeaders, pools);
      EXPECT_NE(again.get(), stored);
      EXPECT_EQ(bytes_of(again), stream(0, 200));
    }
    EXPECT_EQ(held.touched(), "");
  }
  const buf::Mbuf again = *b.carve(0, 200, kHeaders, pools);
  EXPECT_EQ(again.get(), stored);
  EXPECT_EQ(bytes_of(again), stream(0, 200));
}

TEST(SendBufferHeld, acknowledging_and_clearing_touch_nothing_either) {
  TestPools pools;
  {
    SendBuffer b{1000};
    buf::Chain c = pools.chain(stream(0, 700));
    ASSERT_TRUE(b.append(c));
    const HeldFrame first = hand_to_driver(*b.carve(0, 256, kHeaders, pools));
    const HeldFrame all = hand_to_driver(*b.carve(0, 700, kHeaders, pools));
    b.acknowledge(300);
    EXPECT_EQ(first.touched() + all.touched(), "");
    b.clear();
    EXPECT_EQ(first.touched() + all.touched(), "");
  }
  EXPECT_TRUE(pools.all_back());
}

// A driver that chains something of its own behind the buffer it holds: the chain is the driver's.
TEST(SendBufferHeld, what_a_driver_links_behind_a_buffer_stays_the_drivers) {
  TestPools pools;
  {
    SendBuffer b{1000};
    buf::Chain c = pools.chain(stream(0, 200));
    ASSERT_TRUE(b.append(c));
    buf::Mbuf sent = *b.carve(0, 200, kHeaders, pools);
    sent.append_chain(*buf::Mbuf::copy_of(stream(0, 4), *pools.data));  // a trailer
    const HeldFrame held{std::move(sent)};
    b.acknowledge(200);
    EXPECT_EQ(held.touched(), "");
    EXPECT_EQ(pools.data->in_use(), 2u);
  }
  EXPECT_TRUE(pools.all_back());
}

/// Any mixture of what applications write: own buffers, shared ones, the application's memory.
buf::Chain written(TestPools& pools, std::uint64_t from, std::size_t n, std::uint8_t kind,
                   std::deque<buf::Chain>& other_holders, std::deque<Bytes>& lent) {
  if (n == 0) return {};
  if (kind % 3 == 0) return pools.chain(stream(from, n));
  if (kind % 3 == 1) {
    other_holders.push_back(pools.chain(stream(from, n)));
    return *other_holders.back().clone(*pools.indirect);
  }
  lent.push_back(stream(from, n));
  return buf::Chain{buf::Mbuf::adopt(buf::make_external(
      pools, lent.back(), [](void*, void*) {}, nullptr))};
}

RC_GTEST_PROP(SendBufferHeldProperty, no_held_packet_is_touched_and_all_are_byte_exact,
              (const std::vector<std::pair<std::uint8_t, std::uint16_t>>& script)) {
  TestPools pools{8192, 256};
  std::deque<Bytes> lent;
  {
    SendBuffer b{6000, 64};
    std::deque<buf::Chain> other_holders;
    std::deque<HeldFrame> held;
    std::uint64_t first = 0;
    std::uint64_t end = 0;
    for (const auto& [what, amount] : script) {
      switch (what % 8) {
        case 0:
        case 1: {
          // Often a single buffer, which is what may go in place.
          const std::size_t n = what % 2 == 0 ? amount % 200 : amount % 900;
          buf::Chain c =
              written(pools, end, n, static_cast<std::uint8_t>(what / 8), other_holders, lent);
          const std::uint32_t bytes = c.size();
          if (b.append(c)) end += bytes;
          break;
        }
        case 2:
          if (const auto n = b.append_copy(stream(end, amount % 300), *pools.data)) end += *n;
          break;
        case 3: {
          const std::uint32_t n = amount % (b.size() + 1);
          b.acknowledge(n);
          first += n;
          break;
        }
        case 4:
          if (!held.empty()) held.erase(held.begin() + amount % held.size());
          break;
        case 5:
          if (!other_holders.empty()) other_holders.pop_front();
          break;
        default: {
          // From the start, as a retransmission would, or from anywhere.
          // The oldest buffer as a retransmission would, or anything.
          const bool oldest = what % 8 == 6;
          const std::uint32_t offset = oldest ? 0 : amount % (b.size() + 1);
          const std::uint32_t wanted = oldest ? b.size() : amount * 7u % 1'500;
          const std::uint32_t n =
              b.longest_carve(offset, std::min(wanted, b.size() - offset), oldest ? 1 : 5);
          buf::Mbuf packet = *b.carve(offset, n, kHeaders, pools);
          RC_ASSERT(bytes_of(packet) == stream(first + offset, n));
          held.push_back(hand_to_driver(std::move(packet)));
          break;
        }
      }
      for (const HeldFrame& h : held) RC_ASSERT(h.touched() == "");
    }
  }
  RC_ASSERT(pools.all_back());
}

}  // namespace
}  // namespace zs::tcp
