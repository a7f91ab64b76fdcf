#include "dev/vlan_queue.hpp"

#include <gtest/gtest.h>

#include "dev/checksum_offload.hpp"
#include "dev/offload_queue.hpp"
#include "unit/dev/frames.hpp"
#include "wire/vlan.hpp"

namespace zs::dev {
namespace {

using namespace test;

constexpr std::uint16_t kOurs = 42;

class VlanQueueTest : public ::testing::Test {
 protected:
  /// A frame with a tag in it, as a device without kVlan delivers it.
  buf::Mbuf tagged(std::uint16_t id, std::uint8_t priority = 0) {
    const Bytes plain = bytes_of(make_tcp_frame({.payload = 200}, *data_).get());
    Bytes frame(plain.begin(), plain.begin() + 12);
    frame.resize(18);
    store_be(&frame[12], wire::ether_type::kVlan);
    wire::VlanSpec{.id = id, .priority = priority, .ether_type = wire::ether_type::kIpv4}.write(
        std::span{frame}.subspan(14, 4));
    frame.insert(frame.end(), plain.begin() + 14, plain.end());
    return *buf::Mbuf::copy_of(frame, *data_);
  }
  buf::Mbuf stripped(std::uint16_t tci) {
    buf::Mbuf m = make_tcp_frame({.payload = 200}, *data_);
    buf::clear_metadata(m.get());
    m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
    m->vlan_tci = tci;
    return m;
  }
  Bytes plain() { return bytes_of(make_tcp_frame({.payload = 200}, *data_).get()); }

  std::unique_ptr<buf::Pool> data_ =
      *buf::Pool::create({.name = "d", .count = 256, .data_room = 2048});
  std::unique_ptr<buf::Pool> indirect_ = *buf::Pool::create({.name = "i", .count = 256});
  buf::Pools pools_{data_.get(), indirect_.get()};
};

TEST_F(VlanQueueTest, hears_its_own_vlan_without_the_tag) {
  FakeQueue bare{Offload::kMultiSegment, 8};
  VlanQueue queue{bare, kOurs, pools_};
  bare.to_receive.push_back(tagged(kOurs));
  bare.to_receive.push_back(tagged(kOurs, 5));  // a priority is no other VLAN
  bare.to_receive.push_back(stripped(kOurs | 0x6000));
  const auto heard = receive_all(queue);
  ASSERT_EQ(heard.size(), 3u);
  for (const auto& frame : heard) {
    EXPECT_EQ(bytes_of(frame.get()), plain());
    EXPECT_EQ(frame->ol_flags & (RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED), 0u);
  }
  EXPECT_EQ(queue.foreign_frames(), 0u);
}

TEST_F(VlanQueueTest, drops_and_counts_all_others) {
  FakeQueue bare{Offload::kMultiSegment, 8};
  VlanQueue queue{bare, kOurs, pools_};
  bare.to_receive.push_back(tagged(kOurs + 1));
  bare.to_receive.push_back(tagged(0));
  bare.to_receive.push_back(stripped(kOurs + 1));
  bare.to_receive.push_back(make_tcp_frame({.payload = 200}, *data_));
  bare.to_receive.push_back(*buf::Mbuf::copy_of(Bytes(13), *data_));
  bare.to_receive.push_back(tagged(kOurs));
  EXPECT_EQ(receive_all(queue).size(), 1u);
  EXPECT_EQ(queue.foreign_frames(), 5u);
  EXPECT_EQ(queue.stats().rx_errors, 5u);
  EXPECT_EQ(data_->in_use(), 0u);
}

TEST_F(VlanQueueTest, takes_the_tag_out_of_no_buffer_that_others_see) {
  FakeQueue bare{Offload::kMultiSegment, 8};
  VlanQueue queue{bare, kOurs, pools_};
  const buf::Mbuf original = tagged(kOurs);
  const Bytes before = bytes_of(original.get());
  bare.to_receive.push_back(*original.clone(*indirect_));
  {
    const auto heard = receive_all(queue);
    ASSERT_EQ(heard.size(), 1u);
    EXPECT_EQ(bytes_of(heard[0].get()), plain());
  }
  EXPECT_EQ(bytes_of(original.get()), before);
  bare.to_receive.push_back(*original.clone(*indirect_));
  data_->fail_after_for_test(0);
  EXPECT_TRUE(receive_all(queue).empty());
  EXPECT_EQ(queue.foreign_frames(), 0u);
  EXPECT_EQ(queue.stats().rx_no_buffers, 1u);
}

TEST_F(VlanQueueTest, tags_what_it_sends_and_offloads_still_find_their_headers) {
  for (const std::uint16_t segment_bytes : {std::uint16_t{0}, std::uint16_t{500}}) {
    FakeQueue bare{Offload::kMultiSegment, 8};
    OffloadQueue offload{bare, pools_};
    VlanQueue queue{offload, kOurs, pools_};
    ASSERT_TRUE(
        send(queue, make_tcp_frame({.payload = 1200, .segment_bytes = segment_bytes}, *data_)));
    ASSERT_EQ(bare.sent.size(), segment_bytes == 0 ? 1u : 3u);
    for (auto& frame : bare.sent) {
      const Bytes bytes = bytes_of(frame.get());
      EXPECT_EQ(load_be<std::uint16_t>(&bytes[12]), wire::ether_type::kVlan);
      EXPECT_EQ(load_be<std::uint16_t>(&bytes[14]), kOurs);
      bare.to_receive.push_back(std::move(frame));
    }
    VlanQueue peer{bare, kOurs, pools_};
    EXPECT_EQ(joined(receive_all(peer), 1000), pattern(1200)) << segment_bytes;
  }
}

TEST_F(VlanQueueTest, lets_the_device_insert_where_it_can) {
  FakeQueue able{Offload::kMultiSegment | Offload::kVlan, 8};
  VlanQueue queue{able, kOurs, pools_};
  ASSERT_TRUE(send(queue, make_tcp_frame({.payload = 200}, *data_)));
  ASSERT_EQ(able.sent.size(), 1u);
  EXPECT_EQ(bytes_of(able.sent[0].get()), plain());
  EXPECT_NE(able.sent[0]->ol_flags & RTE_MBUF_F_TX_VLAN, 0u);
  EXPECT_EQ(able.sent[0]->vlan_tci, kOurs);
}

TEST_F(VlanQueueTest, a_packet_that_the_device_refuses_is_the_callers_as_it_was) {
  for (const Offload offloads : {Offload::kMultiSegment, Offload::kMultiSegment | Offload::kVlan}) {
    FakeQueue full{offloads, 8};
    VlanQueue queue{full, kOurs, pools_};
    full.room = 1;
    std::array<rte_mbuf*, 3> packets{};
    for (rte_mbuf*& m : packets) m = make_tcp_frame({.payload = 200}, *data_).release();
    const std::uint64_t flags = packets[1]->ol_flags;
    ASSERT_EQ(queue.tx_burst(packets), 1u);
    for (rte_mbuf* const m : std::span{packets}.subspan(1)) {
      EXPECT_EQ(bytes_of(m), plain());
      EXPECT_EQ(m->ol_flags, flags);
      EXPECT_EQ(m->l2_len, 14);
      buf::free_chain(m);
    }
  }
}

}  // namespace
}  // namespace zs::dev
