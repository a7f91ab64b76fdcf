#include "dev/offload_queue.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "unit/dev/frames.hpp"

namespace zs::dev {
namespace {

using namespace test;
namespace tcp_flag = wire::tcp_flag;

class OffloadQueueTest : public ::testing::Test {
 protected:
  std::unique_ptr<buf::Pool> data_ =
      *buf::Pool::create({.name = "d", .count = 4096, .data_room = 2048});
  std::unique_ptr<buf::Pool> indirect_ = *buf::Pool::create({.name = "i", .count = 4096});
  buf::Pools pools_{data_.get(), indirect_.get()};
};

TEST_F(OffloadQueueTest, shows_the_stack_a_full_device) {
  FakeQueue bare{Offload::kNone};
  const OffloadQueue queue{bare, pools_};
  const auto& c = queue.capabilities();
  EXPECT_TRUE(has(c.offloads, Offload::kTso | Offload::kTxL4Checksum | Offload::kTxIpChecksum |
                                  Offload::kMultiSegment));
  EXPECT_FALSE(has(c.offloads, Offload::kRxL4Checksum));
  EXPECT_EQ(c.max_tso_bytes, OffloadQueue::kMaxTsoBytes);
}

TEST_F(OffloadQueueTest, passes_through_what_the_device_does_itself) {
  FakeQueue able{
      Offload::kTso | Offload::kTxL4Checksum | Offload::kTxIpChecksum | Offload::kMultiSegment, 64};
  OffloadQueue queue{able, pools_};
  buf::Mbuf m = make_tcp_frame({.payload = 9000, .segment_bytes = 1000}, *data_);
  const rte_mbuf* const raw = m.get();
  ASSERT_TRUE(send(queue, std::move(m)));
  ASSERT_EQ(able.sent.size(), 1u);
  EXPECT_EQ(able.sent[0].get(), raw);
}

TEST_F(OffloadQueueTest, completes_checksums_in_place_when_nobody_else_looks) {
  FakeQueue bare{Offload::kNone};
  OffloadQueue queue{bare, pools_};
  for (const auto family : {IpFamily::kV4, IpFamily::kV6}) {
    buf::Mbuf m = make_tcp_frame({.family = family, .payload = 333}, *data_);
    const rte_mbuf* const raw = m.get();
    ASSERT_TRUE(send(queue, std::move(m)));
    EXPECT_EQ(bare.sent.back().get(), raw);
    EXPECT_EQ(joined({&bare.sent.back(), 1}, 1000), pattern(333));
    EXPECT_EQ(raw->ol_flags & (RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK), 0u);
  }
}

TEST_F(OffloadQueueTest, leaves_a_header_alone_that_others_may_see) {
  FakeQueue scattered{Offload::kMultiSegment, 8};
  OffloadQueue queue{scattered, pools_};
  buf::Mbuf m = make_tcp_frame({.payload = 333}, *data_);
  const Bytes before = bytes_of(m.get());
  buf::add_reference(m.get());
  const buf::Mbuf kept = buf::Mbuf::adopt(m.get());
  ASSERT_TRUE(send(queue, std::move(m)));
  EXPECT_EQ(bytes_of(kept.get()), before);
  EXPECT_EQ(joined(scattered.sent, 1000), pattern(333));
  EXPECT_EQ(queue.copied_bytes(), 0u);
  scattered.sent.clear();
  EXPECT_TRUE(buf::is_exclusive(kept.get()));
}

TEST_F(OffloadQueueTest, copies_chains_for_devices_that_take_none) {
  FakeQueue bare{Offload::kNone};
  OffloadQueue queue{bare, pools_};
  buf::Mbuf m = make_tcp_frame({.payload = 50}, *data_);
  buf::Mbuf rest = *buf::Mbuf::copy_of({}, *data_);
  m.append_chain(std::move(rest));
  ASSERT_TRUE(send(queue, std::move(m)));
  EXPECT_EQ(bare.sent[0]->nb_segs, 1u);
  EXPECT_EQ(joined(bare.sent, 1000), pattern(50));
  EXPECT_GT(queue.copied_bytes(), 0u);
}

TEST_F(OffloadQueueTest, flags_of_a_cut_stand_where_they_belong) {
  FakeQueue bare{Offload::kMultiSegment, 8};
  OffloadQueue queue{bare, pools_};
  const auto all = static_cast<std::uint8_t>(tcp_flag::kAck | tcp_flag::kFin | tcp_flag::kPsh |
                                             tcp_flag::kCwr | tcp_flag::kEce);
  ASSERT_TRUE(
      send(queue, make_tcp_frame({.flags = all, .payload = 2500, .segment_bytes = 1000}, *data_)));
  ASSERT_EQ(bare.sent.size(), 3u);
  const auto first = *decode(bare.sent[0].get());
  const auto middle = *decode(bare.sent[1].get());
  const auto last = *decode(bare.sent[2].get());
  EXPECT_EQ(first.flags, tcp_flag::kAck | tcp_flag::kCwr | tcp_flag::kEce);
  EXPECT_EQ(middle.flags, tcp_flag::kAck | tcp_flag::kEce);
  EXPECT_EQ(last.flags, tcp_flag::kAck | tcp_flag::kEce | tcp_flag::kFin | tcp_flag::kPsh);
  EXPECT_EQ(middle.identification, 8u);
  EXPECT_EQ(middle.timestamps, (wire::TcpTimestamps{11, 22}));
}

TEST_F(OffloadQueueTest, a_device_that_takes_a_part_gets_the_rest_first_next_time) {
  FakeQueue bare{Offload::kMultiSegment, 8};
  OffloadQueue queue{bare, pools_};
  bare.room = 3;
  ASSERT_TRUE(send(queue, make_tcp_frame({.payload = 10'000, .segment_bytes = 1000}, *data_)));
  EXPECT_TRUE(queue.tx_pending());
  EXPECT_EQ(bare.sent.size(), 3u);
  EXPECT_FALSE(send(queue, make_tcp_frame({.seq = 11'000, .payload = 10}, *data_)));
  bare.room = SIZE_MAX;
  ASSERT_TRUE(send(queue, make_tcp_frame({.seq = 11'000, .payload = 10}, *data_)));
  EXPECT_FALSE(queue.tx_pending());
  EXPECT_EQ(bare.sent.size(), 11u);
  Bytes expected = pattern(10'000);
  const Bytes tail = pattern(10);
  expected.insert(expected.end(), tail.begin(), tail.end());
  EXPECT_EQ(joined(bare.sent, 1000), expected);
}

TEST_F(OffloadQueueTest, receiving_moves_pending_frames_on) {
  FakeQueue bare{Offload::kMultiSegment, 8};
  OffloadQueue queue{bare, pools_};
  bare.room = 3;
  ASSERT_TRUE(send(queue, make_tcp_frame({.payload = 10'000, .segment_bytes = 1000}, *data_)));
  bare.room = SIZE_MAX;
  EXPECT_TRUE(receive_all(queue).empty());
  EXPECT_FALSE(queue.tx_pending());
  EXPECT_EQ(joined(bare.sent, 1000), pattern(10'000));
}

TEST_F(OffloadQueueTest, refuses_metadata_that_contradict_the_frame) {
  FakeQueue bare{Offload::kNone};
  OffloadQueue queue{bare, pools_};
  buf::Mbuf no_headers = make_tcp_frame({.payload = 10}, *data_);
  no_headers->l3_len = 300;
  buf::Mbuf no_size = make_tcp_frame({.payload = 3000, .segment_bytes = 1000}, *data_);
  no_size->tso_segsz = 0;
  buf::Mbuf sctp = make_tcp_frame({.payload = 10}, *data_);
  sctp->ol_flags = RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_SCTP_CKSUM;
  EXPECT_TRUE(send(queue, std::move(no_headers)));
  EXPECT_TRUE(send(queue, std::move(no_size)));
  EXPECT_TRUE(send(queue, std::move(sctp)));
  EXPECT_TRUE(bare.sent.empty());
  EXPECT_EQ(queue.stats().tx_errors, 3u);
  EXPECT_EQ(data_->in_use(), 0u);
}

struct Shape {
  Offload offloads;
  std::uint16_t segments;
};

// Whatever the device can do, accepts, and whenever buffers run out: the bytes arrive once and in
// order, or the frame stays with the caller; and no buffer is lost.
RC_GTEST_FIXTURE_PROP(OffloadQueueTest, delivers_every_byte_in_order, ()) {
  const auto shape = *rc::gen::element(Shape{Offload::kNone, 1}, Shape{Offload::kMultiSegment, 2},
                                       Shape{Offload::kMultiSegment, 40},
                                       Shape{Offload::kMultiSegment | Offload::kTxIpChecksum, 3});
  const auto family = *rc::gen::element(IpFamily::kV4, IpFamily::kV6);
  FakeQueue device{shape.offloads, shape.segments};
  {
    OffloadQueue queue{device, pools_};
    std::uint32_t seq = 1000;
    Bytes expected;
    const auto frames = *rc::gen::inRange(1, 12);
    for (int i = 0; i < frames; ++i) {
      const auto payload = *rc::gen::inRange<std::size_t>(1, 12'000);
      const bool is_large = payload > 1400 || *rc::gen::arbitrary<bool>();
      buf::Mbuf m =
          make_tcp_frame({.family = family,
                          .seq = seq,
                          .payload = payload,
                          .segment_bytes = is_large ? *rc::gen::inRange<std::uint16_t>(200, 1449)
                                                    : std::uint16_t{0}},
                         *data_);
      buf::Mbuf kept;
      if (*rc::gen::arbitrary<bool>()) kept = *m.clone(*indirect_);
      const Bytes before = kept ? bytes_of(kept.get()) : Bytes{};
      device.room = *rc::gen::inRange<std::size_t>(0, 20);
      data_->fail_after_for_test(*rc::gen::inRange<std::uint32_t>(0, 20));
      indirect_->fail_after_for_test(*rc::gen::inRange<std::uint32_t>(0, 30));
      rte_mbuf* const raw = std::move(m).release();
      if (queue.tx_burst({&raw, 1}) == 0) {
        device.room = SIZE_MAX;
        data_->fail_after_for_test(UINT32_MAX);
        indirect_->fail_after_for_test(UINT32_MAX);
        RC_ASSERT(queue.tx_burst({&raw, 1}) == 1u);
      }
      data_->fail_after_for_test(UINT32_MAX);
      indirect_->fail_after_for_test(UINT32_MAX);
      if (kept) RC_ASSERT(bytes_of(kept.get()) == before);
      seq += static_cast<std::uint32_t>(payload);
      const Bytes sent = pattern(payload);
      expected.insert(expected.end(), sent.begin(), sent.end());
    }
    device.room = SIZE_MAX;
    queue.tx_burst({});
    RC_ASSERT(!queue.tx_pending());
    if (queue.stats().tx_errors == 0) {
      Bytes got;
      std::uint32_t next = 1000;
      for (const auto& frame : device.sent) {
        const auto d = decode(frame.get());
        RC_ASSERT(d.has_value());
        RC_ASSERT(frame->nb_segs <= shape.segments);
        RC_ASSERT(d->ip_checksum_ok || has(shape.offloads, Offload::kTxIpChecksum));
        RC_ASSERT(d->l4_checksum_ok);
        RC_ASSERT(d->seq == next);
        next += static_cast<std::uint32_t>(d->payload.size());
        got.insert(got.end(), d->payload.begin(), d->payload.end());
      }
      RC_ASSERT(got == expected);
    }
  }
  device.sent.clear();
  RC_ASSERT(data_->in_use() == 0u);
  RC_ASSERT(indirect_->in_use() == 0u);
}

}  // namespace
}  // namespace zs::dev
