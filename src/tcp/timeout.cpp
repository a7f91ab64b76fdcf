// What the passage of time does to a connection: retransmission (RFC 6298), zero-window probes
// (RFC 9293 §3.8.6.1), keepalive (§3.8.4), user timeout (RFC 5482), TIME-WAIT and its like.

#include <algorithm>

#include "tcp/connection.hpp"

namespace zs::tcp {

using namespace std::chrono_literals;

namespace {
/// Of a closed window, answered or not: Linux' tcp_orphan_retries, and what they take there at
/// least, where timeouts are shorter.
constexpr std::uint8_t kOrphanProbes = 8;
constexpr Duration kOrphanPatience = 100s;
constexpr Duration kLeastProbeDelay = 2ms;  ///< Linux' TCP_TIMEOUT_MIN: what clocks are good for
}  // namespace

void Connection::on_deadline(Instant now) {
  if (timers_.consume_if_due(TimerId::kTimeWait, now)) on_lifetime_timeout(now);
  if (timers_.consume_if_due(TimerId::kLossDetection, now)) on_loss_detection_timeout(now);
  if (timers_.consume_if_due(TimerId::kRetransmit, now)) on_retransmit_timeout(now);
  if (timers_.consume_if_due(TimerId::kPersist, now)) on_persist_timeout(now);
  if (timers_.consume_if_due(TimerId::kKeepAlive, now)) on_keepalive_timeout(now);
  timers_.consume_if_due(TimerId::kDelayedAck, now);  // poll_transmit() asks the policy itself
  schedule();
}

bool Connection::has_outlived_user_timeout(Instant now) const {
  return options_.user_timeout > Duration::zero() && now - oldest_unacked_ >= options_.user_timeout;
}

void Connection::on_retransmit_timeout(Instant now) {
  if (state_ == State::kSynSent || state_ == State::kSynReceived) {
    const bool serves = fast_open_ && fast_open_->is_server();
    const std::uint8_t usual =
        serves ? shared_->config.syn_ack_retries : shared_->config.syn_retries;
    const bool spent = retries_ >= (options_.syn_retries != 0 ? options_.syn_retries : usual);
    if (spent || has_outlived_user_timeout(now)) {
      if (fast_open_ && !serves) shared_->fast_opens.on_loss(flow_.remote.address, now);
      close_with(Errc::kTimedOut);
      return;
    }
    ++retries_;
    ++shared_->counters.retransmitted_segments;
    if (state_ == State::kSynSent) withdraw_ecn();
    timed_seq_.reset();
    rtt_.backoff();
    syn_pending_ = true;
    return;
  }
  if (!has_outstanding()) return;
  if (retries_ >= shared_->config.data_retries || has_outlived_user_timeout(now)) {
    ++shared_->counters.aborts_on_timeout;
    close_with(soft_error_.reason(snd_.una));
    return;
  }
  // RFC 8985 §7.2: no timeout before there was a probe.
  if (negotiated_.sack && recovery_.may_probe()) return on_loss_probe_timeout(now);
  ++shared_->counters.timeouts;
  if (retries_ == 0) {
    reduce_window(cc::LossKind::kTimeout, flight_size(), now);
  }
  retreat_from_black_hole();
  recovery_.on_timeout(flight(now), retries_ > 0);
  ++retries_;
  timed_seq_.reset();
  rtt_.backoff();
  arm_retransmit(now);
  timers_.cancel(TimerId::kLossDetection);
}

void Connection::on_loss_detection_timeout(Instant now) {
  const AckEffect effect{flight_size(), false};
  auto verdict = recovery_.on_reordering_timeout(flight(now));
  if (!verdict.entered_recovery && !verdict.reordering_deadline && recovery_.may_probe()) {
    return on_loss_probe_timeout(now);
  }
  if (verdict.entered_recovery) verdict.delivered_bytes = mss_;  // as Linux counts it
  apply(verdict, effect, now);
}

/// RFC 8985 §7.2: 2 * SRTT, and with a single segment in flight, which the peer may delay its
/// acknowledgement of, TLP.max_ack_delay more. The one segment that is sent into silence has no
/// timer for this but that of arm_retransmit().
void Connection::arm_loss_probe(Instant now) {
  if (!negotiated_.sack || !recovery_.may_probe()) return timers_.cancel(TimerId::kLossDetection);
  const bool single = recovery_.is_single(snd_.max) && snd_.max.raw() - snd_.una.raw() <= mss_;
  const Duration timeout =
      rtt_.probe_timeout(single ? RttEstimator::kMostAckDelay : kLeastProbeDelay);
  timers_.set(TimerId::kLossDetection, std::min(now + timeout, timers_.at(TimerId::kRetransmit)));
}

void Connection::on_loss_probe_timeout(Instant now) {
  if (!has_outstanding()) return;
  recovery_.on_probe_timeout(flight(now));
  arm_retransmit(now);  // RFC 8985 §7.3: the timeout counts from the probe
}

/// Something is unsent, nothing but a probe is in flight, and the window is what forbids it: ask
/// again and again, for a lost window update would otherwise be the end (RFC 9293 §3.8.6.1).
void Connection::update_persist(Instant now) {
  const bool waits = (unsent_bytes() > 0 || has_outstanding()) &&
                     !timers_.is_armed(TimerId::kRetransmit) && state_ != State::kTimeWait &&
                     !is_paced_out(now);
  if (!waits) {
    timers_.cancel(TimerId::kPersist);
  } else if (!timers_.is_armed(TimerId::kPersist)) {
    timers_.set(TimerId::kPersist, now + rtt_.rto());
  }
}

void Connection::on_persist_timeout(Instant now) {
  if (unsent_bytes() == 0 && !has_outstanding()) return;
  if (!has_outstanding()) oldest_unacked_ = now;  // the user timeout counts from the first probe
  if (retries_ >= shared_->config.data_retries || has_outlived_user_timeout(now)) {
    ++shared_->counters.aborts_on_timeout;
    close_with(soft_error_.reason(snd_.una));
    return;
  }
  if (!has_outstanding() && usable_window() >= std::min<std::uint32_t>(unsent_bytes(), mss_)) {
    // It is no window that forbids it: what TCP_CORK and MSG_MORE hold back has waited long enough.
    holding_.push(data_end());
    return;
  }
  // Nobody waits for what an orphan has to say, and a peer may keep it waiting for ever, and its
  // buffers with it.
  const bool short_of_buffers = shared_->pools.data->supply() >= buf::Supply::kScarce;
  const bool is_hopeless =
      rtt_.backoffs() >= kOrphanProbes && now - oldest_unacked_ >= kOrphanPatience;
  if (orphan_ && (is_hopeless || short_of_buffers)) {
    ++shared_->counters.aborts_on_timeout;
    reset_with(Errc::kTimedOut);
    return;
  }
  ++retries_;  // a peer that answers, even with a closed window, sets it back (RFC 1122 §4.2.2.17)
  rtt_.backoff();
  probe_pending_ = true;
  Instant next = now + rtt_.rto();
  if (options_.user_timeout > Duration::zero()) {
    // The back-off must not sleep through the user timeout.
    next = std::min(next, std::max(oldest_unacked_ + options_.user_timeout, now));
  }
  timers_.set(TimerId::kPersist, next);
}

void Connection::restart_keepalive(Instant now) {
  keepalive_.on_heard(now);
  if (options_.keepalive) {
    timers_.set(TimerId::kKeepAlive, keepalive_.deadline());
  } else {
    timers_.cancel(TimerId::kKeepAlive);
  }
}

void Connection::on_keepalive_timeout(Instant now) {
  if (!options_.keepalive || !is_synchronized(state_) || state_ == State::kTimeWait) return;
  if (has_outstanding() || timers_.is_armed(TimerId::kPersist)) {
    keepalive_.on_heard(now);  // another timer watches the peer
  } else {
    switch (keepalive_.on_deadline(now, options_.user_timeout)) {
      case KeepAlive::Action::kNone:
        break;
      case KeepAlive::Action::kProbe:
        keepalive_pending_ = true;
        break;
      case KeepAlive::Action::kGiveUp:
        ++shared_->counters.aborts_on_timeout;
        reset_with(Errc::kTimedOut);
        return;
    }
  }
  timers_.set(TimerId::kKeepAlive, keepalive_.deadline());
}

/// TIME-WAIT is over, an orphan waited long enough in FIN-WAIT-2, or SO_LINGER's time is up.
void Connection::on_lifetime_timeout(Instant now) {
  (void)now;
  if (state_ == State::kTimeWait || state_ == State::kFinWait2) {
    close_with(Errc{});
  } else {
    reset_with(Errc::kConnAborted);
  }
}

void Connection::on_options_changed(Instant now) {
  send_buffer_.set_capacity(options_.send_buffer_bytes);
  set_receive_capacity(options_.receive_buffer_bytes);
  if (options_.receive_buffer_fixed) tuning_.stop();
  keepalive_.set_idle(options_.keepalive_idle);
  keepalive_.set_interval(options_.keepalive_interval);
  keepalive_.set_max_probes(options_.keepalive_probes);
  congestion_.change(options_.congestion, cc_parameters(shared_->config.initial_window_segments));
  ecn_.set_exact(options_.congestion == CongestionAlgorithm::kDctcp);
  if (is_synchronized(state_)) select_pacing();
  if (is_synchronized(state_) && state_ != State::kTimeWait) {
    if (!timers_.is_armed(TimerId::kKeepAlive)) {
      restart_keepalive(now);
    } else {  // new times count from when the peer was heard of last
      timers_.set(TimerId::kKeepAlive,
                  options_.keepalive ? keepalive_.deadline() : Instant::never());
    }
  }
  notify();
  advertise_after_read();
  schedule();
}

/// RFC 9293 §3.9.2.2 and RFC 5927 §4: "soft" errors end no connection that is up; before that, they
/// are the answer to the SYN. Either way only if they quote something in flight. What is up and
/// ends for want of acknowledgements gives them as the reason (RFC 1122 §4.2.3.9).
void Connection::on_icmp_error(Errc error, SeqNum seq, Instant now) {
  (void)now;
  if (seq.before(snd_.una) || !seq.before(snd_.max)) return;
  if (!is_synchronized(state_)) {
    close_with(error);
  } else {
    soft_error_.note(error, snd_.una);
  }
}

/// RFC 1191 §6, RFC 8201 §4; checked against what is in flight as RFC 5927 §7 advises.
void Connection::on_packet_too_big(SeqNum seq, std::uint16_t mtu, Instant now) {
  if (seq.before(snd_.una) || !seq.before(snd_.max)) return;
  if (mtu_search_) mtu_search_->on_packet_too_big(mtu, now);
  if (mtu >= mtu_) return;
  mtu_ = mtu;
  set_mss(mtu);
  if (!has_outstanding()) return;
  // What was too big is lost for sure. Not a sign of congestion: the window stays (RFC 1191 §6.5).
  recovery_.on_packet_too_big(flight(now));
  timed_seq_.reset();
  arm_retransmit(now);
  timers_.cancel(TimerId::kLossDetection);
  schedule();
}

}  // namespace zs::tcp
