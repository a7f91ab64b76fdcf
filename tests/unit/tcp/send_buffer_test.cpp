#include "tcp/send_buffer.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <deque>

#include "unit/tcp/buffers.hpp"

namespace zs::tcp {
namespace {

using test::Bytes;
using test::bytes_of;
using test::stream;
using test::TestPools;

constexpr std::uint16_t kRoom = 118;

Bytes contents(const SendBuffer& b) {
  Bytes out(b.size());
  b.copy_out(0, out);
  return out;
}

/// What a driver does to a packet it was handed: headers, a virtio header, a VLAN tag, offloads.
void scribble_like_a_driver(rte_mbuf* m) {
  m->data_off = static_cast<std::uint16_t>(m->data_off - 60);
  m->data_len = static_cast<std::uint16_t>(m->data_len + 60);
  m->pkt_len = m->data_len;
  m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
  m->tso_segsz = 1448;
}

TEST(SendBuffer, takes_a_whole_chain_or_nothing) {
  TestPools pools;
  {
    SendBuffer b{1000};
    buf::Chain first = pools.chain(stream(0, 700));
    ASSERT_TRUE(b.append(first));
    EXPECT_TRUE(first.empty());
    EXPECT_EQ(b.size(), 700u);
    EXPECT_EQ(b.free_space(), 300u);

    buf::Chain second = pools.chain(stream(700, 301));
    EXPECT_EQ(b.append(second).error(), Errc::kAgain);
    EXPECT_EQ(bytes_of(second), stream(700, 301));

    buf::Chain never = pools.chain(stream(0, 1001));
    EXPECT_EQ(b.append(never).error(), Errc::kMessageSize);
    EXPECT_EQ(never.size(), 1001u);

    buf::Chain nothing;
    EXPECT_TRUE(b.append(nothing));
    b.acknowledge(1);
    EXPECT_TRUE(b.append(second));
    EXPECT_EQ(contents(b), stream(1, 1000));
  }
  EXPECT_TRUE(pools.all_back());
}

TEST(SendBuffer, bounds_the_number_of_segments) {
  TestPools pools;
  SendBuffer b{1000, 2};
  buf::Chain three = pools.chain(stream(0, 600));
  ASSERT_EQ(three.segments(), 3u);
  EXPECT_EQ(b.append(three).error(), Errc::kMessageSize);
  buf::Chain two = pools.chain(stream(0, 300));
  ASSERT_TRUE(b.append(two));
  EXPECT_EQ(b.free_space(), 0u);
  buf::Chain one = pools.chain(stream(0, 1));
  EXPECT_EQ(b.append(one).error(), Errc::kAgain);
  b.acknowledge(256);
  EXPECT_TRUE(b.append(one));
}

TEST(SendBuffer, a_smaller_capacity_keeps_what_is_stored) {
  TestPools pools;
  SendBuffer b{1000};
  buf::Chain c = pools.chain(stream(0, 700));
  ASSERT_TRUE(b.append(c));
  b.set_capacity(100);
  EXPECT_EQ(b.free_space(), 0u);
  EXPECT_EQ(b.append_copy(stream(0, 1), *pools.data).error(), Errc::kAgain);
  EXPECT_EQ(contents(b), stream(0, 700));
}

TEST(SendBuffer, copying_fills_the_tail_before_it_takes_a_buffer) {
  TestPools pools;
  SendBuffer b{1000};
  EXPECT_EQ(*b.append_copy(stream(0, 100), *pools.data), 100u);
  EXPECT_EQ(*b.append_copy(stream(100, 100), *pools.data), 100u);
  EXPECT_EQ(b.segments(), 1u);
  EXPECT_EQ(*b.append_copy(stream(200, 900), *pools.data), 800u);
  EXPECT_EQ(b.segments(), 4u);
  EXPECT_EQ(b.append_copy(stream(0, 1), *pools.data).error(), Errc::kAgain);
  EXPECT_EQ(contents(b), stream(0, 1000));
}

TEST(SendBuffer, copying_writes_to_no_tail_that_somebody_holds) {
  TestPools pools;
  SendBuffer b{1000};
  ASSERT_TRUE(b.append_copy(stream(0, 100), *pools.data));
  {
    const buf::Mbuf in_flight = *b.carve(0, 100, kRoom, pools);
    ASSERT_EQ(*b.append_copy(stream(100, 10), *pools.data), 10u);
    EXPECT_EQ(b.segments(), 2u);
    EXPECT_EQ(in_flight.length(), 100u);
  }
  EXPECT_EQ(contents(b), stream(0, 110));
}

TEST(SendBuffer, copying_is_short_when_the_pool_runs_dry) {
  TestPools pools{2};
  SendBuffer b{10'000};
  EXPECT_EQ(*b.append_copy(stream(0, 1000), *pools.data), 512u);
  EXPECT_EQ(b.append_copy(stream(512, 1), *pools.data).error(), Errc::kNoBuffers);
  EXPECT_EQ(contents(b), stream(0, 512));
}

TEST(SendBuffer, sends_a_whole_segment_by_its_own_descriptor) {
  TestPools pools;
  SendBuffer b{1000};
  buf::Chain c = pools.chain(stream(0, 200));
  rte_mbuf* const stored = c.head();
  ASSERT_TRUE(b.append(c));

  buf::Mbuf packet = *b.carve(0, 200, kRoom, pools);
  EXPECT_EQ(packet.get(), stored);
  EXPECT_EQ(buf::reference_count(stored), 2);
  EXPECT_TRUE(packet.prepend(kRoom));
  EXPECT_EQ(pools.data->in_use(), 1u);
  EXPECT_EQ(pools.indirect->in_use(), 0u);
}

TEST(SendBuffer, restores_the_descriptor_before_it_is_sent_again) {
  TestPools pools;
  SendBuffer b{1000};
  buf::Chain c = pools.chain(stream(0, 200));
  rte_mbuf* const stored = c.head();
  ASSERT_TRUE(b.append(c));
  {
    const buf::Mbuf sent = *b.carve(0, 200, kRoom, pools);
    scribble_like_a_driver(sent.get());
  }
  EXPECT_EQ(contents(b), stream(0, 200));
  const buf::Mbuf again = *b.carve(0, 200, kRoom, pools);
  EXPECT_EQ(again.get(), stored);
  EXPECT_EQ(bytes_of(again), stream(0, 200));
  EXPECT_EQ(again->ol_flags, 0u);
  EXPECT_EQ(again->tso_segsz, 0u);
}

TEST(SendBuffer, touches_no_descriptor_that_a_driver_still_holds) {
  TestPools pools;
  SendBuffer b{1000};
  buf::Chain c = pools.chain(stream(0, 200));
  ASSERT_TRUE(b.append(c));
  const buf::Mbuf sent = *b.carve(0, 200, kRoom, pools);
  scribble_like_a_driver(sent.get());
  const std::uint16_t data_off = sent->data_off;

  buf::Mbuf again = *b.carve(0, 200, kRoom, pools);
  EXPECT_NE(again.get(), sent.get());
  EXPECT_EQ(bytes_of(again), stream(0, 200));
  EXPECT_EQ(again->nb_segs, 2);
  EXPECT_TRUE(again.prepend(kRoom));
  EXPECT_EQ(sent->data_off, data_off);
  EXPECT_EQ(sent->next, nullptr);

  // The buffer may go before the driver is done.
  b.acknowledge(200);
  EXPECT_EQ(sent->data_off, data_off);
  EXPECT_EQ(pools.data->in_use(), 2u);
}

TEST(SendBuffer, sends_parts_and_runs_through_a_header_segment) {
  TestPools pools;
  {
    SendBuffer b{2000};
    buf::Chain c = pools.chain(stream(0, 1000));
    ASSERT_TRUE(b.append(c));
    buf::Mbuf packet = *b.carve(100, 600, kRoom, pools);
    EXPECT_EQ(packet->data_len, 0u);
    EXPECT_EQ(packet->nb_segs, 4);
    EXPECT_EQ(bytes_of(packet), stream(100, 600));
    EXPECT_TRUE(packet.prepend(kRoom));
    EXPECT_EQ(b.longest_carve(100, 600, 2), 412u);
    EXPECT_EQ(b.longest_carve(100, 600, 9), 600u);

    buf::Mbuf empty = *b.carve(1000, 0, kRoom, pools);
    EXPECT_EQ(empty.length(), 0u);
    EXPECT_TRUE(empty.prepend(kRoom));
  }
  EXPECT_TRUE(pools.all_back());
}

TEST(SendBuffer, sends_a_partly_acknowledged_segment_by_a_slice) {
  TestPools pools;
  SendBuffer b{1000};
  buf::Chain c = pools.chain(stream(0, 200));
  rte_mbuf* const stored = c.head();
  ASSERT_TRUE(b.append(c));
  b.acknowledge(50);
  const buf::Mbuf packet = *b.carve(0, 150, kRoom, pools);
  EXPECT_NE(packet.get(), stored);
  EXPECT_EQ(bytes_of(packet), stream(50, 150));
}

TEST(SendBuffer, needs_room_for_the_header) {
  TestPools pools;
  SendBuffer b{1000};
  buf::Mbuf tight = *buf::Mbuf::copy_of(stream(0, 20), *pools.data);
  tight->data_off = 64;  // as if the application had used up the headroom
  std::copy_n(stream(0, 20).begin(), 20, buf::data(tight.get()));
  rte_mbuf* const stored = tight.get();
  buf::Chain c{std::move(tight)};
  ASSERT_TRUE(b.append(c));
  buf::Mbuf packet = *b.carve(0, 20, kRoom, pools);
  EXPECT_NE(packet.get(), stored);
  EXPECT_TRUE(packet.prepend(kRoom));
  EXPECT_EQ(bytes_of(*b.carve(0, 20, 200, pools)), stream(0, 20));
  EXPECT_GE(buf::headroom(b.carve(0, 20, 200, pools)->get()), 200);
  EXPECT_EQ(b.carve(0, 20, 2000, pools).error(), Errc::kInvalid);
}

TEST(SendBuffer, sends_indirect_and_shared_payload_through_a_header_segment) {
  TestPools pools;
  SendBuffer b{1000};
  const buf::Chain original = pools.chain(stream(0, 200));
  buf::Chain clone = *original.clone(*pools.indirect);
  rte_mbuf* const stored = clone.head();
  ASSERT_TRUE(b.append(clone));
  const buf::Mbuf packet = *b.carve(0, 200, kRoom, pools);
  EXPECT_NE(packet.get(), stored);
  EXPECT_EQ(bytes_of(packet), stream(0, 200));
}

TEST(SendBuffer, changes_nothing_without_buffers) {
  TestPools pools;
  SendBuffer b{2000};
  buf::Chain c = pools.chain(stream(0, 1000));
  ASSERT_TRUE(b.append(c));
  pools.data->fail_after_for_test(0);
  EXPECT_EQ(b.carve(10, 500, kRoom, pools).error(), Errc::kNoBuffers);
  pools.data->fail_after_for_test(UINT32_MAX);
  pools.indirect->fail_after_for_test(1);
  EXPECT_EQ(b.carve(10, 500, kRoom, pools).error(), Errc::kNoBuffers);
  EXPECT_EQ(pools.indirect->in_use(), 0u);
  EXPECT_EQ(pools.data->in_use(), 4u);
  EXPECT_EQ(contents(b), stream(0, 1000));
}

/// A send buffer and the byte string that it should equal; packets stay in flight for a while.
RC_GTEST_PROP(SendBufferProperty, equals_a_byte_string,
              (const std::vector<std::pair<std::uint8_t, std::uint16_t>>& script)) {
  TestPools pools{8192, 100};
  {
    SendBuffer b{5000, 64};
    std::uint64_t first = 0;
    std::uint64_t end = 0;
    std::deque<std::pair<buf::Mbuf, Bytes>> in_flight;
    for (const auto& [what, amount] : script) {
      switch (what % 6) {
        case 0: {
          buf::Chain c = pools.chain(stream(end, amount % 700));
          const std::uint32_t n = c.size();
          if (b.append(c)) end += n;
          break;
        }
        case 1:
          if (const auto n = b.append_copy(stream(end, amount % 300), *pools.data)) end += *n;
          break;
        case 2: {
          const std::uint32_t n = amount % (b.size() + 1);
          b.acknowledge(n);
          first += n;
          break;
        }
        case 3:
          if (!in_flight.empty()) in_flight.pop_front();
          break;
        default: {
          const std::uint32_t offset = amount % (b.size() + 1);
          const std::uint32_t length = amount * 7u % (b.size() - offset + 1);
          const std::uint32_t n = b.longest_carve(offset, length, 5);
          buf::Mbuf packet = *b.carve(offset, n, kRoom, pools);
          RC_ASSERT(packet->nb_segs <= 6);
          RC_ASSERT(packet.length() == n);
          RC_ASSERT(packet.prepend(kRoom).has_value());
          in_flight.emplace_back(std::move(packet), stream(first + offset, n));
          break;
        }
      }
      RC_ASSERT(b.size() == end - first);
      RC_ASSERT(contents(b) == stream(first, b.size()));
      for (const auto& [packet, expected] : in_flight) {
        Bytes payload(expected.size());
        packet.copy_out(kRoom, payload);
        RC_ASSERT(payload == expected);
      }
    }
  }
  RC_ASSERT(pools.all_back());
}

}  // namespace
}  // namespace zs::tcp
