#include "udp/datagram_queue.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "buf/pool.hpp"

namespace zs::udp {
namespace {

class DatagramQueueTest : public testing::Test {
 protected:
  Datagram make(std::size_t bytes, std::uint16_t from = 1) {
    Datagram d;
    d.remote.port = from;
    d.payload = *buf::Chain::copy_of(std::vector<std::byte>(bytes), *pool_);
    return d;
  }
  bool push(DatagramQueue& q, std::size_t bytes, std::uint16_t from = 1) {
    Datagram d = make(bytes, from);
    const bool taken = q.push(d, store_);
    if (!taken) {  // a refused datagram stays as it was
      EXPECT_EQ(d.payload.size(), bytes);
    }
    return taken;
  }
  std::unique_ptr<buf::Pool> pool_ =
      *buf::Pool::create({.name = "queue", .count = 64, .data_room = 2'048});
  DatagramStore store_{8};
};

TEST_F(DatagramQueueTest, FirstInFirstOut) {
  DatagramQueue q;
  q.set_bounds({.bytes = 1'000, .datagrams = 8});
  for (int round = 0; round < 3; ++round) {
    for (std::uint16_t i = 0; i < 5; ++i) EXPECT_TRUE(push(q, i, i));
    for (std::uint16_t i = 0; i < 5; ++i) {
      const Datagram d = q.pop(store_);
      EXPECT_EQ(d.remote.port, i);
      EXPECT_EQ(d.payload.size(), i);
    }
    EXPECT_TRUE(q.empty());
  }
  EXPECT_EQ(store_.free_count(), 8u);
}

TEST_F(DatagramQueueTest, BoundsBytesAndNumber) {
  DatagramQueue q;
  q.set_bounds({.bytes = 100, .datagrams = 3});
  EXPECT_TRUE(push(q, 60));
  EXPECT_FALSE(push(q, 41));
  EXPECT_FALSE(push(q, 101));
  EXPECT_TRUE(push(q, 40));
  EXPECT_TRUE(push(q, 0));
  EXPECT_FALSE(push(q, 0));
  (void)q.pop(store_);
  EXPECT_TRUE(push(q, 60));
  q.clear(store_);
}

TEST_F(DatagramQueueTest, OneLargerThanTheBoundFitsAnEmptyQueue) {
  DatagramQueue q;
  q.set_bounds({.bytes = 10, .datagrams = 4});
  EXPECT_TRUE(push(q, 500));
  EXPECT_FALSE(push(q, 1));
  EXPECT_EQ(q.pop(store_).payload.size(), 500u);
  EXPECT_TRUE(push(q, 10));
  q.clear(store_);
}

TEST_F(DatagramQueueTest, NarrowerBoundsKeepWhatIsThere) {
  DatagramQueue q;
  q.set_bounds({.bytes = 100, .datagrams = 4});
  EXPECT_TRUE(push(q, 50));
  EXPECT_TRUE(push(q, 50));
  q.set_bounds({.bytes = 60, .datagrams = 4});
  EXPECT_FALSE(push(q, 1));
  EXPECT_EQ(q.pop(store_).payload.size(), 50u);
  EXPECT_TRUE(push(q, 10));
  q.clear(store_);
}

TEST_F(DatagramQueueTest, QueuesShareTheStore) {
  DatagramQueue a;
  DatagramQueue b;
  for (DatagramQueue* q : {&a, &b}) q->set_bounds({.bytes = 1'000, .datagrams = 100});
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(push(i % 2 == 0 ? a : b, 1));
  EXPECT_FALSE(push(a, 1));
  EXPECT_EQ(store_.free_count(), 0u);
  a.clear(store_);
  EXPECT_TRUE(a.empty());
  EXPECT_EQ(store_.free_count(), 4u);
  EXPECT_TRUE(push(b, 1));
  b.clear(store_);
  EXPECT_EQ(store_.free_count(), 8u);
  EXPECT_EQ(pool_->in_use(), 0u);
}

}  // namespace
}  // namespace zs::udp
