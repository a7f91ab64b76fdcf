// What the packet scripts (tests/packet) cannot say: sending when buffers run out.

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "buf/pool.hpp"
#include "tcp/connection.hpp"
#include "tcp/listener.hpp"

namespace zs::tcp {
namespace {

class Starved : public testing::Test {
 protected:
  Starved() {
    shared_.drops = &drops_;
    shared_.pools = {data_.get(), indirect_.get()};
  }
  void append(std::string_view text) {
    chain_.append(*buf::Chain::copy_of(std::as_bytes(std::span{text}), *data_));
  }
  static std::string payload(const OutPacket& out) {
    std::string text(out.packet.length() - out.header_bytes, ' ');
    out.packet.copy_out(out.header_bytes, std::as_writable_bytes(std::span{text}));
    return text;
  }

  std::unique_ptr<buf::Pool> data_ = *buf::Pool::create({"data", 64, 2048});
  std::unique_ptr<buf::Pool> indirect_ = *buf::Pool::create({"indirect", 64, 0});
  DropCounters drops_;
  Shared shared_;
  PassiveOpen open_{.flow = {{IpAddress::v4(10, 0, 0, 1), 80}, {IpAddress::v4(10, 0, 0, 2), 1024}},
                    .iss = SeqNum{100},
                    .irs = SeqNum{200},
                    .negotiated = {.peer_mss = 1460},
                    .options = ConnectionOptions::from(Config{}),
                    .receive_window = 65'535,
                    .handshake_rtt = std::chrono::milliseconds{1}};
  buf::Chain chain_;
};

// All descriptors may be in send buffers that wait for one more to be sent: found with thousands of
// one-byte writes, after which no connection of the shard sent anything.
TEST_F(Starved, WithoutDescriptorsDataGoesAsACopy) {
  Connection connection(shared_, open_, Instant{});
  Segment ack;
  ack.flow = open_.flow;
  ack.seq = SeqNum{201};
  ack.ack = SeqNum{101};
  ack.flags = wire::tcp_flag::kAck;
  ack.window = 65'535;
  connection.on_segment(std::move(ack), Instant{});
  append("one ");
  append("two ");
  append("three");
  ASSERT_TRUE(connection.write(chain_));
  indirect_->fail_after_for_test(0);

  OutPacket out;
  ASSERT_TRUE(connection.poll_transmit(out, Instant{}));
  EXPECT_EQ(payload(out), "one two three");
  EXPECT_EQ(shared_.counters.copied_bytes_out, 13u);
}

TEST_F(Starved, WithoutAnyBufferItComesBackSoon) {
  Connection connection(shared_, open_, Instant{});
  append("data");
  append("more");
  Segment ack;
  ack.flow = open_.flow;
  ack.seq = SeqNum{201};
  ack.ack = SeqNum{101};
  ack.flags = wire::tcp_flag::kAck;
  ack.window = 65'535;
  connection.on_segment(std::move(ack), Instant{});
  ASSERT_TRUE(connection.write(chain_));
  data_->fail_after_for_test(0);

  OutPacket out;
  EXPECT_FALSE(connection.poll_transmit(out, Instant{}));
  EXPECT_GT(drops_[Drop::kNoBuffers], 0u);
  EXPECT_LE(connection.next_deadline(), Instant{} + std::chrono::milliseconds{10});

  data_->fail_after_for_test(UINT32_MAX);
  ASSERT_TRUE(connection.poll_transmit(out, connection.next_deadline()));
  EXPECT_EQ(payload(out), "datamore");
}

}  // namespace
}  // namespace zs::tcp
