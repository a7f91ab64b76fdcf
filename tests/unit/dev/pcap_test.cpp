#include "dev/pcap.hpp"

#include <gtest/gtest.h>

#include <cstring>

#include "unit/dev/frames.hpp"

namespace zs::dev {
namespace {

using namespace test;

class MemorySink final : public ByteSink {
 public:
  Result<void> write(std::span<const std::byte> b) noexcept override {
    if (broken) return Errc::kIo;
    bytes.insert(bytes.end(), b.begin(), b.end());
    return {};
  }
  std::uint32_t word(std::size_t at) const {
    std::uint32_t w = 0;
    std::memcpy(&w, bytes.data() + at, sizeof w);
    return w;
  }
  /// Where each block begins; fails the test if lengths do not chain up to the end.
  std::vector<std::size_t> blocks() const {
    std::vector<std::size_t> starts;
    for (std::size_t at = 0; at < bytes.size(); at += word(at + 4)) {
      starts.push_back(at);
      EXPECT_EQ(word(at + 4) % 4, 0u);
      EXPECT_EQ(word(at + word(at + 4) - 4), word(at + 4));
    }
    return starts;
  }
  Bytes bytes;
  bool broken = false;
};

class PcapTest : public ::testing::Test {
 protected:
  std::unique_ptr<buf::Pool> data_ =
      *buf::Pool::create({.name = "d", .count = 64, .data_room = 2048});
  MemorySink sink_;
};

TEST_F(PcapTest, writes_blocks_that_a_reader_can_follow) {
  PcapWriter writer{sink_, {.interface_name = "zs0", .epoch = std::chrono::seconds{10}}};
  ASSERT_TRUE(writer.begin());
  const buf::Mbuf m = make_tcp_frame({.payload = 3}, *data_);
  ASSERT_TRUE(writer.write(Instant::from_ns(5), CaptureDirection::kOutbound, *m.get()));
  const auto blocks = sink_.blocks();
  ASSERT_EQ(blocks.size(), 3u);
  EXPECT_EQ(sink_.word(blocks[0]), 0x0a0d0d0au);
  EXPECT_EQ(sink_.word(blocks[1]), 1u);
  EXPECT_EQ(sink_.word(blocks[2]), 6u);
  const std::uint64_t time =
      std::uint64_t{sink_.word(blocks[2] + 12)} << 32 | sink_.word(blocks[2] + 16);
  EXPECT_EQ(time, 10'000'000'005u);
  EXPECT_EQ(sink_.word(blocks[2] + 24), m.length());
  const Bytes frame = bytes_of(m.get());
  EXPECT_EQ(std::memcmp(&sink_.bytes[blocks[2] + 28], frame.data(), frame.size()), 0);
}

TEST_F(PcapTest, keeps_the_front_of_a_long_frame) {
  PcapWriter writer{sink_, {.interface_name = "zs0", .snap_bytes = 60, .epoch = {}}};
  ASSERT_TRUE(writer.begin());
  const buf::Mbuf m = make_tcp_frame({.payload = 3000}, *data_);
  ASSERT_TRUE(writer.write({}, CaptureDirection::kInbound, *m.get()));
  const auto at = sink_.blocks().at(2);
  EXPECT_EQ(sink_.word(at + 20), 60u);
  EXPECT_EQ(sink_.word(at + 24), m.length());
}

TEST_F(PcapTest, a_queue_records_both_ways_and_each_frame_once) {
  FakeQueue inner{Offload::kNone};
  PcapWriter writer{sink_, {.interface_name = "zs0", .epoch = {}}};
  ASSERT_TRUE(writer.begin());
  CaptureQueue queue{inner, writer};
  inner.to_receive.push_back(make_tcp_frame({}, *data_));
  EXPECT_EQ(receive_all(queue).size(), 1u);
  inner.room = 0;
  rte_mbuf* const raw = make_tcp_frame({}, *data_).release();
  EXPECT_EQ(queue.tx_burst({&raw, 1}), 0u);
  inner.room = SIZE_MAX;
  EXPECT_EQ(queue.tx_burst({&raw, 1}), 1u);
  EXPECT_EQ(writer.frames(), 2u);
}

TEST_F(PcapTest, traffic_goes_on_when_the_sink_is_full) {
  FakeQueue inner{Offload::kNone};
  PcapWriter writer{sink_, CaptureConfig{}};
  CaptureQueue queue{inner, writer};
  sink_.broken = true;
  EXPECT_EQ(writer.begin().error(), Errc::kIo);
  EXPECT_TRUE(send(queue, make_tcp_frame({}, *data_)));
  EXPECT_FALSE(queue.healthy());
  EXPECT_EQ(inner.sent.size(), 1u);
}

}  // namespace
}  // namespace zs::dev
