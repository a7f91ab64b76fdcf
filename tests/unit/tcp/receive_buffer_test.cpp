#include "tcp/receive_buffer.hpp"

#include <gtest/gtest.h>

#include "unit/tcp/buffers.hpp"

namespace zs::tcp {
namespace {

using test::Bytes;
using test::bytes_of;
using test::stream;
using test::TestPools;

TEST(ReceiveBuffer, hands_out_the_buffers_that_arrived) {
  TestPools pools;
  {
    ReceiveBuffer b{10'000, 100};
    buf::Chain c = pools.chain(stream(0, 600));
    const rte_mbuf* const first = c.head();
    b.append(std::move(c));
    EXPECT_EQ(b.size(), 600u);
    EXPECT_EQ(b.segments(), 3u);
    const buf::Chain front = *b.read(300, pools);
    EXPECT_EQ(front.head(), first);
    EXPECT_EQ(bytes_of(front), stream(0, 300));
    EXPECT_EQ(bytes_of(*b.read(1000, pools)), stream(300, 300));
    EXPECT_TRUE(b.read(1000, pools)->empty());
    EXPECT_TRUE(b.empty());
  }
  EXPECT_TRUE(pools.all_back());
}

TEST(ReceiveBuffer, without_a_descriptor_reads_whole_segments) {
  TestPools pools;
  ReceiveBuffer b{10'000, 100};
  b.append(pools.chain(stream(0, 600)));
  pools.indirect->fail_after_for_test(0);
  EXPECT_EQ(bytes_of(*b.read(300, pools)), stream(0, 256));
  EXPECT_EQ(b.read(200, pools).error(), Errc::kNoBuffers);
  EXPECT_EQ(b.size(), 344u);
}

TEST(ReceiveBuffer, shares_without_giving_away) {
  TestPools pools;
  {
    ReceiveBuffer b{10'000, 100};
    b.append(pools.chain(stream(0, 600)));
    buf::Chain seen = *b.share(300, *pools.indirect);
    EXPECT_EQ(bytes_of(seen), stream(0, 300));
    EXPECT_EQ(b.size(), 600u);
    EXPECT_EQ(b.share(1000, *pools.indirect)->size(), 600u);
    pools.indirect->fail_after_for_test(1);
    EXPECT_EQ(b.share(300, *pools.indirect).error(), Errc::kNoBuffers);
    pools.indirect->fail_after_for_test(UINT32_MAX);
    const buf::Chain all = *b.read(600, pools);
    EXPECT_EQ(buf::data(all.head()), buf::data(seen.head()));
    EXPECT_FALSE(buf::is_exclusive(all.head()));
    seen.clear();
    EXPECT_TRUE(buf::is_exclusive(all.head()));
  }
  EXPECT_TRUE(pools.all_back());
}

TEST(ReceiveBuffer, reads_no_more_segments_than_one_packet_holds) {
  constexpr std::uint32_t kMost = RTE_MBUF_MAX_NB_SEGS;
  TestPools pools{kMost + kMost / 4, 16};  // what may be taken without the pool's reserve
  ReceiveBuffer b{1'000'000, 100'000};
  for (std::uint32_t i = 0; i < kMost + 2; ++i) b.append(pools.chain(stream(i, 1)));
  const buf::Chain first = *b.read(1'000'000, pools);
  EXPECT_EQ(first.segments(), kMost);
  EXPECT_EQ(b.read(1'000'000, pools)->size(), 2u);
}

TEST(ReceiveBuffer, copies_and_peeks) {
  TestPools pools;
  ReceiveBuffer b{10'000, 100};
  b.append(pools.chain(stream(0, 600)));
  Bytes out(400);
  EXPECT_EQ(b.peek(out), 400u);
  EXPECT_EQ(out, stream(0, 400));
  EXPECT_EQ(b.read_copy(out), 400u);
  EXPECT_EQ(out, stream(0, 400));
  EXPECT_EQ(b.read_copy(out), 200u);
  out.resize(200);
  EXPECT_EQ(out, stream(400, 200));
  EXPECT_TRUE(pools.all_back());
}

TEST(ReceiveBuffer, the_window_is_what_is_free) {
  TestPools pools;
  ReceiveBuffer b{1000, 100};
  EXPECT_EQ(b.window(500), 1000u);
  b.append(pools.chain(stream(0, 600)));
  EXPECT_EQ(b.window(500), 400u);
  b.set_capacity(500);
  EXPECT_EQ(b.window(500), 0u);
}

TEST(ReceiveBuffer, buffers_limit_the_window_too) {
  TestPools pools;
  ReceiveBuffer b{1u << 20, 10};
  EXPECT_EQ(b.window(100), 1000u);
  for (std::uint64_t i = 0; i < 8; ++i) b.append(pools.chain(stream(i, 1)));
  EXPECT_EQ(b.window(100), 200u);
  EXPECT_EQ(b.window(100, 2), 0u);
  EXPECT_TRUE(b.has_room());
  b.append(pools.chain(stream(8, 2)));
  b.append(pools.chain(stream(10, 2)));
  EXPECT_FALSE(b.has_room());
  EXPECT_EQ(b.window(100), 0u);
}

TEST(ReceiveBuffer, packs_tiny_segments_into_few_buffers) {
  TestPools pools;
  ReceiveBuffer b{1u << 20, 1000};
  for (std::uint64_t i = 0; i < 1000; ++i) b.append(pools.chain(stream(i * 3, 3)));
  EXPECT_FALSE(b.has_room());
  EXPECT_EQ(b.compact(*pools.data), 3000u);
  EXPECT_TRUE(b.has_room());
  EXPECT_EQ(b.segments(), 12u);
  EXPECT_EQ(pools.data->in_use(), 12u);
  EXPECT_EQ(bytes_of(b.take_all()), stream(0, 3000));
}

TEST(ReceiveBuffer, tiny_segments_that_nobody_reads_share_buffers) {
  TestPools pools{8'192, 2'048};
  ReceiveBuffer b{1u << 20, 4'096};
  constexpr SeqNum kFirst{100};
  for (std::uint64_t i = 0; i < kPlainBuffers; ++i) {
    EXPECT_TRUE(b.has_plain_room());
    EXPECT_EQ(b.absorb(pools.chain(stream(i, 1)), kFirst, *pools.data), 0u);
  }
  EXPECT_FALSE(b.has_plain_room());
  EXPECT_TRUE(b.has_room());
  std::uint32_t copied = 0;
  for (std::uint64_t i = kPlainBuffers; i < 5'000; ++i) {
    copied += b.absorb(pools.chain(stream(i, 1)), kFirst, *pools.data);
    pools.data->look();  // a turn ends
  }
  EXPECT_LE(b.segments(), kPlainBuffers + kPatientTurns + 3);
  EXPECT_EQ(pools.data->in_use(), b.segments());
  EXPECT_GT(copied, 4'900u);
  EXPECT_EQ(bytes_of(b.take_all()), stream(0, 5'000));
}

TEST(ReceiveBuffer, what_is_read_in_time_is_not_copied) {
  TestPools pools{256, 2'048};
  ReceiveBuffer b{1u << 20, 4'096};
  SeqNum unread{7};
  for (std::uint32_t burst = 0; burst < 100; ++burst) {
    for (std::uint64_t i = 0; i < 128; ++i) {
      EXPECT_EQ(b.absorb(pools.chain(stream(i, 64)), unread, *pools.data), 0u);
    }
    // Some are read only after a few turns.
    for (std::uint32_t turn = 0; turn <= burst % kPatientTurns; ++turn) pools.data->look();
    EXPECT_EQ(b.take_all().segments(), 128u);
    unread += 128 * 64;
  }
}

TEST(ReceiveBuffer, full_segments_are_not_copied_however_late_they_are_read) {
  TestPools pools{2'048, 2'048};
  ReceiveBuffer b{1u << 20, 4'096};
  for (std::uint64_t i = 0; i < 700; ++i) {
    EXPECT_EQ(b.absorb(pools.chain(stream(i * 1'448, 1'448)), SeqNum{1}, *pools.data), 0u);
    pools.data->look();
  }
  EXPECT_EQ(b.absorb(pools.chain(stream(0, 1)), SeqNum{1}, *pools.data), 0u);  // a message's end
  EXPECT_EQ(b.segments(), 701u);
}

TEST(ReceiveBuffer, a_low_bound_on_buffers_is_the_bound_for_plain_ones) {
  TestPools pools;
  ReceiveBuffer b{1u << 20, 10};
  for (std::uint64_t i = 0; i < 10; ++i) b.append(pools.chain(stream(i, 1)));
  EXPECT_FALSE(b.has_plain_room());
  EXPECT_FALSE(b.has_room());
}

TEST(ReceiveBuffer, does_not_copy_what_is_well_packed) {
  TestPools pools;
  ReceiveBuffer b{1u << 20, 10};
  for (std::uint64_t i = 0; i < 10; ++i) b.append(pools.chain(stream(i * 33, 33)));
  EXPECT_EQ(b.compact(*pools.data), 0u);
  EXPECT_EQ(b.segments(), 10u);
}

TEST(ReceiveBuffer, packing_stops_without_loss_when_the_pool_is_empty) {
  TestPools pools;
  ReceiveBuffer b{1u << 20, 1000};
  for (std::uint64_t i = 0; i < 200; ++i) b.append(pools.chain(stream(i * 3, 3)));
  pools.data->fail_after_for_test(1);
  EXPECT_EQ(b.compact(*pools.data), 256u);
  EXPECT_EQ(b.segments(), 116u);
  pools.data->fail_after_for_test(0);
  EXPECT_EQ(b.compact(*pools.data), 0u);
  EXPECT_EQ(bytes_of(b.take_all()), stream(0, 600));
}

}  // namespace
}  // namespace zs::tcp
