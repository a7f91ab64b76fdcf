#include "dev/rx_slot.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "buf/mbuf.hpp"

namespace zs::dev {
namespace {

class RxSlots : public testing::Test {
 protected:
  /// What the kernel does: fills the vectors in order.
  static void write(RxSlot& slot, std::span<const std::byte> frame, VirtioNetHeader header = {}) {
    const auto vectors = slot.vectors();
    std::memcpy(vectors[0].iov_base, &header, sizeof header);
    for (const auto& v : vectors.subspan(1)) {
      const auto n = std::min(v.iov_len, frame.size());
      std::memcpy(v.iov_base, frame.data(), n);
      frame = frame.subspan(n);
    }
    ASSERT_TRUE(frame.empty());
  }
  static std::vector<std::byte> pattern(std::size_t n) {
    std::vector<std::byte> bytes(n);
    for (std::size_t i = 0; i < n; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 251);
    return bytes;
  }
  static std::vector<std::byte> content(const buf::Mbuf& m) {
    std::vector<std::byte> bytes(m.length());
    m.copy_out(0, bytes);
    return bytes;
  }
  std::unique_ptr<buf::Pool> pool_ =
      std::move(*buf::Pool::create({.name = "slots", .count = 256, .data_room = 2048}));
  std::vector<std::byte> overflow_ = std::vector<std::byte>(RxSlot::kOverflowBytes);
};

TEST_F(RxSlots, SmallFrameCostsThreeVectors) {
  RxSlot slot{overflow_};
  slot.arm(*pool_, 1'518);
  EXPECT_EQ(slot.vectors().size(), 3u);
  write(slot, pattern(60));
  const auto m = buf::Mbuf::adopt(*slot.take(60, *pool_));
  EXPECT_EQ(content(m), pattern(60));
  EXPECT_EQ(m->nb_segs, 1);
}

TEST_F(RxSlots, UnexpectedlyLargeFrameIsWhole) {
  for (const std::uint32_t expected : {1'518u, 20'000u, kMaxFrameBytes}) {
    RxSlot slot{overflow_};
    slot.arm(*pool_, expected);
    write(slot, pattern(kMaxFrameBytes));
    const auto m = buf::Mbuf::adopt(*slot.take(kMaxFrameBytes, *pool_));
    EXPECT_EQ(content(m), pattern(kMaxFrameBytes));
  }
  EXPECT_EQ(pool_->in_use(), 0u);
}

TEST_F(RxSlots, UnusedBuffersStayPostedInOrder) {
  RxSlot slot{overflow_};
  slot.arm(*pool_, 10'000);
  const auto posted = pool_->in_use();
  write(slot, pattern(3'000));
  const auto first = buf::Mbuf::adopt(*slot.take(3'000, *pool_));
  EXPECT_EQ(pool_->in_use(), posted);
  write(slot, pattern(4'000));
  const auto second = buf::Mbuf::adopt(*slot.take(4'000, *pool_));
  EXPECT_EQ(content(first), pattern(3'000));
  EXPECT_EQ(content(second), pattern(4'000));
}

TEST_F(RxSlots, ShrinkingGivesBuffersBack) {
  RxSlot slot{overflow_};
  slot.arm(*pool_, kMaxFrameBytes);
  EXPECT_GT(pool_->in_use(), 30u);
  slot.arm(*pool_, 1'518);
  EXPECT_EQ(pool_->in_use(), 1u);
}

TEST_F(RxSlots, ExhaustedPoolDropsTheFrameAndRecovers) {
  RxSlot slot{overflow_};
  pool_->fail_after_for_test(1);
  slot.arm(*pool_, kMaxFrameBytes);
  write(slot, pattern(9'000));
  EXPECT_EQ(slot.take(9'000, *pool_).error(), Errc::kNoBuffers);
  EXPECT_EQ(pool_->in_use(), 0u);
  pool_->fail_after_for_test(UINT32_MAX);
  slot.arm(*pool_, 1'518);
  write(slot, pattern(9'000));
  EXPECT_EQ(content(buf::Mbuf::adopt(*slot.take(9'000, *pool_))), pattern(9'000));
}

TEST_F(RxSlots, MalformedFramesLeakNothing) {
  RxSlot slot{overflow_};
  slot.arm(*pool_, 1'518);
  write(slot, pattern(100), {.gso_type = 77, .gso_size = 1});
  EXPECT_EQ(slot.take(100, *pool_).error(), Errc::kInvalid);
  EXPECT_EQ(slot.take(0, *pool_).error(), Errc::kInvalid);
  EXPECT_EQ(slot.take(RxSlot::kOverflowBytes, *pool_).error(), Errc::kInvalid);
  EXPECT_EQ(pool_->in_use(), 0u);
}

TEST(RxSizer, GrowsAtOnceAndShrinksAfterAQuietWindow) {
  RxSizer sizer{1'518};
  sizer.on_frame(60);
  EXPECT_EQ(sizer.expected_bytes(), 1'518u);
  sizer.on_frame(1'519);
  EXPECT_EQ(sizer.expected_bytes(), kMaxFrameBytes);
  for (int i = 0; i < 1'024; ++i) sizer.on_frame(9'000);
  EXPECT_EQ(sizer.expected_bytes(), 9'000u);
  for (int i = 0; i < 1'024; ++i) sizer.on_frame(60);
  EXPECT_EQ(sizer.expected_bytes(), 1'518u);
}

}  // namespace
}  // namespace zs::dev
