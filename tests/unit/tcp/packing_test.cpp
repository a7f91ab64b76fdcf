#include "tcp/packing.hpp"

#include <gtest/gtest.h>

#include "unit/tcp/buffers.hpp"

namespace zs::tcp {
namespace {

using namespace test;

TEST(Packing, tiny_is_an_eighth_of_a_buffer_but_no_full_segment) {
  const TestPools small{8, 256};
  const TestPools usual{8, 2'048};
  const TestPools jumbo{8, 16'384};
  EXPECT_EQ(tiny_segment_bytes(*small.data), 32u);
  EXPECT_EQ(tiny_segment_bytes(*usual.data), 256u);
  EXPECT_EQ(tiny_segment_bytes(*jumbo.data), 256u);
}

TEST(Packing, few_buffers_or_well_filled_ones_waste_nothing) {
  const TestPools pools{8, 2'048};
  EXPECT_FALSE(is_wasteful(64, 64, 64, *pools.data));
  EXPECT_TRUE(is_wasteful(65, 65, 64, *pools.data));
  EXPECT_TRUE(is_wasteful(65 * 255, 65, 64, *pools.data));
  EXPECT_FALSE(is_wasteful(65 * 256, 65, 64, *pools.data));
  EXPECT_FALSE(is_wasteful(1u << 20, 724, 64, *pools.data));  // a window of full segments
}

TEST(Packing, tiny_segments_share_the_last_buffer) {
  TestPools pools;
  {
    buf::Chain chain = pools.chain(stream(0, 10));
    const rte_mbuf* const first = chain.head();
    EXPECT_EQ(append_packed(chain, pools.chain(stream(10, 32)), *pools.data), 32u);
    EXPECT_EQ(append_packed(chain, pools.chain(stream(42, 33)), *pools.data), 0u);
    EXPECT_EQ(append_packed(chain, pools.chain(stream(75, 5)), *pools.data), 5u);
    EXPECT_EQ(chain.head(), first);
    EXPECT_EQ(chain.segments(), 2u);
    EXPECT_EQ(pools.data->in_use(), 2u);
    EXPECT_EQ(bytes_of(chain), stream(0, 80));
  }
  EXPECT_TRUE(pools.all_back());
}

TEST(Packing, a_full_buffer_is_followed_by_the_next) {
  TestPools pools;
  buf::Chain chain;
  std::uint32_t copied = 0;
  for (std::uint64_t i = 0; i < 100; ++i) {
    copied += append_packed(chain, pools.chain(stream(i * 10, 10)), *pools.data);
  }
  EXPECT_EQ(chain.segments(), 4u);  // of 25 segments each: 250 of 256 bytes
  EXPECT_EQ(copied, 960u);
  EXPECT_EQ(bytes_of(chain), stream(0, 1'000));
}

TEST(Packing, what_others_may_see_is_not_written_behind) {
  TestPools pools;
  {
    buf::Chain chain = pools.chain(stream(0, 10));
    const buf::Chain seen = *chain.clone(*pools.indirect);
    EXPECT_EQ(append_packed(chain, pools.chain(stream(10, 10)), *pools.data), 0u);
    EXPECT_EQ(chain.segments(), 2u);
    EXPECT_EQ(bytes_of(chain), stream(0, 20));
    EXPECT_EQ(bytes_of(seen), stream(0, 10));
  }
  EXPECT_TRUE(pools.all_back());
}

TEST(Packing, shared_segments_are_let_go_of) {
  TestPools pools;
  const buf::Chain sent = pools.chain(stream(0, 30));
  buf::Chain chain;
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(append_packed(chain, *sent.clone(*pools.indirect), *pools.data), 30u);
  }
  EXPECT_EQ(chain.segments(), 1u);
  EXPECT_EQ(pools.indirect->in_use(), 0u);
  EXPECT_TRUE(buf::is_exclusive(sent.head()));
}

TEST(Packing, an_empty_pool_loses_nothing) {
  TestPools pools;
  const buf::Chain sent = pools.chain(stream(0, 30));
  buf::Chain more = *sent.clone(*pools.indirect);
  pools.data->fail_after_for_test(0);
  buf::Chain chain;
  EXPECT_EQ(append_packed(chain, std::move(more), *pools.data), 0u);
  EXPECT_EQ(bytes_of(chain), stream(0, 30));
}

}  // namespace
}  // namespace zs::tcp
