#include "tcp/audit.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tcp/connection.hpp"
#include "tcp/listener.hpp"
#include "unit/tcp/buffers.hpp"

namespace zs::tcp {
namespace {

using testing::IsNull;
using testing::StrEq;

struct AuditTest : testing::Test {
  AuditTest() {
    shared_.drops = &drops_;
    shared_.pools = pools_;
    hear(201, 101, 0);
  }
  ~AuditTest() override {
    while (!shared_.changed.empty()) shared_.changed.pop_front();
    while (!shared_.transmit.empty()) shared_.transmit.pop_front();
  }
  void hear(std::uint32_t seq, std::uint32_t ack, std::uint32_t bytes) {
    Segment segment;
    segment.flow = open_.flow;
    segment.seq = SeqNum{seq};
    segment.ack = SeqNum{ack};
    segment.flags = wire::tcp_flag::kAck;
    segment.window = 10'000;
    segment.payload_bytes = bytes;
    segment.segment_size = static_cast<std::uint16_t>(bytes);
    if (bytes > 0) segment.payload = *buf::Mbuf::copy_of(test::stream(0, bytes), *pools_.data);
    connection_.on_segment(std::move(segment), Instant{});
  }
  void send_all() {
    OutPacket out;
    while (connection_.poll_transmit(out, Instant{})) out.packet = {};
    while (!shared_.transmit.empty()) shared_.transmit.pop_front();
  }

  test::TestPools pools_;
  DropCounters drops_;
  Shared shared_;
  PassiveOpen open_{.flow = {{IpAddress::v4(10, 0, 0, 1), 80}, {IpAddress::v4(10, 0, 0, 2), 1024}},
                    .iss = SeqNum{100},
                    .irs = SeqNum{200},
                    .negotiated = {.peer_mss = 1460},
                    .options = ConnectionOptions::from(Config{}),
                    .receive_window = 65'535,
                    .handshake_rtt = std::chrono::milliseconds{1}};
  Connection connection_{shared_, open_, Instant{}};
  Audit last_;
};

TEST_F(AuditTest, a_life_without_complaints) {
  EXPECT_THAT(connection_.audit(last_), IsNull());
  auto chain = pools_.chain(test::stream(0, 3'000));
  ASSERT_TRUE(connection_.write(chain));
  EXPECT_THAT(connection_.audit(last_), IsNull());
  send_all();
  EXPECT_THAT(connection_.audit(last_), IsNull());
  hear(301, 101, 100);  // out of order
  hear(201, 1'561, 50);
  send_all();
  EXPECT_THAT(connection_.audit(last_), IsNull());
  hear(251, 3'101, 50);
  connection_.shutdown_write();
  send_all();
  EXPECT_THAT(connection_.audit(last_), IsNull());
}

TEST_F(AuditTest, a_window_that_shrinks) {
  ASSERT_THAT(connection_.audit(last_), IsNull());
  last_.advertised += 1;
  EXPECT_THAT(connection_.audit(last_), StrEq("the window shrank"));
}

TEST_F(AuditTest, numbers_that_go_back) {
  ASSERT_THAT(connection_.audit(last_), IsNull());
  last_.una += 1;
  EXPECT_THAT(connection_.audit(last_), StrEq("SND.UNA went back"));
  last_.rcv_nxt += 1;
  EXPECT_THAT(connection_.audit(last_), StrEq("RCV.NXT went back"));
  last_.max += 1;
  EXPECT_THAT(connection_.audit(last_), StrEq("what was sent is forgotten"));
}

TEST_F(AuditTest, another_connection_in_its_place_begins_anew) {
  ASSERT_THAT(connection_.audit(last_), IsNull());
  last_.iss += 1;
  last_.advertised += 1;
  EXPECT_THAT(connection_.audit(last_), IsNull());
}

}  // namespace
}  // namespace zs::tcp
