// How a connection ends: RFC 9293 §3.6, §3.10.4 (CLOSE), §3.10.5 (ABORT), and resets.

#include <algorithm>
#include <utility>

#include "tcp/connection.hpp"
#include "tcp/packet_builder.hpp"

namespace zs::tcp {

namespace flag = wire::tcp_flag;

void Connection::transition(State to) {
  ZS_ASSERT(is_transition(state_, to));
  state_ = to;
  notify();
  schedule();
}

void Connection::close_with(Errc reason) {
  if (state_ == State::kClosed) return;
  if (!is_synchronized(state_)) ++shared_->counters.attempt_fails;
  error_ = reason;
  timers_.cancel_all();
  fast_open_.reset();
  send_buffer_.clear();
  reassembly_.clear();
  // Bytes that were acknowledged to the peer stay readable; the error comes after them, as on
  // Linux.
  if (orphan_) receive_buffer_.clear();
  syn_pending_ = probe_pending_ = keepalive_pending_ = false;
  transition(State::kClosed);
}

void Connection::reset_with(Errc reason) {
  // RFC 9293 §3.10.5: nobody is waiting to hear it in the other states. As in Linux, CLOSING and
  // LAST-ACK are among them only once the FIN has been sent.
  using enum State;
  const bool closes = (state_ == kClosing || state_ == kLastAck) && !fin_sent();
  if (closes || state_ == kSynReceived || state_ == kEstablished || state_ == kFinWait1 ||
      state_ == kFinWait2 || state_ == kCloseWait) {
    reset_pending_ = true;
    ++shared_->counters.established_resets;
  }
  close_with(reason);
}

void Connection::enter_time_wait(Instant now) {
  timers_.cancel_all();
  timers_.set(TimerId::kTimeWait, now + shared_->config.time_wait);
  if (state_ != State::kTimeWait) {
    ++shared_->counters.time_wait_entered;
    transition(State::kTimeWait);
  }
}

void Connection::queue_fin() {
  ZS_ASSERT(!fin_queued_);
  fin_queued_ = true;
  schedule();
  // RFC 9293 §3.10.4: in SYN-RECEIVED the FIN waits for ESTABLISHED.
  if (state_ == State::kEstablished) transition(State::kFinWait1);
  if (state_ == State::kCloseWait) transition(State::kLastAck);
}

void Connection::shutdown_write() {
  if (!fin_queued_ && (state_ == State::kSynReceived || can_send(state_))) queue_fin();
}

void Connection::shutdown_read() {
  read_shutdown_ = true;
  receive_buffer_.clear();
  advertise_after_read();
  schedule();
  notify();
}

void Connection::close(Instant now) {
  orphan_ = true;
  owner_ = kNoOwner;
  schedule();
  if (state_ == State::kClosed) {
    receive_buffer_.clear();
    return;
  }
  if (state_ == State::kSynSent) {
    close_with(Errc{});
    return;
  }
  const bool unread = receive_buffer_.size() > 0;
  const bool resets = options_.linger.has_value() && *options_.linger == Duration::zero();
  receive_buffer_.clear();
  if ((unread && state_ != State::kTimeWait) || resets) {
    reset_with(Errc::kConnAborted);
    return;
  }
  shutdown_write();
  if (state_ == State::kFinWait2 && options_.orphan_fin_wait_2 < Duration::zero()) {
    reset_with(Errc::kConnAborted);
  } else if (state_ == State::kFinWait2) {
    timers_.set(TimerId::kTimeWait, now + fin_wait_2_time());
  } else if (options_.linger && state_ != State::kTimeWait) {
    timers_.set(TimerId::kTimeWait, now + *options_.linger);
  }
}

/// How long an orphan waits for the peer's FIN; as on Linux no shorter than a few timeouts.
Duration Connection::fin_wait_2_time() const {
  const bool own = options_.orphan_fin_wait_2 > Duration::zero();
  return std::max<Duration>(own ? options_.orphan_fin_wait_2 : shared_->config.fin_wait_2,
                            rtt_.rto() * 7 / 2);
}

void Connection::abort() { reset_with(Errc::kConnAborted); }

bool Connection::poll_reset(OutPacket& out, Instant now) {
  ControlReply reply;
  reply.flow = flow_;
  reply.seq = snd_.nxt;
  reply.ack = rcv_.nxt;
  reply.flags = flag::kRst | flag::kAck;
  if (negotiated_.timestamps) {
    reply.options.timestamps = {timestamp_now(now), negotiated_.recent_timestamp};
  }
  reset_pending_ = false;  // even without a buffer: a reset is best effort
  if (!build_control(*shared_, reply, out)) return false;
  out.hint = &egress_hint_;
  return true;
}

Connection::TimeWaitState Connection::time_wait_state() const {
  return {.snd_nxt = snd_.nxt,
          .rcv_nxt = rcv_.nxt,
          .timestamps = negotiated_.timestamps,
          .recent_timestamp = negotiated_.recent_timestamp,
          .timestamp_offset = negotiated_.timestamp_offset,
          .expiry = timers_.at(TimerId::kTimeWait)};
}

}  // namespace zs::tcp
