// SEGMENT ARRIVES for the synchronized states: RFC 9293 §3.10.7.4, step by step in the RFC's order,
// with the checks of RFC 7323 (PAWS) and RFC 5961 (blind attacks) where they say they belong.

#include <algorithm>
#include <utility>

#include "tcp/connection.hpp"
#include "tcp/packet_builder.hpp"

namespace zs::tcp {

namespace flag = wire::tcp_flag;
using namespace std::chrono_literals;

namespace {
/// RFC 7323 §5.5: a TS.Recent older than this says nothing, since the clock may have wrapped.
constexpr Duration kRecentTimestampLife = 24h * 24;
}  // namespace

void Connection::on_segment(Segment&& segment, Instant now) {
  holding_.on_segment();
  switch (state_) {
    case State::kClosed:
      if (!segment.has(flag::kRst)) shared_->reply(reset_for(segment));
      break;
    case State::kSynSent:
      on_syn_sent_segment(segment, now);
      break;
    case State::kSynReceived:
    case State::kEstablished:
    case State::kFinWait1:
    case State::kFinWait2:
    case State::kCloseWait:
    case State::kClosing:
    case State::kLastAck:
    case State::kTimeWait:
      on_synchronized_segment(segment, now);
      break;
  }
  if (is_synchronized(state_) && state_ != State::kTimeWait) restart_keepalive(now);
  schedule();
}

void Connection::on_synchronized_segment(Segment& segment, Instant now) {
  if (check_timestamps(segment, now) == Step::kStop) return;
  if (check_sequence(segment, now) == Step::kStop) return;
  if (check_reset(segment, now) == Step::kStop) return;
  // RFC 9293 places the security check here; zstack has no compartments.
  if (check_syn(segment, now) == Step::kStop) return;
  if (check_ack(segment, now) == Step::kStop) return;
  update_recent_timestamp(segment, now);
  process_ack(segment, now);
  if (process_ack_by_state(now) == Step::kStop) return;
  process_payload(segment, now);
  process_fin(now);
}

/// RFC 7323 §5.3 R1 (PAWS), and §3.2: once agreed upon, every segment but a reset carries the
/// option.
Connection::Step Connection::check_timestamps(const Segment& segment, Instant now) {
  if (!negotiated_.timestamps || segment.has(flag::kRst)) return Step::kContinue;
  if (!segment.options.timestamps) {
    shared_->count(Drop::kTcpPaws);
    return Step::kStop;
  }
  const SeqNum value{segment.options.timestamps->value};
  if (value.at_or_after(SeqNum{negotiated_.recent_timestamp})) return Step::kContinue;
  if (now - recent_timestamp_at_ > kRecentTimestampLife) return Step::kContinue;
  shared_->count(Drop::kTcpPaws);
  reply_duplicate_ack(segment, now);
  return Step::kStop;
}

/// First: check the sequence number, then cut the segment to the window.
Connection::Step Connection::check_sequence(Segment& segment, Instant now) {
  if (state_ == State::kSynReceived && segment.has(flag::kSyn) && segment.seq == rcv_.irs) {
    // Both sides of a simultaneous open send a SYN-ACK with the old SYN's number (RFC 9293 figure
    // 7); were it refused, neither would ever hear the other's ACK. Text on it comes again.
    segment.payload_bytes = 0;
    segment.flags = static_cast<std::uint8_t>(segment.flags & ~flag::kFin);
    return Step::kContinue;
  }
  const std::uint32_t window = receive_window();
  const std::uint32_t length = segment.length();
  const SeqRange expected{rcv_.nxt, rcv_.advertised};
  bool acceptable = false;
  if (length == 0) {
    // The right edge itself counts in: a peer that filled the window acknowledges from there.
    acceptable = expected.contains(segment.seq) || segment.seq == rcv_.advertised;
  } else if (window > 0) {
    acceptable = expected.contains(segment.seq) || expected.contains(segment.seq + (length - 1)) ||
                 (segment.seq.before(rcv_.nxt) && (segment.seq + length).after(rcv_.nxt));
  } else if (segment.seq == rcv_.nxt) {
    // RFC 9293 §3.10.7.4: with a zero window, valid ACKs and RSTs are still heard.
    shared_->count(Drop::kTcpReceiveQueueFull);
    ack_.request_now();
    acceptable = true;
  }
  if (!acceptable) {
    shared_->count(Drop::kTcpOutOfWindow);
    if (segment.seq.before(rcv_.nxt)) {
      shared_->counters.duplicate_bytes_in += segment.payload_bytes;
    }
    if (!segment.has(flag::kRst)) {
      // RFC 9293 §3.10.7.4, TIME-WAIT: a retransmitted FIN restarts the 2 MSL timer.
      if (state_ == State::kTimeWait && segment.has(flag::kFin)) enter_time_wait(now);
      reply_duplicate_ack(segment, now);
    }
    return Step::kStop;
  }
  trim_to_window(segment);
  return Step::kContinue;
}

void Connection::trim_to_window(Segment& segment) {
  const std::int32_t old = rcv_.nxt.since(segment.seq);
  // An old SYN in front is left alone: it still has to meet check_syn().
  if (old > 0 && !segment.has(flag::kSyn)) {
    const std::uint32_t cut = std::min(static_cast<std::uint32_t>(old), segment.payload_bytes);
    if (segment.payload_bytes > 0) {
      shared_->counters.duplicate_bytes_in += cut;
      report_duplicate({segment.seq, segment.seq + cut});
      segment.payload.trim_front(cut);
      segment.payload_bytes -= cut;
      ack_.request_now();
    }
    if (static_cast<std::uint32_t>(old) > cut) {
      segment.flags = static_cast<std::uint8_t>(segment.flags & ~flag::kFin);
    }
    segment.seq += static_cast<std::uint32_t>(old);
  }
  const SeqNum end = segment.seq + segment.payload_bytes;
  const std::int32_t beyond = end.since(rcv_.advertised);
  if (beyond > 0 && segment.payload_bytes > 0) {
    const std::uint32_t cut = std::min(static_cast<std::uint32_t>(beyond), segment.payload_bytes);
    segment.payload_bytes -= cut;
    segment.payload.truncate(segment.payload_bytes);
    segment.flags = static_cast<std::uint8_t>(segment.flags & ~flag::kFin);
  }
}

/// Second: check the RST bit, as RFC 5961 §3.2 has it.
Connection::Step Connection::check_reset(const Segment& segment, Instant now) {
  if (!segment.has(flag::kRst)) return Step::kContinue;
  if (segment.seq == rcv_.advertised && segment.seq != rcv_.nxt) {
    // check_sequence() lets the right edge pass for the sake of ACKs; it is no part of the window.
    shared_->count(Drop::kTcpOutOfWindow);
    return Step::kStop;
  }
  if (segment.seq != rcv_.nxt) {
    challenge(now);
    return Step::kStop;
  }
  if (state_ == State::kTimeWait) return Step::kStop;  // RFC 1337 §3: do not cut TIME-WAIT short
  ++shared_->counters.established_resets;
  const bool was_over = state_ == State::kClosing || state_ == State::kLastAck;
  Errc reason = Errc::kConnReset;
  if (state_ == State::kSynReceived && !fast_open_) reason = Errc::kConnRefused;
  if (fast_open_ && fast_open_->is_server()) fast_open_->queue().on_reset(now);
  if (was_over) reason = Errc{};
  close_with(reason);
  return Step::kStop;
}

/// Fourth: check the SYN bit, as RFC 5961 §4.2 has it: whatever its sequence number.
Connection::Step Connection::check_syn(const Segment& segment, Instant now) {
  if (!segment.has(flag::kSyn)) return Step::kContinue;
  if (state_ == State::kSynReceived && segment.seq == rcv_.irs) {
    // The peer's SYN again, or its SYN-ACK of a simultaneous open (RFC 9293 figure 8).
    if (!segment.has(flag::kAck)) {
      syn_pending_ = true;
      return Step::kStop;
    }
    return Step::kContinue;
  }
  challenge(now);
  return Step::kStop;
}

/// Fifth: check the ACK field; RFC 5961 §5.2 narrows what is acceptable.
Connection::Step Connection::check_ack(const Segment& segment, Instant now) {
  if (!segment.has(flag::kAck)) {
    shared_->count(Drop::kTcpBadFlags);
    return Step::kStop;
  }
  if (state_ == State::kSynReceived) {
    if (!segment.ack.after(snd_.iss) || segment.ack.after(snd_.max)) {
      shared_->reply(reset_for(segment));
      shared_->count(Drop::kTcpBadAck);
      return Step::kStop;
    }
    snd_.una = snd_.iss + 1;
    // A simultaneous open: what the peer's SYN agreed to, its SYN-ACK has to repeat.
    if (segment.has(flag::kSyn) && !Ecn::is_setup_syn_ack(segment.flags)) ecn_.withdraw();
    sample_handshake(segment, now);
    snd_.wl1 = segment.seq - 1;  // so that this segment updates the window
    establish(now);
    return Step::kContinue;
  }
  if (segment.ack.after(snd_.max) || segment.ack.before(snd_.una - snd_.max_wnd)) {
    shared_->count(Drop::kTcpBadAck);
    challenge(now);
    return Step::kStop;
  }
  return Step::kContinue;
}

/// RFC 7323 §4.3: TS.Recent follows the segment that spans the last acknowledgement we sent.
void Connection::update_recent_timestamp(const Segment& segment, Instant now) {
  if (!negotiated_.timestamps || !segment.options.timestamps) return;
  if (segment.seq.after(rcv_.last_ack_sent)) return;
  const std::uint32_t value = segment.options.timestamps->value;
  if (SeqNum{value}.before(SeqNum{negotiated_.recent_timestamp}) &&
      now - recent_timestamp_at_ <= kRecentTimestampLife) {
    return;
  }
  negotiated_.recent_timestamp = value;
  recent_timestamp_at_ = now;
}

/// The rest of the fifth step: what the acknowledgement of our FIN means to each state.
Connection::Step Connection::process_ack_by_state(Instant now) {
  if (!is_fin_acked()) return Step::kContinue;
  switch (state_) {
    case State::kFinWait1:
      transition(State::kFinWait2);
      if (orphan_ && options_.orphan_fin_wait_2 < Duration::zero()) {
        reset_with(Errc::kConnAborted);  // TCP_LINGER2: nobody waits for the peer's FIN
        return Step::kStop;
      }
      if (orphan_) timers_.set(TimerId::kTimeWait, now + fin_wait_2_time());
      return Step::kContinue;
    case State::kClosing:
      enter_time_wait(now);
      return Step::kStop;
    case State::kLastAck:
      close_with(Errc{});
      return Step::kStop;
    case State::kTimeWait:
    case State::kFinWait2:
    case State::kClosed:
    case State::kSynSent:
    case State::kSynReceived:
    case State::kEstablished:
    case State::kCloseWait:
      return Step::kContinue;
  }
  return Step::kContinue;
}

/// Seventh: process the segment text. (Sixth, the URG bit: RFC 6093 §3 advises to deliver urgent
/// data in line, which is what not looking at the pointer does.)
void Connection::process_payload(Segment& segment, Instant now) {
  const std::uint32_t bytes = segment.payload_bytes;
  const SeqNum end = segment.seq + bytes;
  if (segment.has(flag::kFin) && can_receive(state_)) {
    rcv_.fin = end;
    ack_.request_now();
  }
  if (bytes == 0 || !can_receive(state_)) return;
  if (orphan_) {
    // RFC 9293 §3.6.1 / RFC 1122 §4.2.2.13: nobody will ever read it, and the peer must know.
    shared_->count(Drop::kTcpAfterClose);
    shared_->reply(reset_for(segment));
    ++shared_->counters.established_resets;
    close_with(Errc::kConnAborted);
    return;
  }
  if (ecn_.is_on()) [[unlikely]] {
    hear_mark(segment, now);
  }
  const buf::Supply supply = shared_->pools.data->supply();
  if (!receive_buffer_.has_room() || supply != buf::Supply::kPlenty) {
    shared_->counters.copied_bytes_in += receive_buffer_.compact(*shared_->pools.data);
  }
  if (!receive_buffer_.has_room() && !read_shutdown_) {
    // The window promised bytes, the bound counts buffers too: the peer sends it again later.
    shared_->count(Drop::kTcpReceiveQueueFull);
    ack_.request_now();
    return;
  }
  const bool in_order = segment.seq == rcv_.nxt;
  // What is early waits for what is late, and may do so for long: none of it while buffers are few.
  if ((!in_order && supply >= buf::Supply::kScarce) ||
      !receive_buffer_.admit(*shared_->pools.data, segment.payload->nb_segs)) {
    shared_->count(Drop::kBuffersScarce);
    ack_.request_now();  // without a window (select_window()), so that the peer waits and asks
    return;
  }
  if (in_order) {
    accept_in_order(std::move(segment.payload), bytes, segment.segment_size, now);
    return;
  }
  ++shared_->counters.out_of_order_segments_in;
  ack_.on_data(Arrival::kOutOfOrder, bytes, segment.segment_size, now);
  const auto kept =
      reassembly_.insert(segment.seq, buf::Chain{std::move(segment.payload)}, shared_->pools);
  shared_->counters.copied_bytes_in += kept.copied_bytes;
  if (kept.displaced_bytes > 0) shared_->count(Drop::kTcpReassemblyFull);
  if (kept.duplicate) report_duplicate(*kept.duplicate);
}

/// What the network says of congestion on the way to us (RFC 3168 §6.1.3, RFC 8257 §3.2).
void Connection::hear_mark(const Segment& segment, Instant now) {
  if (segment.congested) ++shared_->counters.congestion_marks_in;
  const std::uint8_t former_flags = ecn_.echo_flags();
  const Ecn::Answer answer = ecn_.on_data(segment.flags, segment.congested);
  if (answer == Ecn::Answer::kNone) return;
  if (answer == Ecn::Answer::kFormerAtOnce && ack_.is_pending()) {
    ControlReply former;
    former.flow = flow_;
    former.seq = snd_.nxt;
    former.ack = rcv_.nxt;
    former.flags = flag::kAck | former_flags;
    former.window = static_cast<std::uint16_t>(receive_window() >> negotiated_.receive_scale);
    former.ecn = ecn_.field(false);
    if (negotiated_.timestamps) {
      former.options.timestamps = {timestamp_now(now), negotiated_.recent_timestamp};
    }
    shared_->reply(former);
  }
  ack_.request_now();
}

void Connection::accept_in_order(buf::Mbuf payload, std::uint32_t bytes, std::uint16_t segment_size,
                                 Instant now) {
  const bool had_gap = !reassembly_.empty();
  forward_progress_ = true;
  ack_.on_data(had_gap ? Arrival::kFilledHole : Arrival::kInOrder, bytes, segment_size, now);
  buf::Chain data{std::move(payload)};
  const SeqNum first_unread = rcv_.nxt - receive_buffer_.size();
  rcv_.nxt += data.size();
  if (had_gap) {
    buf::Chain more = reassembly_.take_in_order(rcv_.nxt);
    rcv_.nxt += more.size();
    data.append(std::move(more));
  }
  bytes_in_ += data.size();
  // A FIN in the middle of the stream was somebody's forgery or mistake.
  if (rcv_.fin && rcv_.nxt.after(*rcv_.fin)) rcv_.fin.reset();
  if (!read_shutdown_) {
    shared_->counters.copied_bytes_in +=
        receive_buffer_.absorb(std::move(data), first_unread, *shared_->pools.data);
  }
  notify();
}

/// Eighth: check the FIN bit, once everything before it has arrived.
void Connection::process_fin(Instant now) {
  if (!rcv_.fin || *rcv_.fin != rcv_.nxt || peer_closed_) return;
  if (!can_receive(state_)) return;
  peer_closed_ = true;
  rcv_.nxt += 1;
  if (rcv_.advertised.before(rcv_.nxt)) rcv_.advertised = rcv_.nxt;
  ack_.request_now();
  notify();
  if (state_ == State::kEstablished) {
    transition(State::kCloseWait);
  } else if (state_ == State::kFinWait1) {
    transition(
        State::kClosing);  // our FIN is not acknowledged yet: process_ack_by_state() saw to that
  } else {
    enter_time_wait(now);
  }
}

void Connection::challenge(Instant now) {
  if (!challenge_limiter_.take(now)) return;
  ++shared_->counters.challenge_acks;
  ack_.request_now();
}

/// An acknowledgement for a segment that was refused. Data may always have one, since it is most
/// likely a retransmission; bare segments share the challenge budget, lest two confused stacks
/// answer each other for ever.
void Connection::reply_duplicate_ack(const Segment& segment, Instant now) {
  if (segment.payload_bytes == 0 && !segment.has(flag::kFin)) {
    challenge(now);
  } else {
    ack_.request_now();
    const SeqNum end = SeqNum::earlier(segment.seq + segment.length(), rcv_.nxt);
    if (end.after(segment.seq)) report_duplicate({segment.seq, end});
  }
}

}  // namespace zs::tcp
