// What TCP_INFO tells of a connection.

#include "tcp/info.hpp"

#include <algorithm>

#include "tcp/connection.hpp"
#include "tcp/window_scale.hpp"

namespace zs::tcp {

Info Connection::info(Instant now) const {
  Info i;
  i.state = state_;
  describe_loss(i);
  i.timestamps = negotiated_.timestamps;
  i.sack = negotiated_.sack;
  i.window_scaling = negotiated_.window_scaling;
  i.syn_data = negotiated_.syn_data;
  i.send_scale = negotiated_.send_scale;
  i.receive_scale = negotiated_.window_scaling ? negotiated_.receive_scale : std::uint8_t{0};
  i.rto = rtt_.rto();
  i.ack_delay = shared_->config.delayed_ack;
  i.srtt = rtt_.srtt();
  i.rttvar = rtt_.rttvar();
  if (rtt_.has_sample()) i.min_rtt = rtt_.min_rtt();
  i.since_sent = now - last_sent_;
  i.since_heard = now - keepalive_.heard();
  i.path_mtu = mtu_;
  i.send_mss = mss_;
  i.receive_mss = ack_.full_size();
  i.advertised_mss = std::min(mss_for_mtu(mtu_, flow_), options_.segment_bound());
  i.congestion_window = congestion_->window_bytes();
  if (congestion_->ssthresh() != UINT32_MAX) i.slow_start_threshold = congestion_->ssthresh();
  if (pacing_) i.pacing_rate = pacing_rate();
  i.max_pacing_rate = options_.max_pacing_rate;
  i.send_window = snd_.wnd;
  i.receive_window = receive_window();
  i.most_receive_window = window_state().capacity;
  i.taken_per_round_trip = tuning_.taken_per_round_trip();
  i.unsent = unsent_bytes();
  i.bytes_acknowledged = bytes_out_;
  i.bytes_received = bytes_in_;
  return i;
}

void Connection::describe_loss(Info& i) const {
  const bool asks = timers_.is_armed(TimerId::kPersist);
  i.recovery = recovery_.mode();
  i.is_disordered = !recovery_.is_quiet();
  i.timeouts = asks ? std::uint8_t{0} : retries_;
  i.probes = asks ? retries_ : keepalive_.probes();
  i.backoffs = rtt_.backoffs();
  i.in_flight = snd_.max.raw() - snd_.una.raw();
  i.sacked = recovery_.sacked_bytes();
  const auto [lost, copies] = recovery_.losses();
  i.lost = lost;
  i.copies = copies;
  i.retransmitted_segments = retransmits_total_;
}

}  // namespace zs::tcp
