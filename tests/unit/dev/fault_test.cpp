#include "dev/fault.hpp"

#include <gtest/gtest.h>

#include "dev/checksum_offload.hpp"
#include "dev/pair.hpp"
#include "unit/dev/frames.hpp"

namespace zs::dev {
namespace {

using namespace test;
using std::chrono::milliseconds;

class FaultTest : public ::testing::Test {
 protected:
  static Instant at(std::int64_t ms) { return Instant::from_ns(ms * 1'000'000); }

  std::unique_ptr<buf::Pool> data_ =
      *buf::Pool::create({.name = "d", .count = 9000, .data_room = 2048});
  std::unique_ptr<buf::Pool> indirect_ = *buf::Pool::create({.name = "i", .count = 9000});
  buf::Pools pools_{data_.get(), indirect_.get()};
  FakeQueue inner_{kAllPairOffloads, 64};

  buf::Mbuf frame(std::uint32_t seq = 1000) {
    return make_tcp_frame({.seq = seq, .payload = 500}, *data_);
  }
  static FaultConfig with(void (*change)(FaultConfig&)) {
    FaultConfig c;
    change(c);
    return c;
  }
};

TEST_F(FaultTest, a_good_cable_passes_frames_at_once_and_in_order) {
  FaultQueue queue{inner_, {}, {}, pools_, 1};
  for (std::uint32_t i = 0; i < 10; ++i) EXPECT_TRUE(send(queue, frame(i)));
  ASSERT_EQ(inner_.sent.size(), 10u);
  for (std::uint32_t i = 0; i < 10; ++i) EXPECT_EQ(decode(inner_.sent[i].get())->seq, i);
  EXPECT_TRUE(queue.next_deadline().is_never());
}

TEST_F(FaultTest, delay_holds_a_frame_until_its_time) {
  FaultQueue queue{inner_, with([](FaultConfig& c) { c.delay = milliseconds{5}; }), {}, pools_, 1};
  queue.advance(at(1));
  EXPECT_TRUE(send(queue, frame()));
  EXPECT_TRUE(inner_.sent.empty());
  EXPECT_EQ(queue.next_deadline(), at(6));
  queue.advance(at(6));
  EXPECT_EQ(inner_.sent.size(), 1u);
}

TEST_F(FaultTest, loses_the_share_it_was_told_and_replays_from_its_seed) {
  std::vector<std::uint64_t> lost;
  for (int run = 0; run < 2; ++run) {
    FaultQueue queue{inner_, with([](FaultConfig& c) { c.loss = 0.1; }), {}, pools_, 42};
    for (std::uint32_t i = 0; i < 2000; ++i) EXPECT_TRUE(send(queue, frame(i)));
    lost.push_back(queue.tx_faults().lost);
    inner_.sent.clear();
  }
  EXPECT_EQ(lost[0], lost[1]);
  EXPECT_GT(lost[0], 140u);
  EXPECT_LT(lost[0], 260u);
  EXPECT_EQ(data_->in_use(), 0u);
}

TEST_F(FaultTest, loss_counts_wire_packets_of_a_super_frame) {
  FaultQueue queue{inner_, with([](FaultConfig& c) { c.loss = 0.5; }), {}, pools_, 3};
  EXPECT_TRUE(send(queue, make_tcp_frame({.payload = 40'000, .segment_bytes = 1000}, *data_)));
  EXPECT_EQ(queue.tx_faults().lost + inner_.sent.size(), 40u);
  EXPECT_GT(inner_.sent.size(), 5u);
  EXPECT_LT(inner_.sent.size(), 35u);
}

TEST_F(FaultTest, a_super_frame_may_pass_whole) {
  FaultQueue queue{
      inner_, with([](FaultConfig& c) { c.super_frames = SuperFrames::kPass; }), {}, pools_, 3};
  EXPECT_TRUE(send(queue, make_tcp_frame({.payload = 9000, .segment_bytes = 1000}, *data_)));
  EXPECT_EQ(inner_.sent.size(), 1u);
}

TEST_F(FaultTest, reordered_frames_are_overtaken) {
  FaultQueue queue{inner_, with([](FaultConfig& c) { c.reorder = 0.3; }), {}, pools_, 5};
  for (std::uint32_t i = 0; i < 50; ++i) EXPECT_TRUE(send(queue, frame(i)));
  queue.advance(at(10));
  ASSERT_EQ(inner_.sent.size(), 50u);
  bool in_order = true;
  for (std::size_t i = 1; i < 50; ++i) {
    in_order =
        in_order && decode(inner_.sent[i].get())->seq > decode(inner_.sent[i - 1].get())->seq;
  }
  EXPECT_FALSE(in_order);
}

TEST_F(FaultTest, duplicates_do_not_share_bytes) {
  FaultQueue queue{inner_, with([](FaultConfig& c) { c.duplicate = 1; }), {}, pools_, 5};
  EXPECT_TRUE(send(queue, frame()));
  ASSERT_EQ(inner_.sent.size(), 2u);
  EXPECT_EQ(bytes_of(inner_.sent[0].get()), bytes_of(inner_.sent[1].get()));
  EXPECT_TRUE(buf::is_exclusive(inner_.sent[0].get()));
  EXPECT_TRUE(buf::is_exclusive(inner_.sent[1].get()));
}

TEST_F(FaultTest, every_corruption_of_a_sent_frame_can_be_seen_and_hurts_nobody_else) {
  FaultQueue queue{inner_, with([](FaultConfig& c) { c.corrupt = 1; }), {}, pools_, 5};
  for (const auto family : {IpFamily::kV4, IpFamily::kV6}) {
    for (int i = 0; i < 300; ++i) {
      buf::Mbuf m = make_tcp_frame({.family = family, .payload = 20}, *data_);
      const buf::Mbuf kept = *m.clone(*indirect_);
      const Bytes before = bytes_of(kept.get());
      EXPECT_TRUE(send(queue, std::move(m)));
      EXPECT_EQ(bytes_of(kept.get()), before);
    }
  }
  EXPECT_EQ(inner_.sent.size(), 600u);
  for (const auto& m : inner_.sent) {
    EXPECT_EQ(m->ol_flags & RTE_MBUF_F_TX_L4_MASK, 0u);
    const auto d = decode(m.get());
    EXPECT_FALSE(d && d->ip_checksum_ok && d->l4_checksum_ok);
  }
}

TEST_F(FaultTest, corruption_of_a_received_frame_takes_its_verdict_away) {
  auto pair = *Pair::create({.a = {.name = "a", .mac = {}, .pools = pools_},
                             .b = {.name = "b", .mac = {}, .pools = pools_}});
  FaultQueue queue{pair->b(), {}, with([](FaultConfig& c) { c.corrupt = 1; }), pools_, 5};
  EXPECT_TRUE(send(pair->a(), make_tcp_frame({.payload = 9000, .segment_bytes = 1000}, *data_)));
  const auto got = receive_all(queue);
  ASSERT_EQ(got.size(), 9u);
  for (const auto& m : got) {
    EXPECT_EQ(m->ol_flags & (RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_IP_CKSUM_MASK), 0u);
    const auto d = decode(m.get());
    EXPECT_FALSE(d && d->ip_checksum_ok && d->l4_checksum_ok);
  }
}

TEST_F(FaultTest, a_received_super_frame_that_is_cut_keeps_its_verdict) {
  auto pair = *Pair::create({.a = {.name = "a", .mac = {}, .pools = pools_},
                             .b = {.name = "b", .mac = {}, .pools = pools_}});
  FaultQueue queue{pair->b(), {}, {}, pools_, 5};
  EXPECT_TRUE(send(pair->a(), make_tcp_frame({.payload = 9000, .segment_bytes = 1000}, *data_)));
  const auto got = receive_all(queue);
  ASSERT_EQ(got.size(), 9u);
  Bytes all;
  for (const auto& m : got) {
    EXPECT_EQ(m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK, RTE_MBUF_F_RX_L4_CKSUM_NONE);
    const auto d = decode(m.get());
    all.insert(all.end(), d->payload.begin(), d->payload.end());
  }
  EXPECT_EQ(all, pattern(9000));
}

TEST_F(FaultTest, a_rate_limit_spaces_frames_and_drops_the_tail_of_its_queue) {
  FaultQueue queue{inner_,
                   with([](FaultConfig& c) {
                     c.bits_per_second = 8'000'000;  // a byte a microsecond
                     c.queue_bytes = 2500;
                   }),
                   {},
                   pools_,
                   5};
  for (std::uint32_t i = 0; i < 10; ++i) EXPECT_TRUE(send(queue, frame(i)));
  EXPECT_EQ(queue.tx_faults().passed, 4u);
  EXPECT_EQ(queue.tx_faults().overflow, 6u);
  queue.advance(queue.next_deadline());
  EXPECT_EQ(inner_.sent.size(), 1u);
  queue.advance(at(10));
  EXPECT_EQ(inner_.sent.size(), 4u);
}

TEST_F(FaultTest, what_the_device_refuses_is_sent_later_and_in_order) {
  FaultQueue queue{inner_, {}, {}, pools_, 5};
  inner_.room = 1;
  for (std::uint32_t i = 0; i < 4; ++i) EXPECT_TRUE(send(queue, frame(i)));
  EXPECT_EQ(inner_.sent.size(), 1u);
  inner_.room = SIZE_MAX;
  queue.advance(at(1));
  ASSERT_EQ(inner_.sent.size(), 4u);
  for (std::uint32_t i = 0; i < 4; ++i) EXPECT_EQ(decode(inner_.sent[i].get())->seq, i);
}

TEST_F(FaultTest, marks_what_may_be_marked_in_a_header_of_its_own) {
  FaultQueue queue{inner_, with([](FaultConfig& c) { c.mark = 1; }), {}, pools_, 5};
  for (const auto family : {IpFamily::kV4, IpFamily::kV6}) {
    const bool v4 = family == IpFamily::kV4;
    for (const unsigned ecn : {0u, 1u, 2u, 3u}) {
      buf::Mbuf m = make_tcp_frame({.family = family, .payload = 20}, *data_);
      buf::data(m.get())[15] |= std::byte(v4 ? ecn : ecn << 4);
      const buf::Mbuf kept = *m.clone(*indirect_);
      const Bytes before = bytes_of(kept.get());
      EXPECT_TRUE(send(queue, std::move(m)));
      EXPECT_EQ(bytes_of(kept.get()), before);
      const auto service = std::to_integer<unsigned>(buf::data(inner_.sent.back().get())[15]);
      EXPECT_EQ((v4 ? service : service >> 4) & 3, ecn == 0 ? 0 : 3) << ecn;
    }
  }
  EXPECT_EQ(queue.tx_faults().marked, 4u);
}

TEST_F(FaultTest, a_mark_keeps_the_checksum_of_the_header_true) {
  FaultQueue queue{inner_, {}, with([](FaultConfig& c) { c.mark = 1; }), pools_, 5};
  buf::Mbuf m = make_tcp_frame({.payload = 20}, *data_);
  buf::data(m.get())[15] |= std::byte{2};
  ASSERT_TRUE(complete_tx_checksums(m, Offload::kNone, pools_));
  buf::clear_metadata(m.get());
  inner_.to_receive.push_back(std::move(m));
  std::array<rte_mbuf*, 1> out{};
  ASSERT_EQ(queue.rx_burst(out), 1u);
  const buf::Mbuf got = buf::Mbuf::adopt(out[0]);
  EXPECT_EQ(buf::data(got.get())[15], std::byte{3});
  const auto d = decode(got.get());
  ASSERT_TRUE(d);
  EXPECT_TRUE(d->ip_checksum_ok);
  EXPECT_TRUE(d->l4_checksum_ok);
}

TEST_F(FaultTest, a_full_queue_marks) {
  FaultQueue queue{inner_,
                   with([](FaultConfig& c) {
                     c.bits_per_second = 8'000'000;
                     c.mark_queue_bytes = 1'500;
                   }),
                   {},
                   pools_,
                   5};
  for (int i = 0; i < 5; ++i) {
    buf::Mbuf m = frame();
    buf::data(m.get())[15] |= std::byte{2};
    EXPECT_TRUE(send(queue, std::move(m)));
  }
  EXPECT_EQ(queue.tx_faults().marked, 2u);  // three of 554 bytes are more than 1,500
}

}  // namespace
}  // namespace zs::dev
