// Header prediction (Van Jacobson, 1990): the segment that a connection in its stride expects next
// needs none of the questions of RFC 9293 §3.10.7.4, since the answers are known: it begins at
// RCV.NXT, lies in the window, acknowledges something in flight, and nothing is lost or out of
// order. What differs in anything goes through arrival.cpp; for what does not, both do the same
// (tests/unit/tcp/prediction_test.cpp holds them side by side).

#include <algorithm>
#include <optional>
#include <utility>

#include "tcp/connection.hpp"
#include "wire/checksum.hpp"

namespace zs::tcp {

namespace {
constexpr std::uint8_t kDataFlags = wire::tcp_flag::kAck | wire::tcp_flag::kPsh;
}  // namespace

bool Connection::predicts(const wire::PlainTcp& segment) const {
  ZS_ASSERT(steady_ == is_steady());
  if (!steady_ || segment.seq != rcv_.nxt.raw()) return false;
  // From SND.UNA to SND.MAX: neither old nor unsent.
  const std::uint32_t newly_acked = segment.ack - snd_.una.raw();
  const std::uint32_t in_flight = snd_.max.raw() - snd_.una.raw();
  if (newly_acked > in_flight) return false;
  if (snd_.wl1.after(rcv_.nxt)) return false;  // a later segment, since lost, told a newer window
  if (segment.payload_bytes == 0) [[unlikely]] {
    if (newly_acked == 0 && in_flight != 0) return false;  // may be a duplicate acknowledgement
  } else if (segment.payload_bytes > receive_window() || !receive_buffer_.has_plain_room() ||
             shared_->pools.data->supply() != buf::Supply::kPlenty) {
    return false;
  }
  if (segment.has_timestamps != negotiated_.timestamps) return false;
  return !segment.has_timestamps ||
         SeqNum{segment.timestamps.value}.at_or_after(SeqNum{negotiated_.recent_timestamp});
}

void Connection::on_predicted(const wire::PlainTcp& segment, rte_mbuf* frame,
                              std::uint16_t segment_size, Instant now) {
  if (segment.has_timestamps && rcv_.nxt.at_or_before(rcv_.last_ack_sent)) [[likely]] {
    // RFC 7323 §4.3
    negotiated_.recent_timestamp = segment.timestamps.value;
    recent_timestamp_at_ = now;
  }
  const SeqNum ack{segment.ack};
  snd_.wnd = std::uint32_t{segment.window} << negotiated_.send_scale;
  snd_.max_wnd = std::max(snd_.max_wnd, snd_.wnd);
  snd_.wl1 = rcv_.nxt;
  snd_.wl2 = ack;
  const bool acknowledges = ack != snd_.una;
  if (acknowledges) [[likely]] {
    on_predicted_ack(ack, now);
  }
  if (segment.payload_bytes > 0) [[likely]] {
    forward_progress_ = true;
    receive_buffer_.forget_refusal();
    ack_.on_in_order(segment.payload_bytes, segment_size, now);
    rcv_.nxt += segment.payload_bytes;
    bytes_in_ += segment.payload_bytes;
    buf::Mbuf payload = buf::Mbuf::adopt(frame);
    payload.trim_front(segment.header_bytes);
    receive_buffer_.append(std::move(payload));
    notify();
  } else {
    buf::free_chain(frame);
    if (acknowledges) notify();
  }
  keepalive_.on_heard(now);
  if (options_.keepalive) [[unlikely]] {
    timers_.set(TimerId::kKeepAlive, keepalive_.deadline());
  }
  schedule_data();
}

/// on_bytes_acknowledged() and what grows the window, where nothing but data is in flight, and
/// nothing is lost.
void Connection::on_predicted_ack(SeqNum ack, Instant now) {
  const std::uint32_t newly_acked = ack.raw() - snd_.una.raw();
  const std::uint32_t in_flight = snd_.max.raw() - snd_.una.raw();
  const bool is_timed = timed_seq_ && ack.after(*timed_seq_);
  const Duration rtt = now - timed_at_;
  if (is_timed) [[likely]] {
    timed_seq_.reset();
    rtt_.on_sample(rtt);
  }
  recovery_.on_predicted_ack(ack);
  send_buffer_.acknowledge(newly_acked, shared_->returns);
  bytes_out_ += newly_acked;
  forward_progress_ = true;
  snd_.una = snd_.una_data = ack;
  if (snd_.small_end.before(ack)) snd_.small_end = ack;
  retries_ = 0;
  oldest_unacked_ = now;
  if (newly_acked != in_flight) [[unlikely]] {
    timers_.set(TimerId::kRetransmit, now + rtt_.rto());  // RFC 6298 §5.3
    arm_loss_probe(now);
  } else {
    timers_.cancel(TimerId::kRetransmit);  // RFC 6298 §5.2
    timers_.cancel(TimerId::kLossDetection);
  }
  if (!cwnd_limited_until_) [[likely]] {
    congestion_->on_app_limited_ack(now);
  } else {
    grow_window({newly_acked, in_flight, is_timed ? std::optional{rtt} : std::nullopt, false}, now);
    forget_cwnd_limit(ack);
  }
}

// What of poll_new_data() is left when there is one whole buffer to send, its size is no question
// of windows, and it may go in place.
bool Connection::poll_steady(SteadyPacket& out, Instant now) {
  ZS_ASSERT(steady_ == is_steady());
  const std::uint32_t bytes = snd_.una_data.raw() + send_buffer_.size() - snd_.nxt.raw();
  if (!steady_ || bytes - 1 >= mss_) return false;
  const std::uint32_t in_flight = snd_.max.raw() - snd_.una.raw();
  const std::uint32_t pipe = in_flight + bytes;
  const std::uint32_t cwnd = congestion_->window_bytes();
  if (pipe > std::min(cwnd, snd_.wnd)) return false;
  const bool is_small = bytes < mss_;
  if (is_small && !may_send_small()) return false;
  if (in_flight == 0 && now - last_sent_ > rtt_.rto()) return false;  // the restart window

  const auto [packet, payload_off] = send_buffer_.take_last_in_place(
      bytes, static_cast<std::uint16_t>(usual_header_ + OutPacket::kL2L3Room));
  if (packet == nullptr) return false;
  const std::uint16_t window = select_window();
  const auto segment = static_cast<std::uint16_t>(usual_header_ + bytes);
  wire::write_plain_tcp(static_cast<std::byte*>(packet->buf_addr) + payload_off - usual_header_,
                        {.src_port = flow_.local.port,
                         .dst_port = flow_.remote.port,
                         .seq = snd_.nxt.raw(),
                         .ack = rcv_.nxt.raw(),
                         .flags = kDataFlags,
                         .window = window,
                         .checksum = wire::checksum_fold_in(pseudo_sum_, segment),
                         .header_bytes = usual_header_,
                         .timestamps = {timestamp_now(now), negotiated_.recent_timestamp}});
  out = {.packet = packet,
         .payload_off = payload_off,
         .payload_bytes = static_cast<std::uint16_t>(bytes),
         .header_bytes = usual_header_,
         .ipv4_start = ecn_.ipv4_start(),
         .confirms_neighbor = note_packet(true, now)};

  // note_sent(), where nothing was ever taken back and nothing is lost.
  if (!timed_seq_) {
    timed_seq_ = snd_.nxt;
    timed_at_ = now;
  }
  if (in_flight != 0) [[unlikely]] {
    note_steadily_behind(bytes, now);
  } else {
    oldest_unacked_ = last_sent_ = now;
    snd_.nxt += bytes;
    snd_.max = snd_.nxt;
    ZS_ASSERT(!timers_.is_armed(TimerId::kRetransmit));
    arm_retransmit(now);
  }
  if (is_small) snd_.small_end = snd_.nxt;
  note_window_use(pipe, cwnd);
  return true;
}

void Connection::note_steadily_behind(std::uint32_t bytes, Instant now) {
  note_sent_behind(bytes);
  last_sent_ = now;
  snd_.nxt += bytes;
  snd_.max = snd_.nxt;
  if (!timers_.is_armed(TimerId::kRetransmit)) arm_retransmit(now);
  arm_loss_probe(now);
}

}  // namespace zs::tcp
