#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/intrusive_list.hpp"
#include "base/result.hpp"
#include "base/time.hpp"
#include "buf/chain.hpp"
#include "tcp/ack_policy.hpp"
#include "tcp/audit.hpp"
#include "tcp/buffer_tuning.hpp"
#include "tcp/cc/controller.hpp"
#include "tcp/challenge.hpp"
#include "tcp/connection_options.hpp"
#include "tcp/ecn.hpp"
#include "tcp/holding.hpp"
#include "tcp/keepalive.hpp"
#include "tcp/mtu_search.hpp"
#include "tcp/opening.hpp"
#include "tcp/pacing.hpp"
#include "tcp/progress.hpp"
#include "tcp/reassembly.hpp"
#include "tcp/receive_buffer.hpp"
#include "tcp/recovery/loss_recovery.hpp"
#include "tcp/rtt.hpp"
#include "tcp/seat.hpp"
#include "tcp/segment.hpp"
#include "tcp/send_buffer.hpp"
#include "tcp/shared.hpp"
#include "tcp/soft_error.hpp"
#include "tcp/state.hpp"
#include "tcp/timers.hpp"
#include "timer/wheel.hpp"
#include "wire/plain_tcp.hpp"

namespace zs::tcp {

struct AcceptTag;
struct Info;

/// The protocol machine of one TCP connection (RFC 9293).
///
/// It performs no I/O, reads no clock and never calls back into its owner.
///
///   in    on_segment()        a segment arrived
///         on_deadline()       time passed
///         write(), close(), … the application asked
///   out   poll_transmit()     what to put on the wire now
///         next_deadline()     when to come back
///         (Shared::changed)   what to tell the socket layer
///
/// Every "in" call links the connection into Shared::transmit; whoever drains that list calls
/// poll_transmit() until it returns nothing and then re-arms the timer from next_deadline().
/// A spurious on_deadline() is harmless.
class Connection : public timer::Entry,
                   public ListHook<TransmitTag>,
                   public ListHook<ChangedTag>,
                   public ListHook<AcceptTag> {
 public:
  static constexpr std::uint32_t kNoOwner = UINT32_MAX;

  Connection(Shared& shared, const ActiveOpen& open, Instant now);
  Connection(Shared& shared, const PassiveOpen& open, Instant now);
  Connection(Shared& shared, FastPassiveOpen&& fast, Instant now);
  ~Connection();

  // In: the network and time.
  void on_segment(Segment&& segment, Instant now);
  /// Whether `segment` is what the connection expects next: then on_predicted() may take the place
  /// of on_segment(), with the same effect.
  bool predicts(const wire::PlainTcp& segment) const;
  /// Takes over the frame of a segment that is predicted, with the headers that `segment`
  /// describes. `segment_size` as in Segment.
  void on_predicted(const wire::PlainTcp& segment, rte_mbuf* frame, std::uint16_t segment_size,
                    Instant now);
  /// What a good fast open's SYN carried; once, before all else.
  void on_syn_data(Segment& segment, Instant now);
  void on_deadline(Instant now);
  void on_icmp_error(Errc error, SeqNum seq, Instant now);
  void on_packet_too_big(SeqNum seq, std::uint16_t mtu, Instant now);

  // In: the application.
  /// kAgain without the room, kMessageSize if it can never fit, kPipe after shutdown,
  /// kNotConnected, or the reason of the connection's end. On error the chain stays with the
  /// caller.
  /// `more` is to follow at once (MSG_MORE): what is less than a segment waits for it.
  Result<void> write(buf::Chain& chain, bool more = false);
  /// The short way of write(). False: nothing was done.
  bool write_steadily(buf::Chain& chain) {
    if (!steady_ || !send_buffer_.append_one(chain)) return false;
    write_wanted_ = 0;
    schedule_data();
    return true;
  }
  Result<std::size_t> write_copy(std::span<const std::byte> bytes, bool more = false);
  /// At most `limit` bytes; an empty chain is the end of the stream; kAgain.
  Result<buf::Chain> read(std::uint32_t limit);
  /// The short way of read(): whether it would give everything there is, and that.
  bool has_whole(std::uint32_t limit) const {
    return receive_buffer_.size() - 1 < limit && receive_buffer_.is_one_packet();
  }
  buf::Chain take_whole() {
    buf::Chain chain = receive_buffer_.take_all();
    advertise_after_read();
    return chain;
  }
  /// What read() would give, by descriptors of its own: the bytes, and an error, stay.
  Result<buf::Chain> peek(std::uint32_t limit) const;
  Result<std::size_t> read_copy(std::span<std::byte> out);
  void shutdown_read();
  void shutdown_write();
  /// The socket is gone: FIN after what was written, or RST if received data was never read
  /// (RFC 2525 §2.17) or linger is zero. The connection lives on as an orphan until is_finished().
  void close(Instant now);
  void abort();

  // Out.
  /// True: `out` is what to send, and there may be more.
  [[nodiscard, gnu::noinline]] bool poll_transmit(OutPacket& out, Instant now);
  /// The short way for the one message that a connection in its stride has to send: true if `out`
  /// is it and nothing more is to be said for now. False: nothing was done, ask poll_transmit().
  [[nodiscard]] bool poll_steady(SteadyPacket& out, Instant now);
  const EgressHint& egress_hint() const { return egress_hint_; }
  /// False after poll_transmit() has given a packet: that was the last one for now.
  bool may_have_more_to_send(Instant now) const;
  Instant next_deadline() const { return timers_.earliest(); }
  /// Whether the wheel must hear of next_deadline() after a packet of poll_steady(), which sets no
  /// other timers forward than those of losses (and keepalive's, whose options may be new).
  bool is_wheel_late() const {
    return timers_.at(TimerId::kRetransmit) < deadline() ||
           timers_.at(TimerId::kLossDetection) < deadline() || options_.keepalive;
  }

  /// When pacing lets go on what waits for nothing else. It is an entry of the pacing wheel then.
  std::optional<Instant> pacing_deadline(Instant now) const;
  Pacing* pacing() { return pacing_.get(); }

  // Getters.
  const FlowKey& flow() const { return flow_; }
  State state() const { return state_; }
  /// Nothing was sent yet: the SYN waits for the first write(), to take it along (RFC 7413).
  bool waits_to_open() const {
    return state_ == State::kSynSent && fast_open_ && fast_open_->waits_for_data();
  }
  bool is_readable() const;  ///< enough data, end of stream or an error to collect
  /// is_readable() of one that is_in_stride().
  bool has_data() const { return receive_buffer_.size() > 0; }
  bool is_writable() const;
  bool peer_closed() const { return peer_closed_; }
  bool both_closed() const;
  /// Open both ways, without an error.
  bool is_in_stride() const { return steady_; }
  Errc error() const { return error_; }
  Errc take_error();
  Progress progress() const;
  bool is_orphan() const { return orphan_; }
  /// Nothing left to do for anybody: the owner may destroy it.
  bool is_finished() const { return state_ == State::kClosed && orphan_ && !reset_pending_; }
  std::uint32_t owner() const { return owner_; }
  void set_owner(std::uint32_t owner) { owner_ = owner; }
  Listener* listener() const { return listener_; }
  void set_listener(Listener* listener) { listener_ = listener; }
  /// Where its borrower looks for it, or nullptr.
  Seat* seat() const { return seat_; }
  void set_seat(Seat* seat) { seat_ = seat; }
  ConnectionOptions& options() { return options_; }
  /// To be called after a change through options().
  void on_options_changed(Instant now);
  /// TCP_NODELAY was set: what waits to be sent waits no longer, corked or not.
  void push();
  bool is_quick_ack() const { return ack_.is_quick(); }
  void set_quick_ack(int value);  ///< TCP_QUICKACK
  /// Payload bytes of a full segment, SendMSS less the usual options (TCP_MAXSEG).
  std::uint16_t segment_bytes() const { return mss_; }

  // What a TIME-WAIT record needs (engine).
  struct TimeWaitState {
    SeqNum snd_nxt, rcv_nxt;
    bool timestamps = false;
    std::uint32_t recent_timestamp = 0, timestamp_offset = 0;
    Instant expiry;
  };
  TimeWaitState time_wait_state() const;
  Info info(Instant now) const;  ///< info.cpp

  /// audit.cpp: what is broken in a connection that nobody works on now, or nullptr. `last` is of
  /// this function's last call; begin with an empty one.
  const char* audit(Audit& last) const;

 private:
  friend struct Dormancy;
  enum class Step : bool { kStop, kContinue };

  /// What both ways to open begin with.
  struct Opening {
    const FlowKey& flow;
    std::uint16_t mtu;
    const ConnectionOptions& options;
  };
  Connection(Shared& shared, const Opening& opening, Instant now);

  // arrival.cpp: RFC 9293 §3.10.7.4 in its order.
  void on_synchronized_segment(Segment& segment, Instant now);
  Step check_timestamps(const Segment& segment, Instant now);
  Step check_sequence(Segment& segment, Instant now);
  Step check_reset(const Segment& segment, Instant now);
  Step check_syn(const Segment& segment, Instant now);
  Step check_ack(const Segment& segment, Instant now);
  void process_ack(const Segment& segment, Instant now);
  Step process_ack_by_state(Instant now);
  void process_payload(Segment& segment, Instant now);
  void hear_mark(const Segment& segment, Instant now);
  void process_fin(Instant now);
  void trim_to_window(Segment& segment);
  void update_recent_timestamp(const Segment& segment, Instant now);
  void update_send_window(const Segment& segment);
  void on_bytes_acknowledged(SeqNum ack, Instant now);
  /// What the verdict on losses means to the window, and to the timers.
  struct AckEffect {
    std::uint32_t flight_size = 0;  ///< before (RFC 5681 §2), without limited transmit
    bool una_advanced = false;
  };
  void apply(const recovery::LossRecovery::Verdict& verdict, const AckEffect& effect, Instant now);
  recovery::LossRecovery::Flight flight(Instant now) const;
  std::uint32_t flight_size() const {
    return std::min(snd_.max.raw() - snd_.una.raw(), congestion_->window_bytes());
  }
  /// When what this acknowledgement answers had been sent at the latest, by its echo (RFC 7323 §4).
  std::optional<Instant> echoed_before(const Segment& segment, Instant now) const;
  /// What the congestion controller hears of an acknowledgement.
  struct Acked {
    std::uint32_t newly_acked = 0;
    std::uint32_t in_flight = 0;  ///< before it
    std::optional<Duration> rtt;
    bool app_limited = false;
    bool echo = false;  ///< it tells of congestion (ECE)
  };
  [[gnu::noinline]] void grow_window(const Acked& acked, Instant now);
  void on_predicted_ack(SeqNum ack, Instant now);
  bool hear_echo(const Segment& segment, std::uint32_t flight_size, Instant now);
  void reduce_window(cc::LossKind kind, std::uint32_t flight_size, Instant now) {
    congestion_->on_loss(kind, now, flight_size);
    ecn_.on_window_reduced(snd_.max);
  }
  void forget_cwnd_limit(SeqNum ack) {
    if (cwnd_limited_until_ && ack.at_or_after(*cwnd_limited_until_)) cwnd_limited_until_.reset();
  }
  std::optional<Duration> rtt_sample(const Segment& segment, std::optional<Duration> delivered,
                                     Instant now);
  std::optional<Duration> timed_sample(SeqNum ack, Instant now);
  std::optional<Duration> echoed_round_trip(const Segment& segment, Instant now) const;
  void sample_handshake(const Segment& segment, Instant now);
  void accept_in_order(buf::Mbuf payload, std::uint32_t bytes, std::uint16_t segment_size,
                       Instant now);
  void challenge(Instant now);
  void reply_duplicate_ack(const Segment& segment, Instant now);
  void report_duplicate(const SeqRange& range) {
    if (negotiated_.sack) reassembly_.report_duplicate(range);
  }

  // open.cpp: SYN-SENT, SYN-RECEIVED.
  void begin_passive(const PassiveOpen& open, Instant now);
  void start_sending();
  /// The application may write, though the handshake is not over (RFC 7413).
  bool may_write_early() const {
    return waits_to_open() ||
           (state_ == State::kSynReceived && fast_open_ && fast_open_->is_server());
  }
  bool poll_early_data(OutPacket& out, Instant now);
  bool put_syn(const ControlReply& syn, OutPacket& out);
  void learn_from_syn_ack(const Segment& segment, Instant now);
  void settle_syn_data(const Segment& segment, Instant now);
  void on_syn_sent_segment(Segment& segment, Instant now);
  void accept_peer_syn(const Segment& segment, Instant now);
  void establish(Instant now);
  bool poll_handshake(OutPacket& out, Instant now);
  std::uint8_t ecn_flags_of_syn();
  void withdraw_ecn();
  cc::Parameters cc_parameters(std::uint32_t initial_segments) const;
  wire::TcpOptions syn_options() const;

  // close.cpp.
  void transition(State to);
  void close_with(Errc reason);
  void reset_with(Errc reason);
  void enter_time_wait(Instant now);
  void queue_fin();
  bool poll_reset(OutPacket& out, Instant now);

  // timeout.cpp.
  void on_retransmit_timeout(Instant now);
  void on_loss_detection_timeout(Instant now);
  void on_loss_probe_timeout(Instant now);
  void on_persist_timeout(Instant now);
  void on_keepalive_timeout(Instant now);
  void on_lifetime_timeout(Instant now);
  bool has_outlived_user_timeout(Instant now) const;
  Duration fin_wait_2_time() const;
  void restart_keepalive(Instant now);
  void arm_retransmit(Instant now) {
    // With SACK, what expires then is a probe's timer (RFC 8985 §7.2).
    const bool probes = negotiated_.sack && recovery_.may_probe();
    Instant at = now.later_by(probes ? rtt_.lone_timeout() : rtt_.rto());
    if (options_.user_timeout > Duration::zero()) [[unlikely]] {
      // The back-off must not sleep through the user timeout.
      at = std::min(at, std::max(oldest_unacked_ + options_.user_timeout, now));
    }
    timers_.set(TimerId::kRetransmit, at);
  }
  /// Out of line: a request and its response do without (ADR 12).
  [[gnu::noinline]] void arm_loss_probe(Instant now);
  void update_persist(Instant now);

  // output.cpp.
  struct Plan {
    SeqNum seq;
    std::uint32_t payload_bytes = 0;
    std::uint8_t flags = 0;
    std::uint32_t segment = 0;  ///< segment_payload()
    bool is_new = false;        ///< never sent before, and nobody's probe
  };
  bool poll_by_state(OutPacket& out, Instant now);
  bool poll_segment(OutPacket& out, Instant now);
  bool poll_data(OutPacket& out, Instant now);
  bool poll_retransmission(OutPacket& out, Instant now);
  bool resend(SeqRange& range, OutPacket& out, Instant now);
  bool poll_loss_probe(OutPacket& out, Instant now);
  bool poll_new_data(OutPacket& out, Instant now);
  bool poll_probe(OutPacket& out, Instant now);
  bool poll_mtu_probe(OutPacket& out, Instant now);
  /// Builds the packet, or finds no buffer. May shorten the plan; what it says afterwards is what
  /// was sent.
  bool emit(Plan& plan, OutPacket& out, Instant now);
  buf::Mbuf take_payload(Plan& plan, std::uint16_t header_room);
  bool put_header(const Plan& plan, std::uint16_t size, OutPacket& out, Instant now);
  [[gnu::noinline]] bool put_header_with_sack(const Plan& plan, std::uint16_t tso_segment,
                                              OutPacket& out, Instant now);
  /// What lies out of order, or came twice, is told in SACK blocks, so that the header is longer
  /// than usual.
  bool reports_sack() const { return negotiated_.sack && reassembly_.has_report(); }
  /// Bytes of the TCP header that the next segment will carry.
  std::uint16_t header_bytes() const;
  [[gnu::noinline]] std::uint32_t segment_payload_with_sack() const;
  bool emit_ack(OutPacket& out, Instant now);
  /// Whatever a packet carries, it acknowledges. True if the peer has answered since the last.
  bool note_packet(bool has_payload, Instant now) {
    if (has_payload) {
      ack_.on_reply_sent(now);
    } else {
      ack_.on_bare_ack_sent(now);
    }
    timers_.cancel(TimerId::kDelayedAck);
    rcv_.last_ack_sent = rcv_.nxt;
    ++shared_->counters.segments_out;
    return std::exchange(forward_progress_, false);
  }
  /// RFC 7661 §4.3: growth is earned by a window that was in use; in slow start half of it will do.
  void note_window_use(std::uint32_t pipe, std::uint32_t cwnd) {
    if (pipe + std::max<std::uint32_t>(pipe, mss_) <= cwnd) [[likely]] {
      return;
    }
    if (pipe + mss_ > cwnd || congestion_->is_slow_start()) cwnd_limited_until_ = snd_.nxt;
  }
  void note_sent(const Plan& plan, Instant now);
  [[gnu::noinline]] void note_sent_behind(std::uint32_t bytes);
  /// note_sent() of a segment in the connection's stride.
  [[gnu::noinline]] void note_steadily_behind(std::uint32_t bytes, Instant now);
  std::uint32_t sendable_bytes(std::uint32_t unsent, std::uint32_t segment) const;
  std::uint32_t usable_window() const;
  std::uint32_t congestion_room() const;
  bool may_send_small() const;
  bool may_send_tail() const;
  bool has_enough_unsent() const;
  Errc refuses_write() const;
  void on_written(bool more);
  /// Payload of a full segment with the options that the next one will carry (RFC 6691 §3).
  std::uint32_t segment_payload() const {
    if (!reports_sack()) [[likely]] {
      return mss_;
    }
    return segment_payload_with_sack();
  }
  std::uint16_t select_window();
  WindowState window_state() const;

  // mtu_probe.cpp
  void begin_mtu_search();
  void retreat_from_black_hole();
  bool is_probing_mtu() const { return mtu_search_ && mtu_search_->probe(); }
  std::uint32_t mtu_probe_bytes(Instant now);
  void note_mtu_probe(const SeqRange& range, Instant now);
  void judge_mtu_probe();
  bool is_only_mtu_probe_lost(const recovery::LossRecovery::Verdict& verdict) const;
  void on_mtu_probe_lost(Instant now);
  void give_up_mtu_probe(const SeqRange& resent, Instant now);

  // pacing.cpp
  void select_pacing();
  bool is_paced_out(Instant now) const { return pacing_ && pacing_->pacer.holds(now); }
  std::uint64_t pacing_rate() const;
  std::uint32_t paced_quantum() const;
  /// Most bytes that one packet may carry.
  std::uint32_t largest_unit() const {
    return pacing_ ? paced_quantum() : shared_->config.max_tso_bytes;
  }
  void note_paced(std::uint32_t bytes, bool from_idle, Instant now);
  void note_app_limited();
  void sample_delivery(const recovery::LossRecovery::Verdict& verdict, std::optional<Duration> rtt,
                       Instant now);
  void on_no_buffers();

  // buffer_tuning.cpp
  [[gnu::noinline]] void tune_receive_buffer();
  [[gnu::noinline]] void tune_send_buffer();
  void begin_tuning(Instant now);
  void set_receive_capacity(std::uint32_t bytes);

  // audit.cpp
  const char* audit_sending() const;
  const char* audit_receiving() const;
  const char* audit_progress(const Audit& last) const;

  void describe_loss(Info& info) const;

  // Helpers.
  /// Ends whatever may have changed more than the data in the buffers.
  void schedule() {
    steady_ = is_steady();
    schedule_data();
  }
  void schedule_data() { shared_->transmit.push_back_once(*this); }
  /// In its stride: nothing is asked of it but to move data, and the network has nothing in store.
  /// Kept in steady_, where the short ways look (prediction.cpp).
  bool is_steady() const {
    return state_ == State::kEstablished && !orphan_ && !fin_queued_ && !read_shutdown_ &&
           !rcv_.fin && !reset_pending_ && !probe_pending_ && !keepalive_pending_ && !starved_ &&
           snd_.nxt == snd_.max && recovery_.is_quiet() && !reassembly_.has_report() &&
           !timers_.is_armed(TimerId::kPersist) && !holding_.is_unfinished() &&
           !options_.are_unusual() && ecn_.is_quiet() && !pacing_ && !is_probing_mtu();
  }
  void notify() {
    if (owner_ != kNoOwner) shared_->changed.push_back_once(*this);
  }
  void set_mss(std::uint16_t mtu);
  std::uint16_t mss_for_path(std::uint16_t mtu) const;
  std::uint32_t timestamp_now(Instant now) const;
  /// Bytes written but never sent.
  std::uint32_t unsent_bytes() const;
  SeqNum data_end() const { return snd_.una_data + send_buffer_.size(); }
  bool fin_sent() const { return fin_queued_ && snd_.max == data_end() + 1; }
  bool is_fin_acked() const { return fin_queued_ && snd_.una == data_end() + 1; }
  bool has_outstanding() const { return snd_.una != snd_.max; }
  std::uint32_t receive_window() const { return rcv_.advertised.raw() - rcv_.nxt.raw(); }
  void advertise_after_read() {
    // Most reads come long before the window is worth a word: what could be said at most is known
    // without looking for it.
    const std::uint32_t most = receive_buffer_.capacity();
    if (receive_window() >= ack_.full_size() && most - most / 4 < receive_window()) [[likely]] {
      return;
    }
    advertise_growth();
  }
  [[gnu::noinline]] void advertise_growth();

  /// Send sequence space (RFC 9293 figure 3):
  ///
  ///        1         2          3          4
  ///   ----------|----------|----------|----------
  ///          SND.UNA    SND.NXT    SND.UNA
  ///                               +SND.WND
  ///
  ///   1 acknowledged · 2 sent · 3 may be sent · 4 may not yet
  struct SendSpace {
    SeqNum una;
    SeqNum nxt;
    SeqNum max;       ///< highest SND.NXT ever; differs from nxt while a probe byte is taken back
    SeqNum una_data;  ///< sequence number of the send buffer's first byte
    SeqNum wl1, wl2;
    SeqNum iss;
    SeqNum small_end;  ///< end of the last segment below one MSS (Nagle by Minshall's variant)
    std::uint32_t wnd = 0;
    std::uint32_t max_wnd = 0;
  } snd_;

  struct ReceiveSpace {
    SeqNum nxt;
    SeqNum advertised;  ///< right edge that the peer was promised; never moves left
    SeqNum irs;
    SeqNum last_ack_sent;
    std::optional<SeqNum> fin;  ///< where the peer's FIN stands, once seen
  } rcv_;

  Shared* shared_;
  FlowKey flow_;
  std::uint16_t pseudo_sum_;  ///< of the pseudo-header but its length, folded
  EgressHint egress_hint_;
  State state_ = State::kClosed;
  Errc error_{};
  std::uint32_t owner_ = kNoOwner;
  Listener* listener_ = nullptr;  ///< while it waits to be accepted
  Seat* seat_ = nullptr;

  bool steady_ = false;  ///< is_steady()
  bool orphan_ = false;
  bool fin_queued_ = false;
  bool peer_closed_ = false;
  bool read_shutdown_ = false;
  bool syn_pending_ = false;
  bool reset_pending_ = false;
  bool probe_pending_ = false;
  bool keepalive_pending_ = false;
  bool forward_progress_ = false;  ///< new data or a new ACK came since we last sent
  bool starved_ = false;           ///< a packet could not be built for want of a buffer
  std::uint8_t retries_ = 0;
  std::uint16_t mtu_ = 1500;
  std::uint8_t usual_header_ = wire::kPlainTcpBytes;  ///< bytes, with the options of every segment
  std::uint16_t mss_ = 536;  ///< payload of a full segment: SendMSS less the usual options
  /// Above it there is nothing to be said about the window (select_window()). Too high does no
  /// harm.
  std::uint32_t quiet_window_ = UINT32_MAX;
  std::uint32_t write_wanted_ = 0;  ///< room that a refused write() waits for

  // What every segment touches comes first, what it does not last: a connection among thousands is
  // out of the cache when its next segment comes.
  Ecn ecn_;
  Negotiated negotiated_;
  TimerTable timers_;
  SendBuffer send_buffer_;
  ReceiveBuffer receive_buffer_;
  AckPolicy ack_;
  RttEstimator rtt_;
  std::optional<SeqNum> cwnd_limited_until_;  ///< cwnd held us back for data below it (RFC 7661)
  std::optional<SeqNum> timed_seq_;           ///< one segment is timed at a time (RFC 6298 §4)
  Instant timed_at_;
  Instant last_sent_;
  Instant oldest_unacked_;       ///< when SND.UNA was first sent: the user timeout counts from here
  Instant recent_timestamp_at_;  ///< when TS.Recent was set: RFC 7323 §5.5
  std::uint64_t bytes_in_ = 0, bytes_out_ = 0;
  KeepAlive keepalive_;
  cc::Slot congestion_;

  recovery::LossRecovery recovery_;
  Reassembly reassembly_;
  std::unique_ptr<FastOpen> fast_open_;  ///< until the handshake is over
  ConnectionOptions options_;
  Holding holding_;
  std::unique_ptr<MtuSearch> mtu_search_;
  std::unique_ptr<Pacing> pacing_;  ///< of a connection that paces
  ChallengeLimiter challenge_limiter_;
  std::uint32_t retransmits_total_ = 0;
  SoftError soft_error_;
  ReceiveTuning tuning_;
};

}  // namespace zs::tcp
