// How a connection begins: SYN-SENT and SYN-RECEIVED of RFC 9293 §3.5 and §3.10.7.3. Passive opens
// come ready-made from the SYN cache (tcp/handshake.cpp); SYN-RECEIVED here is the simultaneous
// open.

#include <algorithm>
#include <utility>

#include "tcp/connection.hpp"
#include "tcp/packet_builder.hpp"
#include "tcp/window_scale.hpp"
#include "wire/checksum.hpp"
#include "wire/protocol.hpp"

namespace zs::tcp {

namespace flag = wire::tcp_flag;

namespace {
constexpr std::uint32_t kMostOptionBytes = 40;
constexpr std::uint16_t kMostSynSlices = 40;
constexpr Duration kPatientHandshake = std::chrono::milliseconds{200};  ///< TCP_DELACK_MAX

Reassembly::Limits reassembly_limits(const ConnectionOptions& options, const Config& config) {
  Reassembly::Limits limits;
  limits.bytes = options.receive_buffer_bytes;
  limits.segments = config.receive_buffer_segments / 2;
  return limits;
}
}  // namespace

ConnectionOptions ConnectionOptions::from(const Config& config) {
  return {.send_buffer_bytes = config.send_buffer_bytes,
          .receive_buffer_bytes = config.receive_buffer_bytes,
          .nodelay = config.nodelay,
          .keepalive = config.keepalive,
          .keepalive_idle = config.keepalive_idle,
          .keepalive_interval = config.keepalive_interval,
          .keepalive_probes = config.keepalive_probes,
          .congestion = config.congestion,
          .user_timeout = config.user_timeout,
          .max_pacing_rate = Pacer::kUnlimited,
          .linger = std::nullopt};
}

Connection::Connection(Shared& shared, const Opening& opening, Instant now)
    : shared_(&shared),
      flow_(opening.flow),
      pseudo_sum_(wire::checksum_fold(wire::pseudo_header_sum(
          flow_.local.address, flow_.remote.address, wire::ip_protocol::kTcp, 0))),
      mtu_(opening.mtu),
      send_buffer_(opening.options.send_buffer_bytes),
      receive_buffer_(opening.options.receive_buffer_bytes, shared.config.receive_buffer_segments),
      ack_(shared.config.delayed_ack),
      rtt_(shared.config),
      last_sent_(now),
      oldest_unacked_(now),
      keepalive_(shared.config),
      congestion_(opening.options.congestion, {}),
      reassembly_(reassembly_limits(opening.options, shared.config)),
      options_(opening.options) {}

Connection::Connection(Shared& shared, const ActiveOpen& open, Instant now)
    : Connection(shared, Opening{open.flow, open.mtu, open.options}, now) {
  snd_.iss = snd_.una = snd_.nxt = snd_.max = snd_.small_end = open.iss;
  snd_.una_data = open.iss + 1;
  negotiated_.timestamp_offset = open.timestamp_offset;
  negotiated_.receive_scale = receive_scale(open.options, shared.config);
  if (!open.options.quick_ack) ack_.set_quick(0);
  if (open.fast_open) fast_open_ = std::make_unique<FastOpen>(*open.fast_open);
  syn_pending_ = !fast_open_ || !fast_open_->waits_for_data();
  ++shared.counters.active_opens;
  transition(State::kSynSent);
}

Connection::Connection(Shared& shared, const PassiveOpen& open, Instant now)
    : Connection(shared, Opening{open.flow, open.mtu, open.options}, now) {
  begin_passive(open, now);
  if (open.handshake_rtt) rtt_.on_sample(*open.handshake_rtt);
  if (open.handshake_repeated) retries_ = 1;
  if (negotiated_.ecn) ecn_.agree();
  establish(now);
}

Connection::Connection(Shared& shared, FastPassiveOpen&& fast, Instant now)
    : Connection(shared, Opening{fast.open.flow, fast.open.mtu, fast.open.options}, now) {
  begin_passive(fast.open, now);
  negotiated_.ecn = false;  // its SYN-ACK does not ask
  fast_open_ = std::move(fast.place);
  snd_.wnd = snd_.max_wnd = fast.peer_window;  // RFC 7323 §2.2: the window of a SYN is not scaled
  start_sending();
  syn_pending_ = true;
  ++shared.counters.fast_opens_passive;
  transition(State::kSynReceived);
}

void Connection::begin_passive(const PassiveOpen& open, Instant now) {
  negotiated_ = open.negotiated;
  snd_.iss = open.iss;
  snd_.una = snd_.nxt = snd_.max = snd_.una_data = snd_.small_end = open.iss + 1;
  // RFC 9293 §3.10.7.4 sets SND.WND from the handshake's ACK: this makes that ACK an update.
  snd_.wl1 = open.irs;
  snd_.wl2 = open.iss;
  rcv_.irs = open.irs;
  rcv_.nxt = rcv_.last_ack_sent = open.irs + 1;
  rcv_.advertised = rcv_.nxt + open.receive_window;
  recent_timestamp_at_ = now;
  ++shared_->counters.passive_opens;
}

Connection::~Connection() {
  if (static_cast<ListHook<TransmitTag>&>(*this).is_linked()) shared_->transmit.erase(*this);
  if (static_cast<ListHook<ChangedTag>&>(*this).is_linked()) shared_->changed.erase(*this);
}

void Connection::start_sending() {
  begin_mtu_search();
  set_mss(mtu_);
  // RFC 6928 §2, RFC 5681 §3.1: a lost SYN is a sign of congestion, so begin with one segment.
  const std::uint32_t segments = retries_ > 0 ? 1 : shared_->config.initial_window_segments;
  congestion_.select(options_.congestion, cc_parameters(segments));
  ecn_.set_exact(options_.congestion == CongestionAlgorithm::kDctcp);
  select_pacing();
  tune_send_buffer();
}

void Connection::establish(Instant now) {
  start_sending();
  fast_open_.reset();
  timers_.cancel(TimerId::kRetransmit);
  if (retries_ > 0) rtt_.on_handshake_repeated();
  retries_ = 0;
  forward_progress_ = true;
  transition(State::kEstablished);
  if (fin_queued_) transition(State::kFinWait1);  // close() during a simultaneous open
  restart_keepalive(now);
  begin_tuning(now);
  if (has_outstanding()) arm_retransmit(now);  // of a fast open, which did not wait
}

cc::Parameters Connection::cc_parameters(std::uint32_t initial_segments) const {
  const Config& config = shared_->config;
  const bool is_cubic = options_.congestion == CongestionAlgorithm::kCubic;
  return {.mss = mss_,
          .initial_window = cc::initial_window(initial_segments, mss_),
          .hystart = config.hystart == HyStartUse::kEverybody ||
                     (config.hystart == HyStartUse::kCubic && is_cubic),
          .ecn_alternative_backoff = config.ecn_alternative_backoff,
          .smoothed_rtt = rtt_.srtt(),
          .seed = snd_.iss.raw()};
}

void Connection::accept_peer_syn(const Segment& segment, Instant now) {
  const wire::TcpOptions& o = segment.options;
  const Config& config = shared_->config;
  rcv_.irs = segment.seq;
  rcv_.nxt = rcv_.last_ack_sent = segment.seq + 1;
  rcv_.advertised = rcv_.nxt + syn_window(options_);
  negotiated_.peer_mss = std::min(clamp_peer_mss(o.mss, flow_), options_.segment_bound());
  negotiated_.sack = config.sack && o.sack_permitted;
  negotiated_.timestamps = config.timestamps && o.timestamps.has_value();
  negotiated_.window_scaling = config.window_scaling && o.window_scale.has_value();
  if (negotiated_.window_scaling) {
    negotiated_.send_scale = std::min(*o.window_scale, kMaxWindowScale);
  } else {
    negotiated_.receive_scale = 0;
  }
  if (negotiated_.timestamps) {
    negotiated_.recent_timestamp = o.timestamps->value;
    recent_timestamp_at_ = now;
  }
  const bool setup = segment.has(flag::kAck) ? Ecn::is_setup_syn_ack(segment.flags)
                                             : Ecn::is_setup_syn(segment.flags);
  if (ecn_.is_offered() && setup) ecn_.agree();
  quiet_window_ = UINT32_MAX;
  // RFC 7323 §2.2: the window field of a SYN is never scaled.
  snd_.wnd = snd_.max_wnd = segment.window;
  snd_.wl1 = segment.seq;
  snd_.wl2 = segment.has(flag::kAck) ? segment.ack : snd_.iss;
}

/// RFC 9293 §3.10.7.3.
void Connection::on_syn_sent_segment(Segment& segment, Instant now) {
  bool ack_acceptable = false;
  if (segment.has(flag::kAck)) {
    if (segment.ack.at_or_before(snd_.iss) || segment.ack.after(snd_.max)) {
      if (!segment.has(flag::kRst)) shared_->reply(reset_for(segment));
      shared_->count(Drop::kTcpBadAck);
      return;
    }
    ack_acceptable = true;
  }
  if (segment.has(flag::kRst)) {
    // RFC 5961 §3.2 lets a reset without an ACK of our SYN pass unheard.
    if (!ack_acceptable) return;
    if (!ecn_.is_offered()) return close_with(Errc::kConnRefused);
    // RFC 3168 §6.1.1.1: there are faulty machines that refuse the bits and not the connection.
    withdraw_ecn();
    syn_pending_ = true;
    return;
  }
  if (!segment.has(flag::kSyn)) {
    shared_->count(Drop::kTcpBadFlags);
    return;
  }
  accept_peer_syn(segment, now);
  ack_.request_now();
  if (!ack_acceptable) {
    transition(State::kSynReceived);
    syn_pending_ = true;
    return;
  }
  snd_.una = snd_.iss + 1;
  sample_handshake(segment, now);
  learn_from_syn_ack(segment, now);
  establish(now);
  settle_syn_data(segment, now);
  if (options_.defer_accept != 0 || !ack_.is_quick()) {
    // As Linux does for a socket that is to speak first: the request will carry it.
    ack_.postpone(now + kPatientHandshake);
  }
  segment.seq += 1;  // the SYN is dealt with; what is left is text and FIN
  segment.flags = static_cast<std::uint8_t>(segment.flags & ~flag::kSyn);
  process_payload(segment, now);
  process_fin(now);
}

wire::TcpOptions Connection::syn_options() const {
  const Config& config = shared_->config;
  const bool answering = state_ == State::kSynReceived;
  wire::TcpOptions o;
  o.mss = std::min(mss_for_mtu(mtu_, flow_), options_.segment_bound());
  if (answering ? negotiated_.sack : config.sack) o.sack_permitted = true;
  if (answering ? negotiated_.window_scaling : config.window_scaling) {
    o.window_scale = negotiated_.receive_scale;
  }
  // A repeated SYN goes without, for it may be the option that gets lost (RFC 7413 §4.1.3).
  if (fast_open_ && retries_ == 0) {
    o.fast_open = answering ? fast_open_->fresh_cookie() : fast_open_->known().cookie;
  }
  return o;
}

/// RFC 3168 §6.1.1. A SYN that is sent again goes without, and so does the connection: something on
/// the way may drop what has the bits (§6.1.1.1).
std::uint8_t Connection::ecn_flags_of_syn() {
  if (state_ == State::kSynReceived) return ecn_.is_on() ? flag::kEce : std::uint8_t{0};
  const bool wanted =
      shared_->config.ecn == EcnMode::kOn || options_.congestion == CongestionAlgorithm::kDctcp;
  if (!wanted || !ecn_.may_offer()) return 0;
  ecn_.offer();
  return Ecn::kSetup;
}

void Connection::withdraw_ecn() {
  if (!ecn_.is_offered()) return;
  ecn_.withdraw();
  ++shared_->counters.ecn_fallbacks;
}

bool Connection::poll_handshake(OutPacket& out, Instant now) {
  if (!syn_pending_) return false;
  const bool answering = state_ == State::kSynReceived;
  ControlReply syn;
  syn.flow = flow_;
  syn.seq = snd_.iss;
  syn.flags = flag::kSyn | ecn_flags_of_syn();
  syn.ecn = ecn_.control_field(options_.congestion);
  syn.window = syn_window(options_);
  if (answering && fast_open_) {  // part of the buffer may be in use
    syn.window = static_cast<std::uint16_t>(std::min<std::uint32_t>(
        syn.window, receive_buffer_.window(ack_.full_size(), reassembly_.segments())));
    rcv_.advertised = SeqNum::later(rcv_.advertised, rcv_.nxt + syn.window);
  }
  syn.options = syn_options();
  if (answering) {
    syn.flags |= flag::kAck;
    syn.ack = rcv_.nxt;
  }
  if (answering ? negotiated_.timestamps : shared_->config.timestamps) {
    syn.options.timestamps = {timestamp_now(now), answering ? negotiated_.recent_timestamp : 0};
  }
  if (!put_syn(syn, out)) {
    on_no_buffers();
    return false;
  }
  syn_pending_ = false;
  snd_.nxt = snd_.max = SeqNum::later(snd_.max, snd_.iss + 1);
  last_sent_ = now;
  if (retries_ == 0) {
    timed_seq_ = snd_.iss;
    timed_at_ = now;
    oldest_unacked_ = now;
  }
  timers_.set(TimerId::kRetransmit, now + rtt_.rto());
  ack_.settle();
  out.hint = &egress_hint_;
  return true;
}

/// A SYN that takes data along (RFC 7413 §4.2.1) has its first segment's worth, by reference.
bool Connection::put_syn(const ControlReply& syn, OutPacket& out) {
  const bool takes_data = state_ == State::kSynSent && fast_open_ && retries_ == 0 &&
                          fast_open_->known().cookie.length > 0 && !send_buffer_.empty();
  if (!takes_data) return build_control(*shared_, syn, out);
  wire::TcpHeaderSpec header = control_header(syn);
  const auto header_bytes = static_cast<std::uint16_t>(header.size());
  // The MSS counts no options (RFC 6691): leave room for as many as there may be.
  const std::uint32_t mss =
      std::min({mss_for_mtu(mtu_, flow_), fast_open_->known().mss, options_.segment_bound()});
  const std::uint32_t room = mss > kMostOptionBytes ? mss - kMostOptionBytes : 0;
  Plan plan{.seq = snd_.iss + 1, .segment = std::max(room, 1u)};
  plan.payload_bytes =
      send_buffer_.longest_carve(0, std::min(room, send_buffer_.size()), kMostSynSlices);
  if (plan.payload_bytes == 0) return build_control(*shared_, syn, out);
  out.packet = take_payload(plan, static_cast<std::uint16_t>(header_bytes + OutPacket::kL2L3Room));
  if (!out.packet || !build_packet(out, flow_, header, header_bytes)) {
    out.packet = {};
    return false;
  }
  out.confirms_neighbor = false;
  ++shared_->counters.segments_out;
  snd_.max = plan.seq + plan.payload_bytes;
  return true;
}

/// Of what a SYN with the option has taught about the server (RFC 7413 §4.1.3, §4.2.2).
void Connection::learn_from_syn_ack(const Segment& segment, Instant now) {
  if (!fast_open_) return;
  const IpAddress& server = flow_.remote.address;
  const auto& cookie = segment.options.fast_open;
  const bool takes_data = segment.ack.after(snd_.iss + 1);
  if (takes_data) shared_->fast_opens.on_success(server);
  if (cookie && cookie->length > 0) {
    shared_->fast_opens.store(server, *cookie, negotiated_.peer_mss);
  } else if (retries_ > 0 && !takes_data) {
    shared_->fast_opens.on_loss(server, now);
  }
}

/// What the SYN carried and the SYN-ACK does not acknowledge is sent again at once, as ordinary
/// data (RFC 7413 §4.2.2): it was refused, which is no sign of congestion.
void Connection::settle_syn_data(const Segment& segment, Instant now) {
  if (!has_outstanding()) return;
  if (segment.ack.after(snd_.una)) {
    negotiated_.syn_data = true;
    ++shared_->counters.fast_opens_active;
    on_bytes_acknowledged(segment.ack, now);
  } else {
    ++shared_->counters.fast_opens_refused;
  }
  if (!has_outstanding()) return;
  recovery_.on_packet_too_big(flight(now));
  arm_retransmit(now);
  timers_.cancel(TimerId::kLossDetection);
}

void Connection::on_syn_data(Segment& segment, Instant now) {
  const std::uint32_t bytes = std::min(segment.payload_bytes, receive_window());
  if (bytes > 0 && receive_buffer_.admit(*shared_->pools.data, segment.payload->nb_segs)) {
    negotiated_.syn_data = true;
    segment.payload.truncate(bytes);
    accept_in_order(std::move(segment.payload), bytes, segment.segment_size, now);
  }
  schedule();
}

/// A server's answer need not wait for the handshake's end (RFC 7413 §4.2.2).
bool Connection::poll_early_data(OutPacket& out, Instant now) {
  if (!may_write_early() || !poll_new_data(out, now)) return false;
  timers_.cancel(TimerId::kLossDetection);  // what goes again first is the SYN-ACK
  return true;
}

}  // namespace zs::tcp
