#include "tcp/dormitory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <map>

#include "base/random.hpp"

namespace zs::tcp {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t kWords = 40;
constexpr std::size_t kFlowAt = 5;
using Sleeping = std::array<std::uint32_t, kWords>;

FlowKey dormitory_flow(std::uint16_t port) {
  return {{IpAddress::v4(10, 0, 0, 1), 80}, {IpAddress::v4(10, 0, 0, 2), port}};
}
Sleeping sleeping(const FlowKey& flow, std::uint32_t salt) {
  Sleeping words{};
  for (std::size_t i = 20; i < kWords; i += 3) words[i] = salt;
  std::memcpy(&words[kFlowAt], static_cast<const void*>(&flow), sizeof flow);
  return words;
}

class DormitoryTest : public ::testing::Test {
 protected:
  Dormant& add(std::uint16_t port, std::uint32_t salt, Instant deadline = Instant::never()) {
    const Sleeping words = stored_[port] = sleeping(dormitory_flow(port), salt);
    // Few hashes, so that they meet in buckets.
    return dormitory_.add({.hash = port % 7u,
                           .words = words,
                           .flow_at = kFlowAt,
                           .seat = &seats_[port],
                           .deadline = deadline});
  }
  Dormant* find(std::uint16_t port) { return dormitory_.find(port % 7u, dormitory_flow(port)); }
  void take_all() {
    Sleeping words;
    while (Dormant* dormant = dormitory_.any()) dormitory_.take(*dormant, words);
  }

  std::map<std::uint16_t, Seat> seats_;
  std::map<std::uint16_t, Sleeping> stored_;  ///< a FlowKey's padding is anything
  Dormitory dormitory_{kWords};
};

TEST_F(DormitoryTest, gives_back_what_was_put_in) {
  EXPECT_EQ(dormitory_.any(), nullptr);
  for (std::uint16_t port = 1; port <= 500; ++port) add(port, port);
  EXPECT_EQ(dormitory_.size(), 500u);
  EXPECT_EQ(find(501), nullptr);
  const std::size_t full = dormitory_.bytes();
  for (std::uint16_t port = 1; port <= 500; port += 2) {
    Dormant* const dormant = find(port);
    ASSERT_NE(dormant, nullptr);
    Sleeping words;
    EXPECT_EQ(dormitory_.take(*dormant, words), &seats_[port]);
    EXPECT_EQ(words, stored_[port]);
    EXPECT_EQ(find(port), nullptr);
    ASSERT_NE(find(static_cast<std::uint16_t>(port + 1)), nullptr);
  }
  EXPECT_LT(dormitory_.bytes(), full);
  take_all();
  EXPECT_EQ(dormitory_.size(), 0u);
}

TEST_F(DormitoryTest, wakes_by_time) {
  const Instant begin = Instant::from_ns(1'000'000'000);
  EXPECT_TRUE(dormitory_.next_deadline().is_never());
  add(1, 1, begin + 2s);
  add(2, 2);
  Dormant& early = add(3, 3, begin + 1s);
  EXPECT_LE(dormitory_.next_deadline(), begin + 1s);
  EXPECT_EQ(dormitory_.pop_due(begin + 500ms), nullptr);
  EXPECT_EQ(dormitory_.pop_due(begin + 1s + 1ms), &early);
  EXPECT_EQ(dormitory_.pop_due(begin + 1s + 1ms), nullptr);
  take_all();
  EXPECT_TRUE(dormitory_.next_deadline().is_never());
}

}  // namespace
}  // namespace zs::tcp
