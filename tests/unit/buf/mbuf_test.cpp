#include "buf/mbuf.hpp"

#include <gtest/gtest.h>

#include <array>
#include <vector>

#include "unit/buf/chain_scenario.hpp"

namespace zs::buf {
namespace {

using test::pattern;

class MbufTest : public ::testing::Test {
 protected:
  std::unique_ptr<Pool> data_ = *Pool::create({.name = "d", .count = 16, .data_room = 64});
  std::unique_ptr<Pool> indirect_ = *Pool::create({.name = "i", .count = 16});

  Mbuf packet(std::size_t n) { return *Mbuf::copy_of(pattern(n, 1), *data_); }
  static test::Bytes bytes_of(const Mbuf& m) {
    test::Bytes b(m.length());
    m.copy_out(0, b);
    return b;
  }
};

TEST_F(MbufTest, a_fresh_buffer_has_headroom_and_no_bytes) {
  const Mbuf m = Mbuf::adopt(data_->alloc());
  EXPECT_EQ(m.length(), 0u);
  EXPECT_EQ(headroom(m.get()), kHeadroom);
  EXPECT_EQ(tailroom(m.get()), 64u);
  EXPECT_EQ(m->nb_segs, 1u);
  EXPECT_TRUE(is_exclusive(m.get()));
}

TEST_F(MbufTest, prepend_uses_the_headroom_and_stops_at_its_end) {
  Mbuf m = packet(10);
  const auto header = m.prepend(kHeadroom);
  ASSERT_TRUE(header);
  EXPECT_EQ(header->size(), kHeadroom);
  EXPECT_EQ(m.length(), 138u);
  EXPECT_EQ(m.prepend(1).error(), Errc::kNoBuffers);
}

TEST_F(MbufTest, nobody_may_write_in_front_of_or_behind_a_shared_buffer) {
  Mbuf m = packet(10);
  Mbuf copy = *m.clone(*indirect_);
  EXPECT_FALSE(copy.prepend(1));
  EXPECT_FALSE(copy.append(1));
  EXPECT_FALSE(m.append(1));
  EXPECT_FALSE(is_exclusive(m.get()));
}

TEST_F(MbufTest, a_clone_keeps_the_memory_alive_and_its_own_window) {
  Mbuf m = packet(40);
  Mbuf copy = *m.clone(*indirect_);
  m.trim_front(10);
  EXPECT_EQ(copy.length(), 40u);
  m = {};
  EXPECT_EQ(data_->in_use(), 1u);
  EXPECT_EQ(bytes_of(copy), pattern(40, 1));
  copy = {};
  EXPECT_EQ(data_->in_use(), 0u);
}

TEST_F(MbufTest, a_clone_of_a_clone_looks_into_the_same_memory) {
  Mbuf m = packet(40);
  Mbuf first = *m.clone(*indirect_);
  Mbuf second = *first.clone(*indirect_);
  EXPECT_EQ(reference_count(m.get()), 3u);
  m = {};
  first = {};
  EXPECT_EQ(bytes_of(second), pattern(40, 1));
}

TEST_F(MbufTest, trimming_moves_what_is_known_of_the_packet_to_the_new_head) {
  Mbuf m = packet(150);
  m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
  m->port = 7;
  m.trim_front(70);
  EXPECT_EQ(m->nb_segs, 2u);
  EXPECT_EQ(m->port, 7u);
  EXPECT_NE(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_GOOD, 0u);
  EXPECT_EQ(data_->in_use(), 2u);
  m.trim_front(80);
  EXPECT_EQ(m.length(), 0u);
  EXPECT_EQ(m->nb_segs, 1u);
}

TEST_F(MbufTest, pull_up_refuses_what_does_not_exist_or_fit) {
  Mbuf m = packet(150);
  EXPECT_EQ(m.pull_up(151, *data_).error(), Errc::kInvalid);
  EXPECT_EQ(m.pull_up(100, *data_).error(), Errc::kInvalid);
  EXPECT_EQ(bytes_of(m), pattern(150, 1));
}

TEST_F(MbufTest, pull_up_copies_into_a_fresh_buffer_when_the_first_is_shared) {
  Mbuf m = packet(10);
  m.append_chain(packet(60));
  const test::Bytes before = bytes_of(m);
  Mbuf shared = *m.clone(*indirect_);
  ASSERT_TRUE(m.pull_up(30, *data_));
  EXPECT_GE(m.first().size(), 30u);
  EXPECT_EQ(bytes_of(m), before);
  EXPECT_EQ(bytes_of(shared), before);
}

TEST_F(MbufTest, pull_up_without_buffers_changes_nothing) {
  Mbuf m = packet(10);
  m.append_chain(packet(60));
  Mbuf shared = *m.clone(*indirect_);
  data_->fail_after_for_test(0);
  EXPECT_EQ(m.pull_up(30, *data_).error(), Errc::kNoBuffers);
  EXPECT_EQ(m.length(), 70u);
  EXPECT_EQ(data_->failures(), 1u);
}

struct Freed {
  int times = 0;
  void* memory = nullptr;
};
void note_free(void* memory, void* opaque) {
  auto* const f = static_cast<Freed*>(opaque);
  ++f->times;
  f->memory = memory;
}

TEST_F(MbufTest, external_memory_goes_back_once_after_its_last_reader) {
  test::Bytes memory = pattern(70'000, 5);
  Freed freed;
  Mbuf m = Mbuf::adopt(make_external({data_.get(), indirect_.get()}, memory, note_free, &freed));
  ASSERT_TRUE(m);
  EXPECT_EQ(m->nb_segs, 2u);
  EXPECT_EQ(bytes_of(m), memory);
  EXPECT_FALSE(is_exclusive(m.get()));
  Mbuf slice = Mbuf::adopt(make_indirect(*indirect_, m.get(), 100, 50));
  EXPECT_FALSE(slice.prepend(1));
  m = {};
  EXPECT_EQ(freed.times, 0);
  slice = {};
  EXPECT_EQ(freed.times, 1);
  EXPECT_EQ(freed.memory, memory.data());
  EXPECT_EQ(data_->in_use() + indirect_->in_use(), 0u);
}

TEST_F(MbufTest, refused_external_memory_stays_the_callers) {
  test::Bytes memory = pattern(70'000, 5);
  Freed freed;
  for (const std::uint32_t n : {0u, 1u}) {
    indirect_->fail_after_for_test(n);
    EXPECT_EQ(make_external({data_.get(), indirect_.get()}, memory, note_free, &freed), nullptr);
    EXPECT_EQ(freed.times, 0);
    EXPECT_EQ(data_->in_use() + indirect_->in_use(), 0u);
  }
  data_->fail_after_for_test(0);
  EXPECT_EQ(make_external({data_.get(), indirect_.get()}, memory, note_free, &freed), nullptr);
}

TEST_F(MbufTest, memory_is_registered_by_whole_pages) {
  alignas(4'096) static std::array<std::byte, 8'192> memory;
  EXPECT_TRUE(register_memory(memory));
  EXPECT_TRUE(register_memory(memory));
  EXPECT_EQ(register_memory({}).error(), Errc::kInvalid);
  EXPECT_EQ(register_memory(std::span{memory}.first(4'000)).error(), Errc::kInvalid);
  EXPECT_EQ(register_memory(std::span{memory}.subspan(64, 4'096)).error(), Errc::kInvalid);
}

TEST_F(MbufTest, references_are_refused_before_their_count_wraps) {
  auto many = *Pool::create({.name = "many", .count = 70'000});
  Mbuf m = packet(10);
  std::vector<Mbuf> clones;
  for (int i = 0; i < 70'000; ++i) {
    auto c = m.clone(*many);
    if (!c) break;
    clones.push_back(*std::move(c));
  }
  EXPECT_LT(clones.size(), 65'535u);
  clones.clear();
  EXPECT_TRUE(is_exclusive(m.get()));
}

TEST(Pool, is_bounded_and_counts_refusals) {
  auto pool = *Pool::create({.name = "d", .count = 2, .data_room = 64});
  std::array<rte_mbuf*, 3> out{};
  EXPECT_FALSE(pool->alloc_bulk(out));
  EXPECT_EQ(pool->in_use(), 0u);
  EXPECT_EQ(pool->failures(), 1u);
  EXPECT_TRUE(pool->alloc_bulk(std::span{out}.first(2)));
  EXPECT_EQ(pool->available(), 0u);
  EXPECT_EQ(pool->alloc(), nullptr);
  free_chain(out[0]);
  free_chain(out[1]);
}

TEST(Pool, refuses_impossible_configurations) {
  EXPECT_EQ(Pool::create({.name = "d"}).error(), Errc::kInvalid);
  EXPECT_EQ(Pool::create({.name = "", .count = 1}).error(), Errc::kInvalid);
  EXPECT_EQ(Pool::create({.name = "d", .count = 1, .data_room = 65'500}).error(), Errc::kInvalid);
}

}  // namespace
}  // namespace zs::buf
