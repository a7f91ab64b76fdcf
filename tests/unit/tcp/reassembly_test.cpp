#include "tcp/reassembly.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <map>

#include "base/random.hpp"
#include "tcp/packing.hpp"
#include "unit/tcp/buffers.hpp"

namespace zs::tcp {
namespace {

using test::Bytes;
using test::bytes_of;
using test::stream;
using test::TestPools;
using wire::TcpSackBlock;

constexpr SeqNum at(std::uint32_t offset) { return SeqNum{0xffff'ff00u + offset}; }

std::vector<TcpSackBlock> blocks(const Reassembly& r, std::size_t room = 4) {
  std::vector<TcpSackBlock> out(room);
  out.resize(r.sack_blocks(out));
  return out;
}
TcpSackBlock block(std::uint32_t from, std::uint32_t to) { return {at(from).raw(), at(to).raw()}; }

class ReassemblyTest : public ::testing::Test {
 protected:
  ~ReassemblyTest() override {
    queue_.clear();
    EXPECT_TRUE(pools_.all_back());
  }
  /// Bytes [from, to) of the stream; `salt` makes other bytes of them.
  Reassembly::Inserted insert(std::uint32_t from, std::uint32_t to, std::uint64_t salt = 0) {
    return queue_.insert(at(from), pools_.chain(stream(from + salt, to - from)), pools_);
  }

  TestPools pools_;
  Reassembly queue_{{.ranges = 4, .bytes = 2000, .segments = 20}};
};

TEST_F(ReassemblyTest, waits_for_the_gap_to_close) {
  EXPECT_EQ(insert(100, 200).stored_bytes, 100u);
  EXPECT_TRUE(queue_.take_in_order(at(0)).empty());
  EXPECT_EQ(bytes_of(queue_.take_in_order(at(100))), stream(100, 100));
  EXPECT_TRUE(queue_.empty());
  EXPECT_EQ(queue_.bytes(), 0u);
  EXPECT_EQ(queue_.segments(), 0u);
}

TEST(ReassemblyOfTinySegments, they_wait_uncopied_while_there_are_buffers) {
  TestPools pools{4'096, 2'048};
  Reassembly queue{{.ranges = 256, .bytes = 1u << 20, .segments = 2'048}};
  for (std::uint32_t i = 0; i < 1'000; ++i) {
    const auto kept = queue.insert(at(100 + i), pools.chain(stream(100 + i, 1)), pools);
    EXPECT_EQ(kept.displaced_bytes, 0u);
    EXPECT_EQ(kept.copied_bytes, 0u);
  }
  EXPECT_EQ(queue.segments(), 1'000u);
}

TEST(ReassemblyOfTinySegments, they_share_buffers_once_these_run_low) {
  TestPools pools{4'096, 2'048};
  const buf::Chain others = pools.chain(stream(0, 3'200 * 2'048));
  pools.data->look();
  ASSERT_NE(pools.data->supply(), buf::Supply::kPlenty);
  const std::uint32_t used = pools.data->in_use();
  Reassembly queue{{.ranges = 256, .bytes = 1u << 20, .segments = 2'048}};
  std::uint32_t copied = 0;
  for (std::uint32_t i = 0; i < 3'000; ++i) {
    const auto kept = queue.insert(at(100 + i), pools.chain(stream(100 + i, 1)), pools);
    EXPECT_EQ(kept.displaced_bytes, 0u);
    copied += kept.copied_bytes;
  }
  EXPECT_EQ(copied, 3'000 - queue.segments());
  EXPECT_LE(queue.segments(), kPlainBuffersOutOfOrder + 2);
  EXPECT_EQ(pools.data->in_use(), used + queue.segments());
  EXPECT_EQ(bytes_of(queue.take_in_order(at(100))), stream(100, 3'000));
  EXPECT_EQ(queue.segments(), 0u);
}

TEST(ReassemblyOfTinySegments, those_that_wait_give_way_once_buffers_run_low) {
  TestPools pools{1'024, 2'048};
  Reassembly queue{{.ranges = 256, .bytes = 1u << 20, .segments = 2'048}};
  const auto insert_tiny = [&](std::uint32_t from, std::uint32_t to) {
    std::uint32_t displaced = 0;
    for (std::uint32_t i = from; i < to; ++i) {
      displaced +=
          queue.insert(at(100 + i), pools.chain(stream(100 + i, 1)), pools).displaced_bytes;
    }
    return displaced;
  };
  EXPECT_EQ(insert_tiny(0, 700), 0u);
  const buf::Chain others = pools.chain(stream(0, 100 * 2'048));
  pools.data->look();
  ASSERT_NE(pools.data->supply(), buf::Supply::kPlenty);
  EXPECT_GT(insert_tiny(700, 701), 600u);
  EXPECT_LE(queue.segments(), kPlainBuffersOutOfOrder);
  const std::uint32_t left = queue.bytes();
  EXPECT_EQ(bytes_of(queue.take_in_order(at(100))), stream(100, left));
}

TEST(ReassemblyOfTinySegments, those_far_away_go_where_they_do_not) {
  TestPools pools{4'096, 2'048};
  Reassembly queue{{.ranges = 256, .bytes = 1u << 20, .segments = 2'048}};
  std::uint32_t displaced = 0;
  for (std::uint32_t i = 0; i < 200; ++i) {
    const std::uint32_t offset = 2 * (200 - i);  // ever nearer to RCV.NXT
    displaced += queue.insert(at(offset), pools.chain(stream(offset, 1)), pools).displaced_bytes;
  }
  EXPECT_EQ(queue.segments(), kPlainBuffersOutOfOrder);
  EXPECT_EQ(displaced, 200 - kPlainBuffersOutOfOrder);
  EXPECT_EQ(queue.end(), at(2 * kPlainBuffersOutOfOrder + 1));
}

TEST(ReassemblyOfTinySegments, full_segments_wait_uncopied_up_to_the_bound) {
  TestPools pools{4'096, 2'048};
  Reassembly queue{{.ranges = 256, .bytes = 1u << 20, .segments = 2'048}};
  for (std::uint32_t i = 0; i < 700; ++i) {
    const std::uint32_t offset = 1 + i * 1'448;
    const auto kept = queue.insert(at(offset), pools.chain(stream(offset, 1'448)), pools);
    EXPECT_EQ(kept.displaced_bytes, 0u);
    EXPECT_EQ(kept.copied_bytes, 0u);
  }
  EXPECT_EQ(queue.segments(), 700u);
}

TEST_F(ReassemblyTest, joins_what_touches) {
  insert(100, 200);
  insert(300, 400);
  EXPECT_EQ(queue_.ranges(), 2u);
  EXPECT_EQ(queue_.end(), at(400));
  insert(200, 300);
  EXPECT_EQ(queue_.ranges(), 1u);
  EXPECT_EQ(bytes_of(queue_.take_in_order(at(100))), stream(100, 300));
}

TEST_F(ReassemblyTest, in_order_data_may_overtake_what_is_queued) {
  insert(100, 200);
  insert(300, 400);
  insert(500, 600);
  EXPECT_EQ(bytes_of(queue_.take_in_order(at(350))), stream(350, 50));
  EXPECT_EQ(queue_.ranges(), 1u);
  EXPECT_EQ(queue_.bytes(), 100u);
}

TEST_F(ReassemblyTest, what_came_first_wins) {
  insert(100, 200);
  insert(300, 400);
  const auto result = insert(50, 450, 1'000'000);
  EXPECT_EQ(result.stored_bytes, 200u);
  ASSERT_TRUE(result.duplicate);
  EXPECT_EQ(*result.duplicate, (SeqRange{at(100), at(200)}));
  Bytes expected = stream(1'000'050, 400);
  std::ranges::copy(stream(100, 100), expected.begin() + 50);
  std::ranges::copy(stream(300, 100), expected.begin() + 250);
  EXPECT_EQ(bytes_of(queue_.take_in_order(at(50))), expected);
}

TEST_F(ReassemblyTest, a_full_duplicate_is_reported_and_freed) {
  insert(100, 300);
  const std::uint32_t used = pools_.data->in_use();
  const auto result = insert(150, 200, 5);
  EXPECT_EQ(result.stored_bytes, 0u);
  EXPECT_EQ(*result.duplicate, (SeqRange{at(150), at(200)}));
  EXPECT_EQ(pools_.data->in_use(), used);
  EXPECT_EQ(bytes_of(queue_.take_in_order(at(100))), stream(100, 200));
}

TEST_F(ReassemblyTest, an_empty_payload_changes_nothing) {
  EXPECT_EQ(queue_.insert(at(5), {}, pools_).stored_bytes, 0u);
  EXPECT_TRUE(queue_.empty());
}

//= https://www.rfc-editor.org/rfc/rfc2018#section-4
//= type=test
//# The first SACK block (i.e., the one immediately following the
//# kind and length fields in the option) MUST specify the contiguous
//# block of data containing the segment which triggered this ACK,
//# unless that segment advanced the Acknowledgment Number field in
//# the header.
TEST_F(ReassemblyTest, reports_the_latest_change_first) {
  insert(100, 150);
  insert(200, 250);
  insert(300, 350);
  EXPECT_THAT(blocks(queue_),
              ::testing::ElementsAre(block(300, 350), block(200, 250), block(100, 150)));
  insert(150, 160);
  EXPECT_THAT(blocks(queue_, 2), ::testing::ElementsAre(block(100, 160), block(300, 350)));
  insert(210, 220);  // a duplicate brings its block to the front, too
  EXPECT_THAT(blocks(queue_),
              ::testing::ElementsAre(block(200, 250), block(100, 160), block(300, 350)));
}

TEST_F(ReassemblyTest, reports_as_many_blocks_as_there_is_room_for) {
  insert(300, 310);
  insert(100, 110);
  insert(400, 410);
  insert(200, 210);
  EXPECT_THAT(blocks(queue_, 0), ::testing::IsEmpty());
  EXPECT_THAT(blocks(queue_, 1), ::testing::ElementsAre(block(200, 210)));
  EXPECT_THAT(blocks(queue_, 3),
              ::testing::ElementsAre(block(200, 210), block(400, 410), block(100, 110)));
  EXPECT_THAT(blocks(queue_, 9), ::testing::ElementsAre(block(200, 210), block(400, 410),
                                                        block(100, 110), block(300, 310)));
}

TEST_F(ReassemblyTest, too_many_ranges_cost_the_farthest) {
  for (std::uint32_t i = 1; i <= 4; ++i) insert(i * 100, i * 100 + 10);
  EXPECT_EQ(insert(50, 60).displaced_bytes, 10u);
  EXPECT_EQ(queue_.ranges(), 4u);
  EXPECT_EQ(queue_.end(), at(310));
  EXPECT_EQ(insert(900, 910).displaced_bytes, 10u);
  EXPECT_EQ(queue_.end(), at(310));
}

TEST_F(ReassemblyTest, too_many_bytes_cost_the_farthest) {
  insert(2000, 3500);
  EXPECT_EQ(insert(100, 1000).displaced_bytes, 400u);
  EXPECT_EQ(queue_.bytes(), 2000u);
  EXPECT_EQ(queue_.end(), at(3100));
}

TEST_F(ReassemblyTest, too_many_buffers_cost_the_farthest) {
  for (std::uint32_t i = 100; i > 0; --i) insert(1000 + i, 1001 + i);
  EXPECT_LE(queue_.segments(), 20u);
  EXPECT_EQ(queue_.ranges(), 1u);
  const buf::Chain c = queue_.take_in_order(at(1001));
  EXPECT_GE(c.size(), 10u);
  EXPECT_EQ(bytes_of(c), stream(1001, c.size()));
}

TEST_F(ReassemblyTest, without_descriptors_keeps_what_needs_none) {
  insert(100, 200);
  pools_.indirect->fail_after_for_test(0);
  const auto result = insert(50, 250);
  EXPECT_EQ(result.stored_bytes, 0u);
  EXPECT_EQ(result.displaced_bytes, 200u);
  EXPECT_EQ(bytes_of(queue_.take_in_order(at(100))), stream(100, 100));
  insert(300, 400);
  insert(500, 600);
  EXPECT_EQ(insert(350, 550).displaced_bytes, 150u);
  EXPECT_EQ(queue_.ranges(), 2u);
}

/// Random overlapping segments around the sequence wrap against an array in which each byte keeps
/// the first value written to it.
RC_GTEST_PROP(ReassemblyProperty, equals_an_array_of_first_writes, (std::uint64_t seed)) {
  constexpr std::uint32_t kSpan = 600;
  TestPools pools{4096, 40};
  {
    Random random{seed};
    Reassembly queue{{.ranges = 400, .bytes = 100'000, .segments = 4000}};
    std::map<std::uint32_t, std::byte> model;
    std::uint32_t next = 0;
    for (int step = 0; step < 60; ++step) {
      const std::uint32_t from = next + random.below(kSpan);
      const std::uint32_t length = 1 + random.below(random.chance(0.2) ? 200 : 20);
      const Bytes data = stream(random(), length);
      const auto result = queue.insert(at(from), pools.chain(data), pools);
      std::uint32_t stored = 0;
      for (std::uint32_t i = 0; i < length; ++i)
        stored += model.try_emplace(from + i, data[i]).second;
      RC_ASSERT(result.stored_bytes == stored);
      RC_ASSERT(result.displaced_bytes == 0u);
      RC_ASSERT(result.duplicate.has_value() == (stored < length));
      if (random.chance(0.1)) next += random.below(100);
      if (random.chance(0.2)) {
        const Bytes taken = bytes_of(queue.take_in_order(at(next)));
        for (const std::byte b : taken) RC_ASSERT(model.at(next++) == b);
        RC_ASSERT(!model.contains(next));
        model.erase(model.begin(), model.lower_bound(next));
      }
      RC_ASSERT(queue.bytes() == model.size() || model.begin()->first < next);
      for (const TcpSackBlock& b : blocks(queue, 4)) {
        const std::uint32_t begin = SeqNum{b.begin}.raw() - at(0).raw();
        const std::uint32_t end = SeqNum{b.end}.raw() - at(0).raw();
        RC_ASSERT(!model.contains(begin - 1) && !model.contains(end));
        for (std::uint32_t i = begin; i < end; ++i) RC_ASSERT(model.contains(i));
      }
    }
  }
  RC_ASSERT(pools.all_back());
}

}  // namespace
}  // namespace zs::tcp
