// TCP_INFO in the layout and the units of Linux' struct tcp_info.
#include "api/tcp_info.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <limits>

namespace zs::api {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// Linux' numbers, which no header gives that could be included beside netinet/tcp.h.
constexpr std::uint8_t kListen = 10;
enum CaState : std::uint8_t { kCaOpen = 0, kCaDisorder = 1, kCaRecovery = 3, kCaLoss = 4 };
constexpr std::uint8_t kOptTimestamps = 1, kOptSack = 2, kOptWindowScale = 4, kOptSynData = 32;
constexpr std::uint32_t kInfiniteThreshold = 0x7fff'ffff;
constexpr std::uint32_t kUsualReordering = 3;  // of duplicates; losses are found by time (RFC 8985)

static_assert(offsetof(z_tcp_info, tcpi_rto) == 8);
static_assert(offsetof(z_tcp_info, tcpi_total_retrans) == 100);
static_assert(offsetof(z_tcp_info, tcpi_bytes_acked) == 120);
static_assert(offsetof(z_tcp_info, tcpi_delivery_rate) == 160);
static_assert(offsetof(z_tcp_info, tcpi_rcv_wnd) == 232);

template <typename Unit>
std::uint32_t in(Duration d) {
  const auto n = std::chrono::duration_cast<Unit>(d).count();
  return static_cast<std::uint32_t>(
      std::clamp<std::int64_t>(n, 0, std::numeric_limits<std::uint32_t>::max()));
}

std::uint8_t state_of(tcp::State state) {
  using enum tcp::State;
  switch (state) {
    case kEstablished:
      return 1;
    case kSynSent:
      return 2;
    case kSynReceived:
      return 3;
    case kFinWait1:
      return 4;
    case kFinWait2:
      return 5;
    case kTimeWait:
      return 6;
    case kClosed:
      return 7;
    case kCloseWait:
      return 8;
    case kLastAck:
      return 9;
    case kClosing:
      return 11;
  }
  return 7;
}

std::uint8_t ca_state_of(const tcp::Info& i) {
  using Mode = tcp::recovery::LossRecovery::Mode;
  if (i.recovery == Mode::kLoss) return kCaLoss;
  if (i.recovery == Mode::kRecovery) return kCaRecovery;
  return i.is_disordered ? kCaDisorder : kCaOpen;
}

std::uint8_t options_of(const tcp::Info& i) {
  return static_cast<std::uint8_t>((i.timestamps ? kOptTimestamps : 0) | (i.sack ? kOptSack : 0) |
                                   (i.window_scaling ? kOptWindowScale : 0) |
                                   (i.syn_data ? kOptSynData : 0));
}

void put_times(const tcp::Info& i, z_tcp_info& t) {
  t.tcpi_rto = in<microseconds>(i.rto);
  t.tcpi_ato = in<microseconds>(i.ack_delay);
  t.tcpi_rtt = in<microseconds>(i.srtt);
  t.tcpi_rttvar = in<microseconds>(i.rttvar);
  t.tcpi_min_rtt =
      i.min_rtt ? in<microseconds>(*i.min_rtt) : std::numeric_limits<std::uint32_t>::max();
  t.tcpi_last_data_sent = in<milliseconds>(i.since_sent);
  t.tcpi_last_data_recv = in<milliseconds>(i.since_heard);
  t.tcpi_last_ack_recv = in<milliseconds>(i.since_heard);
}

void put_amounts(const tcp::Info& i, z_tcp_info& t) {
  const std::uint32_t mss = std::max(i.send_mss, 1u);
  const auto segments = [mss](std::uint32_t bytes) { return bytes / mss + (bytes % mss != 0); };
  t.tcpi_unacked = segments(i.in_flight);
  t.tcpi_sacked = segments(i.sacked);
  t.tcpi_lost = segments(i.lost);
  t.tcpi_retrans = segments(i.copies);
  t.tcpi_snd_cwnd = i.congestion_window / mss;
  t.tcpi_snd_ssthresh = i.slow_start_threshold ? *i.slow_start_threshold / mss : kInfiniteThreshold;
  t.tcpi_total_retrans = i.retransmitted_segments;
  t.tcpi_notsent_bytes = i.unsent;
  t.tcpi_bytes_acked = i.bytes_acknowledged;
  t.tcpi_bytes_received = i.bytes_received;
  t.tcpi_snd_wnd = i.send_window;
  t.tcpi_rcv_wnd = i.receive_window;
}

}  // namespace

z_tcp_info to_tcp_info(const sock::StreamInfo& info) noexcept {
  const tcp::Info& i = info.connection;
  z_tcp_info t{};
  t.tcpi_reordering = kUsualReordering;
  t.tcpi_pacing_rate = i.pacing_rate.value_or(std::numeric_limits<std::uint64_t>::max());
  t.tcpi_max_pacing_rate = i.max_pacing_rate;
  if (info.is_listening) {
    t.tcpi_state = kListen;
    t.tcpi_unacked = info.waiting;
    t.tcpi_sacked = info.backlog;
    return t;
  }
  t.tcpi_state = state_of(i.state);
  t.tcpi_ca_state = ca_state_of(i);
  t.tcpi_retransmits = i.timeouts;
  t.tcpi_probes = i.probes;
  t.tcpi_backoff = i.backoffs;
  t.tcpi_options = options_of(i);
  t.tcpi_snd_wscale = i.send_scale & 15;
  t.tcpi_rcv_wscale = i.receive_scale & 15;
  t.tcpi_pmtu = i.path_mtu;
  t.tcpi_snd_mss = i.send_mss;
  t.tcpi_rcv_mss = i.receive_mss;
  t.tcpi_advmss = i.advertised_mss;
  t.tcpi_rcv_ssthresh = i.most_receive_window;
  t.tcpi_rcv_space = i.taken_per_round_trip;
  put_times(i, t);
  put_amounts(i, t);
  return t;
}

}  // namespace zs::api
