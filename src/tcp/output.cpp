// What to put on the wire: RFC 9293 §3.8 (data communication), in order of urgency. Pulled by the
// stack when the device has room, so an acknowledgement rides on whatever the application has just
// written.

#include <algorithm>
#include <utility>

#include "tcp/connection.hpp"
#include "tcp/isn.hpp"
#include "tcp/packet_builder.hpp"
#include "tcp/window_scale.hpp"
#include "wire/checksum.hpp"
#include "wire/plain_tcp.hpp"

namespace zs::tcp {

namespace flag = wire::tcp_flag;
using namespace std::chrono_literals;

namespace {
constexpr Duration kNoBufferRetry = 2ms;  ///< buffers come back within a device's transmit time
/// Most buffers that one packet gathers: 64 KB of 2 KB buffers, and within any device's reach.
constexpr std::uint16_t kMaxSlices = 40;
constexpr std::uint32_t kMinSegmentPayload = 8;  ///< what the smallest MSS leaves beside options

/// bytes % segment. Most messages are short of a segment, and a division takes longer than all else
/// that is done for them here.
constexpr std::uint32_t tail_of(std::uint32_t bytes, std::uint32_t segment) {
  return bytes < segment ? bytes : bytes % segment;
}
}  // namespace

bool Connection::poll_transmit(OutPacket& out, Instant now) {
  const bool sends = poll_by_state(out, now);
  if (!sends && starved_) [[unlikely]] {
    // Nothing was sent, so no timer of the protocol runs for it: come back for it soon.
    starved_ = false;
    timers_.set(TimerId::kDelayedAck, now + kNoBufferRetry);
  }
  steady_ = is_steady();
  return sends;
}

bool Connection::poll_by_state(OutPacket& out, Instant now) {
  if (reset_pending_) [[unlikely]]
    return poll_reset(out, now);
  if (state_ == State::kClosed) return false;
  if (state_ == State::kSynSent || state_ == State::kSynReceived) {
    return poll_handshake(out, now) || poll_early_data(out, now);
  }
  if (poll_segment(out, now)) return true;
  update_persist(now);
  if (ack_.is_due(now)) return emit_ack(out, now);
  timers_.set(TimerId::kDelayedAck, ack_.deadline());
  return false;
}

bool Connection::poll_segment(OutPacket& out, Instant now) {
  if (recovery_.is_probe_due() && poll_loss_probe(out, now)) return true;
  if (!is_paced_out(now) && poll_data(out, now)) return true;
  return (probe_pending_ || keepalive_pending_) && poll_probe(out, now);
}

bool Connection::poll_data(OutPacket& out, Instant now) {
  const bool recovers = recovery_.mode() != recovery::LossRecovery::Mode::kOpen;
  if (recovers && poll_retransmission(out, now)) return true;
  if (poll_new_data(out, now)) return true;
  if (!recovery_.tries_new_data()) return false;
  recovery_.give_up_new_data();
  return poll_retransmission(out, now);
}

/// Only for the states in which nothing but data and acknowledgements leaves: elsewhere "maybe" is
/// the answer.
bool Connection::may_have_more_to_send(Instant now) const {
  return state_ != State::kEstablished || unsent_bytes() > 0 || fin_queued_ || reset_pending_ ||
         probe_pending_ || keepalive_pending_ || starved_ || ack_.is_due(now) ||
         recovery_.mode() != recovery::LossRecovery::Mode::kOpen;
}

/// RFC 6675 §5 step C: as much as the window has room for; the first one at once.
bool Connection::poll_retransmission(OutPacket& out, Instant now) {
  if (recovery_.tries_new_data()) return false;
  const std::uint32_t segment = segment_payload();
  std::uint32_t room = congestion_room();
  if (recovery_.is_retransmission_urgent()) room = std::max(room, segment);
  if (room < segment) return false;
  const std::uint32_t most = std::min(room, largest_unit());
  auto range = recovery_.next_retransmission(snd_.una, most - most % segment);
  if (!range || range->empty() || !resend(*range, out, now)) return false;
  if (!recovery_.on_retransmitted(*range, now)) ++shared_->counters.send_times_merged;
  // RFC 6298 §5.1; for the first one anew, as Linux does: it has just been sent.
  if (range->begin == snd_.una || !timers_.is_armed(TimerId::kRetransmit)) arm_retransmit(now);
  return true;
}

/// Sends what it can of `range` again, and leaves there what that was.
bool Connection::resend(SeqRange& range, OutPacket& out, Instant now) {
  const std::uint32_t segment = segment_payload();
  Plan plan{.seq = range.begin, .flags = flag::kAck, .segment = segment};
  const SeqNum end = SeqNum::earlier(range.end, data_end());
  if (end.after(range.begin)) {
    const std::uint32_t offset = range.begin.raw() - snd_.una_data.raw();
    const std::uint32_t wanted = end.raw() - range.begin.raw();
    plan.payload_bytes = send_buffer_.longest_carve(offset, wanted, kMaxSlices);
    if (plan.payload_bytes < wanted) range.end = range.begin + plan.payload_bytes;
  }
  if (range.end.after(data_end())) plan.flags |= flag::kFin;
  if (plan.payload_bytes > 0 && end == data_end() && !holding_.is_unfinished()) {
    plan.flags |= flag::kPsh;  // as the first time
  }
  const std::uint32_t planned = plan.payload_bytes;
  if (!emit(plan, out, now)) return false;
  if (plan.payload_bytes < planned) range.end = range.begin + plan.payload_bytes;
  if (pacing_) note_paced(plan.payload_bytes, false, now);
  give_up_mtu_probe(range, now);
  last_sent_ = now;    // the log knows when the newest data was sent
  timed_seq_.reset();  // Karn's rule: what follows may be acknowledged by this copy's arrival
  const std::uint32_t segments = (plan.payload_bytes + segment - 1) / segment;
  shared_->counters.retransmitted_segments += std::max(segments, 1u);
  retransmits_total_ += std::max(segments, 1u);
  return true;
}

/// RFC 8985 §7.3: one segment of new data, whatever the congestion window says, or the last one
/// again.
bool Connection::poll_loss_probe(OutPacket& out, Instant now) {
  const std::uint32_t segment = segment_payload();
  const std::uint32_t news = std::min(unsent_bytes(), segment);
  const bool again = news == 0 || usable_window() < news;
  SeqRange range{snd_.nxt, snd_.nxt + news};
  if (again) {
    range = recovery_.last_segment(flight(now), fin_sent());
    if (!resend(range, out, now)) return false;
  } else {
    Plan plan{.seq = snd_.nxt,
              .payload_bytes = news,
              .flags = flag::kAck,
              .segment = segment,
              .is_new = true};
    if (news == unsent_bytes()) plan.flags |= flag::kPsh;
    if (!emit(plan, out, now)) return false;
    range.end = range.begin + plan.payload_bytes;
    note_sent(plan, now);
  }
  if (!recovery_.on_probe_sent(range, again, now)) ++shared_->counters.send_times_merged;
  ++shared_->counters.loss_probes;
  timers_.cancel(TimerId::kLossDetection);
  arm_retransmit(now);
  return true;
}

std::uint32_t Connection::unsent_bytes() const {
  const SeqNum end = data_end();
  return snd_.nxt.before(end) ? end.raw() - snd_.nxt.raw() : 0;
}

std::uint32_t Connection::usable_window() const {
  const std::int32_t left = (snd_.una + snd_.wnd).since(snd_.nxt);
  return left > 0 ? static_cast<std::uint32_t>(left) : 0;
}

std::uint32_t Connection::congestion_room() const {
  // Who has a model of the path reduces by that.
  const bool reduces = recovery_.mode() == recovery::LossRecovery::Mode::kRecovery &&
                       !congestion_->wants_delivery_samples();
  const std::uint32_t cwnd = reduces ? recovery_.reduced_window() : congestion_->window_bytes();
  const std::uint32_t pipe = recovery_.pipe(snd_.una, snd_.max);
  return cwnd > pipe ? cwnd - pipe : 0;
}

/// Nagle's algorithm (RFC 9293 §3.7.4) in Minshall's variant, as Linux has it: a small segment
/// waits only while another small one is unacknowledged, so that the tail of a large write never
/// waits for the peer's delayed ACK.
bool Connection::may_send_small() const {
  return snd_.small_end.at_or_before(snd_.una) || options_.nodelay || fin_queued_;
}

/// The same with what TCP_CORK, MSG_MORE and TCP_NODELAY say to it.
bool Connection::may_send_tail() const {
  if (fin_queued_ || holding_.is_pushed(snd_.nxt)) return true;
  return !holding_.holds(options_.cork, snd_.nxt) && may_send_small();
}

/// How many bytes may go now, in whole segments where more follow: sender's silly-window avoidance
/// (RFC 9293 §3.8.6.2.1) and Nagle.
std::uint32_t Connection::sendable_bytes(std::uint32_t unsent, std::uint32_t segment) const {
  const std::uint32_t window = usable_window();
  std::uint32_t bytes = std::min({unsent, window, congestion_room(), largest_unit()});
  const std::uint32_t tail = tail_of(bytes, segment);
  if (tail == 0) return bytes;
  if (bytes == unsent) return may_send_tail() ? bytes : bytes - tail;
  // The offered window cuts a segment short: worth it if it is half of the largest ever offered.
  if (bytes == window && bytes < segment && bytes >= snd_.max_wnd / 2) return bytes;
  return bytes - tail;
}

[[gnu::flatten]] bool Connection::poll_new_data(OutPacket& out, Instant now) {
  const std::uint32_t unsent = unsent_bytes();
  const bool fin_due = fin_queued_ && snd_.nxt.at_or_before(data_end()) && !is_fin_acked();
  if (unsent == 0 && !fin_due) return false;
  if (!has_outstanding() && now - last_sent_ > rtt_.rto()) congestion_->on_idle_restart(now);

  if (mtu_search_ && poll_mtu_probe(out, now)) return true;
  const std::uint32_t segment = segment_payload();
  std::uint32_t bytes = 0;
  if (unsent > 0) {
    bytes = sendable_bytes(unsent, segment);
    if (bytes == 0) return false;
    if (ecn_.owes_cwr()) [[unlikely]] {
      bytes = std::min(bytes, segment);
    }
    if (send_buffer_.segments() > kMaxSlices) {
      bytes = send_buffer_.longest_carve(snd_.nxt.raw() - snd_.una_data.raw(), bytes, kMaxSlices);
    }
  }
  Plan plan{.seq = snd_.nxt,
            .payload_bytes = bytes,
            .flags = flag::kAck,
            .segment = segment,
            .is_new = bytes > 0};
  if (bytes == unsent) {
    // RFC 9293 §3.9.1.2: PSH with the last byte that the application has given.
    if (bytes > 0 && !holding_.is_unfinished()) plan.flags |= flag::kPsh;
    if (fin_due) plan.flags |= flag::kFin;
  }
  if (!emit(plan, out, now)) return false;
  note_sent(plan, now);
  return true;
}

bool Connection::poll_mtu_probe(OutPacket& out, Instant now) {
  const std::uint32_t bytes = mtu_probe_bytes(now);
  const std::uint32_t offset = snd_.nxt.raw() - snd_.una_data.raw();
  if (bytes == 0 || send_buffer_.longest_carve(offset, bytes, kMaxSlices) < bytes) return false;
  Plan plan{.seq = snd_.nxt, .payload_bytes = bytes, .flags = flag::kAck, .segment = bytes};
  if (!emit(plan, out, now)) return false;
  if (plan.payload_bytes == bytes) note_mtu_probe({snd_.nxt, snd_.nxt + bytes}, now);
  note_sent(plan, now);
  return true;
}

void Connection::note_sent(const Plan& plan, Instant now) {
  const bool idle = !has_outstanding();
  const std::uint32_t length = plan.payload_bytes + ((plan.flags & flag::kFin) != 0 ? 1 : 0);
  if (!idle) note_sent_behind(length);
  snd_.nxt += length;
  snd_.max = SeqNum::later(snd_.max, snd_.nxt);
  if (tail_of(plan.payload_bytes, plan.segment) != 0) snd_.small_end = snd_.nxt;
  if (idle) oldest_unacked_ = now;
  if (!timed_seq_ && recovery_.mode() == recovery::LossRecovery::Mode::kOpen) {
    timed_seq_ = plan.seq;
    timed_at_ = now;
  }
  last_sent_ = now;
  if (options_.unsent_low_water != 0) [[unlikely]] {
    notify();  // is_writable() looks at what is unsent
  }
  if (pacing_) note_paced(plan.payload_bytes, idle, now);
  note_window_use(recovery_.pipe(snd_.una, snd_.max), congestion_->window_bytes());
  timers_.cancel(TimerId::kPersist);
  if (!timers_.is_armed(TimerId::kRetransmit)) arm_retransmit(now);
  if (!idle || plan.payload_bytes > plan.segment) arm_loss_probe(now);
}

/// What is about to be noted as sent follows other data, whose time is to be kept.
void Connection::note_sent_behind(std::uint32_t bytes) {
  recovery_.on_sent(bytes);
  if (!(negotiated_.sack || pacing_) || snd_.nxt != snd_.max) return;
  if (!recovery_.before_send(snd_.una, snd_.max, last_sent_)) ++shared_->counters.send_times_merged;
}

/// A probe of a closed window carries the next byte (RFC 9293 §3.8.6.1), or the same one again; a
/// keepalive probe carries nothing and lies just outside the window (§3.8.4).
bool Connection::poll_probe(OutPacket& out, Instant now) {
  Plan plan{.seq = snd_.una, .flags = flag::kAck, .segment = segment_payload()};
  if (probe_pending_) {
    const bool again = has_outstanding();
    if (!again && unsent_bytes() == 0) {
      probe_pending_ = false;
      return false;
    }
    plan.seq = snd_.una;
    // A window too small for Nagle and silly-window avoidance is used up after all; a closed one
    // is knocked at with one byte.
    plan.payload_bytes = again
                             ? std::min(snd_.max.raw() - snd_.una.raw(), send_buffer_.size())
                             : std::clamp(std::min({usable_window(), unsent_bytes(), plan.segment}),
                                          1u, plan.segment);
  } else {
    plan.seq = snd_.una - 1;
  }
  if (!emit(plan, out, now)) return false;
  if (probe_pending_) {
    probe_pending_ = false;
    ++shared_->counters.zero_window_probes;
    snd_.nxt = SeqNum::later(snd_.nxt, plan.seq + plan.payload_bytes);
    snd_.max = SeqNum::later(snd_.max, snd_.nxt);
  } else {
    keepalive_pending_ = false;
    ++shared_->counters.keepalive_probes;
  }
  last_sent_ = now;
  return true;
}

bool Connection::emit_ack(OutPacket& out, Instant now) {
  Plan plan{.seq = snd_.nxt, .flags = flag::kAck, .segment = mss_};
  return emit(plan, out, now);
}

/// The bytes of `plan` by reference. Where descriptors for that have run out (they may all be in
/// send buffers that wait for this very call) the first segment goes as a copy, and the plan
/// shrinks to it: slow, but what is acknowledged gives descriptors back.
buf::Mbuf Connection::take_payload(Plan& plan, std::uint16_t header_room) {
  const std::uint32_t offset = plan.seq.raw() - snd_.una_data.raw();
  auto carved = send_buffer_.carve(offset, plan.payload_bytes, header_room, shared_->pools);
  if (carved) return *std::move(carved);
  auto copy = buf::Mbuf::adopt(shared_->pools.data->alloc());
  if (!copy) return copy;
  const std::uint32_t bytes =
      std::min({plan.payload_bytes, plan.segment, std::uint32_t{buf::tailroom(copy.get())}});
  if (bytes < plan.payload_bytes) {
    plan.payload_bytes = bytes;
    plan.flags = static_cast<std::uint8_t>(plan.flags & ~(flag::kPsh | flag::kFin));
  }
  auto room = copy.append(static_cast<std::uint16_t>(bytes));
  ZS_CHECK(room.has_value());
  send_buffer_.copy_out(offset, *room);
  shared_->counters.copied_bytes_out += bytes;
  return copy;
}

bool Connection::emit(Plan& plan, OutPacket& out, Instant now) {
  plan.flags |= ecn_.echo_flags();
  const bool tells_reduction = plan.is_new && ecn_.owes_cwr();
  if (tells_reduction) [[unlikely]] {
    plan.flags |= flag::kCwr;  // RFC 3168 §6.1.2
  }
  const std::uint16_t header = header_bytes();
  const auto header_room = static_cast<std::uint16_t>(header + OutPacket::kL2L3Room);
  out.packet = plan.payload_bytes > 0 ? take_payload(plan, header_room)
                                      : buf::Mbuf::adopt(shared_->pools.data->alloc());
  if (!out.packet || !put_header(plan, header, out, now)) [[unlikely]] {
    out.packet = {};
    on_no_buffers();
    return false;
  }
  out.hint = &egress_hint_;
  out.ecn = ecn_.field(plan.is_new);
  if (tells_reduction) [[unlikely]] {
    ecn_.on_cwr_sent();
  }
  out.confirms_neighbor = note_packet(plan.payload_bytes > 0, now);
  if (out.tso_segment != 0) [[unlikely]] {  // as many as the device makes of it (RFC 4022)
    shared_->counters.segments_out +=
        (out.packet.length() - out.header_bytes - 1) / out.tso_segment;
  }
  return true;
}

/// Puts the TCP header, of `size` bytes, in front of the payload. False without the headroom.
bool Connection::put_header(const Plan& plan, std::uint16_t size, OutPacket& out, Instant now) {
  const auto tso_segment = plan.payload_bytes > plan.segment
                               ? static_cast<std::uint16_t>(plan.segment)
                               : std::uint16_t{0};
  if (reports_sack()) [[unlikely]] {
    return put_header_with_sack(plan, tso_segment, out, now);
  }
  auto room = out.packet.prepend(size);
  if (!room) return false;
  // The device's sum covers each wire segment, whose length only it knows when it cuts.
  const std::uint32_t summed_length = tso_segment != 0 ? 0 : size + plan.payload_bytes;
  wire::write_plain_tcp(room->data(),
                        {.src_port = flow_.local.port,
                         .dst_port = flow_.remote.port,
                         .seq = plan.seq.raw(),
                         .ack = rcv_.nxt.raw(),
                         .flags = plan.flags,
                         .window = select_window(),
                         .checksum = wire::checksum_fold_in(pseudo_sum_, summed_length),
                         .header_bytes = usual_header_,
                         .timestamps = {timestamp_now(now), negotiated_.recent_timestamp}});
  out.flow = &flow_;
  out.header_bytes = static_cast<std::uint8_t>(size);
  out.tso_segment = tso_segment;
  return true;
}

bool Connection::put_header_with_sack(const Plan& plan, std::uint16_t tso_segment, OutPacket& out,
                                      Instant now) {
  wire::TcpHeaderSpec header;
  header.src_port = flow_.local.port;
  header.dst_port = flow_.remote.port;
  header.seq = plan.seq.raw();
  header.ack = rcv_.nxt.raw();
  header.flags = plan.flags;
  header.window = select_window();
  if (negotiated_.timestamps) {
    header.options.timestamps = {timestamp_now(now), negotiated_.recent_timestamp};
  }
  std::size_t blocks = 0;
  if (const auto duplicate = reassembly_.take_duplicate()) {
    header.options.sack[blocks++] = {duplicate->begin.raw(), duplicate->end.raw()};
    ++shared_->counters.duplicate_reports_out;
  }
  blocks += reassembly_.sack_blocks(std::span{header.options.sack}.subspan(blocks));
  header.options.sack_count = static_cast<std::uint8_t>(blocks);
  return build_packet(out, flow_, header, header.size(), tso_segment);
}

void Connection::on_no_buffers() {
  starved_ = true;
  ++shared_->counters.no_buffers;
  shared_->count(Drop::kNoBuffers);
}

std::uint16_t Connection::header_bytes() const {
  if (!reports_sack()) [[likely]] {
    return usual_header_;
  }
  wire::TcpHeaderSpec worst;
  if (negotiated_.timestamps) worst.options.timestamps.emplace();
  worst.options.sack_count = static_cast<std::uint8_t>(
      std::min<std::size_t>(reassembly_.reports(), wire::TcpOptions::kMaxSackBlocks));
  return static_cast<std::uint16_t>(worst.size());
}

std::uint32_t Connection::segment_payload_with_sack() const {
  const std::uint32_t more = std::uint32_t{header_bytes()} - usual_header_;
  return mss_ > more + kMinSegmentPayload ? mss_ - more : kMinSegmentPayload;
}

std::uint16_t Connection::mss_for_path(std::uint16_t mtu) const {
  std::uint32_t mss = std::min(mss_for_mtu(mtu, flow_), negotiated_.peer_mss);
  if (negotiated_.timestamps) mss -= wire::kAlignedTimestamps;
  return static_cast<std::uint16_t>(std::max(mss, kMinSegmentPayload));
}

void Connection::set_mss(std::uint16_t mtu) {
  mss_ = mss_for_path(mtu);
  usual_header_ = negotiated_.timestamps ? wire::kStampedTcpBytes : wire::kPlainTcpBytes;
  congestion_->on_mss_change(mss_);
}

std::uint32_t Connection::timestamp_now(Instant now) const {
  return shared_->milliseconds(now) + negotiated_.timestamp_offset;
}

WindowState Connection::window_state() const {
  // What the field cannot say is no room: a reader would otherwise announce growth for ever.
  const std::uint32_t sayable =
      std::min(kMaxUnscaledWindow << negotiated_.receive_scale, options_.window_bound());
  return {
      .offered = receive_window(),
      .free = std::min(receive_buffer_.window(ack_.full_size(), reassembly_.segments()), sayable),
      .capacity = std::min(receive_buffer_.capacity(), sayable),
      .mss = ack_.full_size()};
}

std::uint16_t Connection::select_window() {
  // What lacks is memory, not room: as Linux does since 6.6, no window until the peer asks again.
  // What was promised before is still taken if it can be.
  if (receive_buffer_.take_refusal()) [[unlikely]] {
    return 0;
  }
  // Silly-window avoidance lets the edge be most of the time: what the buffer could have at most
  // often says so already.
  const std::uint32_t offered = receive_window();
  if (offered > quiet_window_) [[likely]] {
    return static_cast<std::uint16_t>(offered >> negotiated_.receive_scale);
  }
  if (tuning_.is_due(keepalive_.heard())) [[unlikely]] {
    tune_receive_buffer();
  }
  const std::uint32_t most =
      std::min({receive_buffer_.capacity(), kMaxUnscaledWindow << negotiated_.receive_scale,
                options_.window_bound()});
  quiet_window_ = most - std::min(most / 2, ack_.full_size());
  const std::uint32_t shown =
      std::min(window_to_offer(window_state()) >> negotiated_.receive_scale, kMaxUnscaledWindow);
  // The field may round down, but what was promised before is still honoured.
  rcv_.advertised = SeqNum::later(rcv_.advertised, rcv_.nxt + (shown << negotiated_.receive_scale));
  return static_cast<std::uint16_t>(shown);
}

void Connection::advertise_growth() {
  if (!can_receive(state_) || !is_window_update_due(window_state())) return;
  ack_.request_now();
  schedule();
}

}  // namespace zs::tcp
