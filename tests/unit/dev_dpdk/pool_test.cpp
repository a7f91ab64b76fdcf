#include "buf/pool.hpp"

#include <gtest/gtest.h>
#include <rte_memory.h>

#include "base/random.hpp"
#include "buf/mbuf.hpp"
#include "unit/buf/chain_scenario.hpp"
#include "unit/dev_dpdk/eal.hpp"

namespace zs::buf {
namespace {

using test::pattern;

class DpdkPool : public ::testing::Test {
 protected:
  static void SetUpTestSuite() { zs::test::start_eal(); }
  std::unique_ptr<Pool> data_ = *Pool::create({.name = "data", .count = 63, .data_room = 512});
  std::unique_ptr<Pool> indirect_ = *Pool::create({.name = "indirect", .count = 63});
};

TEST_F(DpdkPool, hands_out_what_it_was_asked_for) {
  rte_mbuf* const m = data_->alloc();
  ASSERT_NE(m, nullptr);
  EXPECT_EQ(m->data_off, kHeadroom);
  EXPECT_EQ(tailroom(m), 512u);
  EXPECT_EQ(data_->in_use(), 1u);
  EXPECT_NE(data_->mempool(), nullptr);
  free_chain(m);
  EXPECT_EQ(data_->in_use(), 0u);
}

TEST_F(DpdkPool, is_bounded) {
  std::array<rte_mbuf*, 64> out{};
  EXPECT_FALSE(data_->alloc_bulk(out));
  EXPECT_EQ(data_->failures(), 1u);
  EXPECT_EQ(data_->in_use(), 0u);
}

TEST_F(DpdkPool, refuses_a_name_twice) {
  EXPECT_EQ(Pool::create({.name = "data", .count = 1, .data_room = 64}).error(), Errc::kInvalid);
}

TEST_F(DpdkPool, refuses_more_than_the_machine_has) {
  const auto pool = Pool::create({.name = "huge", .count = 10'000'000, .data_room = 2048});
  ASSERT_FALSE(pool);
  EXPECT_EQ(pool.error(), Errc::kNoMemory);
}

// The same random walk that the heap backend passes.
TEST_F(DpdkPool, chains_behave_like_a_vector_of_bytes) {
  Random random{7};
  for (int round = 0; round < 200; ++round) {
    test::ChainScenario scenario{{data_.get(), indirect_.get()}};
    for (int i = 0; i < 100; ++i) {
      ASSERT_TRUE(scenario.step(static_cast<std::uint32_t>(random() >> 32))) << round << "/" << i;
    }
    scenario.finish();
    ASSERT_EQ(data_->in_use(), 0u);
    ASSERT_EQ(indirect_->in_use(), 0u);
  }
}

TEST_F(DpdkPool, memory_is_registered_once_and_by_whole_pages) {
  alignas(4'096) static std::array<std::byte, 8'192> memory;
  EXPECT_EQ(register_memory(std::span{memory}.first(4'000)).error(), Errc::kInvalid);
  EXPECT_EQ(register_memory({}).error(), Errc::kInvalid);
  EXPECT_TRUE(register_memory(memory));
  EXPECT_NE(rte_mem_virt2memseg_list(memory.data()), nullptr);
  EXPECT_TRUE(register_memory(memory));  // by another shard
}

TEST_F(DpdkPool, external_memory_goes_back_once_after_its_last_reader) {
  test::Bytes memory = pattern(70'000, 5);
  int freed = 0;
  Mbuf m = Mbuf::adopt(make_external(
      {data_.get(), indirect_.get()}, memory, [](void*, void* n) { ++*static_cast<int*>(n); },
      &freed));
  ASSERT_TRUE(m);
  Mbuf slice = Mbuf::adopt(make_indirect(*indirect_, m.get(), 100, 50));
  m = {};
  EXPECT_EQ(freed, 0);
  EXPECT_EQ(slice.first()[0], memory[100]);
  slice = {};
  EXPECT_EQ(freed, 1);
  EXPECT_EQ(data_->in_use() + indirect_->in_use(), 0u);
}

}  // namespace
}  // namespace zs::buf
