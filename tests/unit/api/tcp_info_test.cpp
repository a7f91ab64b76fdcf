#include "api/tcp_info.hpp"

#include <gtest/gtest.h>

#include "unit/api/shards.hpp"

namespace zs::api {
namespace {

using namespace test;
using std::chrono::microseconds;
using std::chrono::milliseconds;

TEST(TcpInfo, SpeaksInLinuxUnits) {
  sock::StreamInfo info;
  tcp::Info& i = info.connection;
  i.state = tcp::State::kEstablished;
  i.recovery = tcp::recovery::LossRecovery::Mode::kRecovery;
  i.timestamps = i.window_scaling = true;
  i.send_scale = 7;
  i.receive_scale = 5;
  i.rto = milliseconds{204};
  i.srtt = microseconds{4'500};
  i.rttvar = microseconds{250};
  i.since_sent = milliseconds{33};
  i.send_mss = 1'000;
  i.congestion_window = 10'000;
  i.in_flight = 4'001;
  i.sacked = 2'000;
  i.lost = 1'000;
  i.copies = 1'000;
  i.unsent = 17;
  i.bytes_acknowledged = 1'234'567'890'123;
  const z_tcp_info t = to_tcp_info(info);
  EXPECT_EQ(t.tcpi_state, 1);
  EXPECT_EQ(t.tcpi_ca_state, 3);
  EXPECT_EQ(t.tcpi_options, 5);
  EXPECT_EQ(t.tcpi_snd_wscale, 7);
  EXPECT_EQ(t.tcpi_rcv_wscale, 5);
  EXPECT_EQ(t.tcpi_rto, 204'000u);
  EXPECT_EQ(t.tcpi_rtt, 4'500u);
  EXPECT_EQ(t.tcpi_rttvar, 250u);
  EXPECT_EQ(t.tcpi_min_rtt, UINT32_MAX);
  EXPECT_EQ(t.tcpi_last_data_sent, 33u);
  EXPECT_EQ(t.tcpi_snd_cwnd, 10u);
  EXPECT_EQ(t.tcpi_snd_ssthresh, 0x7fff'ffffu);
  EXPECT_EQ(t.tcpi_unacked, 5u);
  EXPECT_EQ(t.tcpi_sacked, 2u);
  EXPECT_EQ(t.tcpi_lost, 1u);
  EXPECT_EQ(t.tcpi_retrans, 1u);
  EXPECT_EQ(t.tcpi_notsent_bytes, 17u);
  EXPECT_EQ(t.tcpi_bytes_acked, 1'234'567'890'123u);
}

class TcpInfoTest : public ApiTest {};

TEST_F(TcpInfoTest, IsCutToTheRoomThereIs) {
  const int fd = z_socket(AF_INET, SOCK_STREAM, 0);
  z_tcp_info t{};
  t.tcpi_retransmits = 77;
  socklen_t length = 2;
  ASSERT_EQ(z_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &t, &length), 0);
  EXPECT_EQ(length, 2u);
  EXPECT_EQ(t.tcpi_state, 7);
  EXPECT_EQ(t.tcpi_retransmits, 77);
  length = sizeof(t) + 100;
  ASSERT_EQ(z_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &t, &length), 0);
  EXPECT_EQ(length, sizeof(t));
  EXPECT_EQ(t.tcpi_rto, 1'000'000u);
  EXPECT_EQ(t.tcpi_snd_cwnd, 10u);
  ASSERT_EQ(z_listen(fd, 3), 0);
  ASSERT_EQ(z_getsockopt(fd, IPPROTO_TCP, TCP_INFO, &t, &length), 0);
  EXPECT_EQ(t.tcpi_state, 10);
  EXPECT_EQ(t.tcpi_sacked, 3u);
}

}  // namespace
}  // namespace zs::api
