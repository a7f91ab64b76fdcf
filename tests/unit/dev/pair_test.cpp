#include "dev/pair.hpp"

#include <gtest/gtest.h>

#include "unit/dev/frames.hpp"

namespace zs::dev {
namespace {

using namespace test;

class PairTest : public ::testing::Test {
 protected:
  std::unique_ptr<buf::Pool> data_ =
      *buf::Pool::create({.name = "d", .count = 1024, .data_room = 2048});
  std::unique_ptr<buf::Pool> indirect_ = *buf::Pool::create({.name = "i", .count = 1024});

  std::unique_ptr<Pair> make(Offload a, Offload b, std::uint32_t ring = 64) {
    const buf::Pools pools{data_.get(), indirect_.get()};
    return *Pair::create({.a = {.name = "a", .mac = {}, .pools = pools, .offloads = a},
                          .b = {.name = "b", .mac = {}, .pools = pools, .offloads = b},
                          .ring_frames = ring});
  }
  static std::uint64_t l4_verdict(const buf::Mbuf& m) {
    return m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
  }
};

TEST_F(PairTest, moves_a_buffer_that_nobody_else_holds) {
  const auto pair = make(kAllPairOffloads, kAllPairOffloads);
  buf::Mbuf m = make_tcp_frame({}, *data_);
  const rte_mbuf* const raw = m.get();
  ASSERT_TRUE(send(pair->a(), std::move(m)));
  const auto got = receive_all(pair->b());
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(got[0].get(), raw);
  EXPECT_EQ(l4_verdict(got[0]), RTE_MBUF_F_RX_L4_CKSUM_NONE);
  EXPECT_EQ(pair->b().stats().rx_packets, 1u);
}

TEST_F(PairTest, clones_a_buffer_that_its_sender_keeps) {
  const auto pair = make(kAllPairOffloads, kAllPairOffloads);
  buf::Mbuf m = make_tcp_frame({}, *data_);
  buf::add_reference(m.get());
  const buf::Mbuf kept = buf::Mbuf::adopt(m.get());
  const Bytes before = bytes_of(kept.get());
  ASSERT_TRUE(send(pair->a(), std::move(m)));
  auto got = receive_all(pair->b());
  ASSERT_EQ(got.size(), 1u);
  EXPECT_NE(got[0].get(), kept.get());
  got[0].trim_front(54);
  EXPECT_EQ(bytes_of(kept.get()), before);
  got.clear();
  EXPECT_TRUE(buf::is_exclusive(kept.get()));
}

TEST_F(PairTest, delivers_copies_as_a_nic_does) {
  const auto indirect = *buf::Pool::create({.name = "far-i", .count = 16});
  const auto far = *buf::Pool::create({.name = "far", .count = 16, .data_room = 2048});
  const auto pair =
      *Pair::create({.a = {.name = "a", .mac = {}, .pools = {data_.get(), indirect_.get()}},
                     .b = {.name = "b", .mac = {}, .pools = {far.get(), indirect.get()}},
                     .delivery = Delivery::kCopies});
  buf::Mbuf m = make_tcp_frame({.payload = 300}, *data_);
  m.append_chain(*buf::Mbuf::copy_of(pattern(100), *data_));
  for (rte_mbuf* s = m.get(); s != nullptr; s = s->next) buf::add_reference(s);
  const buf::Mbuf kept = buf::Mbuf::adopt(m.get());
  const Bytes before = bytes_of(kept.get());
  ASSERT_TRUE(send(pair->a(), std::move(m)));
  EXPECT_FALSE(buf::is_exclusive(kept.get()));  // on the wire
  auto got = receive_all(pair->b());
  ASSERT_EQ(got.size(), 1u);
  EXPECT_EQ(bytes_of(got[0].get()), before);
  EXPECT_TRUE(buf::is_exclusive(got[0].get()));
  EXPECT_EQ(got[0]->nb_segs, 1u);
  EXPECT_EQ(far->in_use(), 1u);
  EXPECT_EQ(buf::reference_count(kept.get()), 1u);
}

TEST_F(PairTest, a_copy_without_a_buffer_is_lost_and_counted) {
  const auto far = *buf::Pool::create({.name = "far", .count = 1, .data_room = 2048});
  const auto pair =
      *Pair::create({.a = {.name = "a", .mac = {}, .pools = {data_.get(), indirect_.get()}},
                     .b = {.name = "b", .mac = {}, .pools = {far.get(), indirect_.get()}},
                     .delivery = Delivery::kCopies});
  ASSERT_TRUE(send(pair->a(), make_tcp_frame({}, *data_)));
  ASSERT_TRUE(send(pair->a(), make_tcp_frame({}, *data_)));
  EXPECT_EQ(receive_all(pair->b()).size(), 1u);
  EXPECT_EQ(pair->b().stats().rx_no_buffers, 1u);
  EXPECT_EQ(data_->in_use(), 0u);
}

TEST_F(PairTest, a_super_frame_passes_whole_to_an_end_with_lro) {
  const auto pair = make(kAllPairOffloads, kAllPairOffloads);
  ASSERT_TRUE(send(pair->a(), make_tcp_frame({.payload = 9000, .segment_bytes = 1400}, *data_)));
  const auto got = receive_all(pair->b());
  ASSERT_EQ(got.size(), 1u);
  EXPECT_NE(got[0]->ol_flags & RTE_MBUF_F_RX_LRO, 0u);
  EXPECT_EQ(got[0]->tso_segsz, 1400u);
  EXPECT_EQ(decode(got[0].get())->payload, pattern(9000));
}

TEST_F(PairTest, a_super_frame_is_cut_for_an_end_without_lro) {
  for (const auto offloads : {kAllPairOffloads & ~Offload::kLro, Offload::kMultiSegment}) {
    const auto pair = make(kAllPairOffloads, offloads);
    ASSERT_TRUE(send(pair->a(), make_tcp_frame({.payload = 9000, .segment_bytes = 1400}, *data_)));
    const auto got = receive_all(pair->b());
    ASSERT_EQ(got.size(), 7u);
    Bytes all;
    for (const auto& m : got) {
      const auto d = decode(m.get());
      all.insert(all.end(), d->payload.begin(), d->payload.end());
      const bool vouched = has(offloads, Offload::kRxL4Checksum);
      EXPECT_EQ(l4_verdict(m), vouched ? RTE_MBUF_F_RX_L4_CKSUM_NONE : std::uint64_t{0});
      EXPECT_TRUE(vouched || d->l4_checksum_ok);
    }
    EXPECT_EQ(all, pattern(9000));
  }
}

TEST_F(PairTest, completes_checksums_for_an_end_that_verifies_itself) {
  const auto pair = make(kAllPairOffloads, Offload::kNone);
  ASSERT_TRUE(send(pair->a(), make_tcp_frame({.payload = 700}, *data_)));
  const auto got = receive_all(pair->b());
  EXPECT_EQ(joined(got, 1000), pattern(700));
}

TEST_F(PairTest, loses_what_is_too_long_for_the_cable) {
  const auto pair = make(Offload::kMultiSegment, kAllPairOffloads);
  EXPECT_EQ(pair->a().capabilities().max_tso_bytes, 0u);
  ASSERT_TRUE(send(pair->a(), make_tcp_frame({.payload = 1600}, *data_)));
  ASSERT_TRUE(send(pair->a(), make_tcp_frame({.payload = 9000, .segment_bytes = 1400}, *data_)));
  EXPECT_TRUE(receive_all(pair->b()).empty());
  EXPECT_EQ(pair->a().stats().tx_errors, 2u);
  EXPECT_EQ(data_->in_use(), 0u);
}

TEST_F(PairTest, an_unplugged_cable_loses_everything_and_says_so) {
  const auto pair = make(kAllPairOffloads, kAllPairOffloads);
  pair->set_link(Link::kDown);
  EXPECT_FALSE(pair->a().link_up());
  ASSERT_TRUE(send(pair->a(), make_tcp_frame({}, *data_)));
  pair->set_link(Link::kUp);
  EXPECT_TRUE(pair->b().link_up());
  EXPECT_TRUE(receive_all(pair->b()).empty());
}

TEST_F(PairTest, a_full_ring_or_an_empty_pool_leaves_packets_with_the_caller) {
  {
    const auto pair = make(kAllPairOffloads, kAllPairOffloads, 2);
    EXPECT_TRUE(send(pair->a(), make_tcp_frame({}, *data_)));
    EXPECT_TRUE(send(pair->a(), make_tcp_frame({}, *data_)));
    EXPECT_FALSE(send(pair->a(), make_tcp_frame({}, *data_)));
    EXPECT_EQ(receive_all(pair->b()).size(), 2u);
    buf::Mbuf m = make_tcp_frame({}, *data_);
    const buf::Mbuf clone = *m.clone(*indirect_);
    indirect_->fail_after_for_test(0);
    EXPECT_FALSE(send(pair->a(), std::move(m)));
    EXPECT_TRUE(send(pair->a(), make_tcp_frame({}, *data_)));
  }
  EXPECT_EQ(data_->in_use(), 0u);  // what lay on the cable is freed with it
}

TEST_F(PairTest, refuses_impossible_cables) {
  const buf::Pools pools{data_.get(), indirect_.get()};
  EXPECT_FALSE(Pair::create({}));
  EXPECT_FALSE(Pair::create({.a = {.name = "a", .mac = {}, .pools = pools},
                             .b = {.name = "b", .mac = {}, .pools = pools},
                             .ring_frames = 0}));
}

}  // namespace
}  // namespace zs::dev
