// Header prediction (Van Jacobson, 1990): the segment that a connection in its stride expects next
// needs none of the questions of RFC 9293 §3.10.7.4, since the answers are known: it begins at
// RCV.NXT, lies in the window, acknowledges something in flight, and nothing is lost or out of
// order. What differs in anything goes through arrival.cpp; for what does not, both do the same
// (tests/unit/tcp/prediction_test.cpp holds them side by side).

#include <algorithm>
#include <utility>

#include "tcp/connection.hpp"

namespace zs::tcp {

bool Connection::predicts(const wire::PlainTcp& segment) const {
  ZS_ASSERT(steady_ == is_steady());
  if (!steady_ || SeqNum{segment.seq} != rcv_.nxt) return false;
  const SeqNum ack{segment.ack};
  if (ack.before(snd_.una) || ack.after(snd_.max)) return false;
  if (snd_.wl1.after(rcv_.nxt)) return false;  // a later segment, since lost, told a newer window
  if (segment.payload_bytes > receive_window()) return false;
  if (segment.payload_bytes == 0) {
    if (ack == snd_.una && has_outstanding()) return false;  // may be a duplicate acknowledgement
  } else if (!receive_buffer_.has_room() || shared_->pools.data->supply() != buf::Supply::kPlenty) {
    return false;
  }
  if (segment.has_timestamps != negotiated_.timestamps) return false;
  return !segment.has_timestamps ||
         SeqNum{segment.timestamps.value}.at_or_after(SeqNum{negotiated_.recent_timestamp});
}

[[gnu::flatten]] void Connection::on_predicted(const wire::PlainTcp& segment, buf::Mbuf payload,
                                               std::uint16_t segment_size, Instant now) {
  if (segment.has_timestamps && rcv_.nxt.at_or_before(rcv_.last_ack_sent)) {  // RFC 7323 §4.3
    negotiated_.recent_timestamp = segment.timestamps.value;
    recent_timestamp_at_ = now;
  }
  const SeqNum ack{segment.ack};
  snd_.wnd = std::uint32_t{segment.window} << negotiated_.send_scale;
  snd_.max_wnd = std::max(snd_.max_wnd, snd_.wnd);
  snd_.wl1 = rcv_.nxt;
  snd_.wl2 = ack;
  if (ack != snd_.una) {
    const std::uint32_t newly_acked = ack.raw() - snd_.una.raw();
    const std::uint32_t in_flight = snd_.max.raw() - snd_.una.raw();
    const std::optional<Duration> rtt = timed_sample(ack, now);
    recovery_.on_predicted_ack(ack);
    on_bytes_acknowledged(ack, now);
    grow_window({newly_acked, in_flight, rtt, !cwnd_limited_until_}, now);
    forget_cwnd_limit(ack);
  }
  if (segment.payload_bytes > 0) {
    receive_buffer_.forget_refusal();
    accept_in_order(std::move(payload), segment.payload_bytes, segment_size, now);
  }
  restart_keepalive(now);
  schedule_data();
}

// What of poll_new_data() is left when there is one whole buffer to send, its size is no question
// of windows, and it may go in place.
[[gnu::flatten]] bool Connection::poll_steady(OutPacket& out, Instant now) {
  ZS_ASSERT(steady_ == is_steady());
  const std::uint32_t bytes = snd_.una_data.raw() + send_buffer_.size() - snd_.nxt.raw();
  if (!steady_ || bytes - 1 >= mss_) return false;
  const std::uint32_t in_flight = snd_.max.raw() - snd_.una.raw();
  const std::uint32_t cwnd = congestion_->window_bytes();
  if (in_flight + bytes > std::min(cwnd, snd_.wnd)) return false;
  if (bytes < mss_ && !may_send_small()) return false;
  if (in_flight == 0 && now - last_sent_ > rtt_.rto()) return false;  // the restart window

  const std::uint16_t size = header_bytes();
  out.packet = buf::Mbuf::adopt(send_buffer_.take_last_in_place(
      bytes, static_cast<std::uint16_t>(size + OutPacket::kL2L3Room)));
  if (!out.packet) return false;
  Plan plan{.seq = snd_.nxt,
            .payload_bytes = bytes,
            .flags = wire::tcp_flag::kAck | wire::tcp_flag::kPsh,
            .segment = mss_};
  const bool has_header = put_header(plan, size, out, now);
  ZS_CHECK(has_header);
  note_packet(out);
  note_sent(plan, now);
  return true;
}

}  // namespace zs::tcp
