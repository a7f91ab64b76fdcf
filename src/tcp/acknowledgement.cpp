// What an acknowledgement means to a connection: the ESTABLISHED part of RFC 9293 §3.10.7.4's fifth
// step, round trips (RFC 6298, RFC 7323 §4), and what the verdict on losses does to the congestion
// window and the timers.

#include <algorithm>

#include "tcp/connection.hpp"

namespace zs::tcp {

namespace flag = wire::tcp_flag;
using namespace std::chrono_literals;

namespace {
/// An echo older than the longest timeout is none of ours.
constexpr std::uint32_t kMostElapsedMs = 120'000;
/// Linux' least delay before reneging is believed.
constexpr Duration kRenegingDelay = 10ms;
}  // namespace

/// RFC 9293 §3.10.7.4: SND.WND is only taken from a segment that is not older than the last one.
void Connection::update_send_window(const Segment& segment) {
  const bool newer =
      segment.seq.after(snd_.wl1) || (segment.seq == snd_.wl1 && segment.ack.at_or_after(snd_.wl2));
  if (!newer) return;
  // RFC 7323 §2.2: the window field of a SYN is never scaled.
  const std::uint8_t scale = segment.has(flag::kSyn) ? 0 : negotiated_.send_scale;
  const std::uint32_t wnd = std::uint32_t{segment.window} << scale;
  const bool opened = wnd > snd_.wnd;
  snd_.wnd = wnd;
  snd_.max_wnd = std::max(snd_.max_wnd, wnd);
  snd_.wl1 = segment.seq;
  snd_.wl2 = segment.ack;
  if (!opened) return;
  if (timers_.is_armed(TimerId::kPersist)) {
    timers_.cancel(TimerId::kPersist);
    retries_ = 0;
    rtt_.reset_backoff();
    // A probe byte that the closed window refused is taken back and sent as ordinary data.
    if (snd_.una == segment.ack && snd_.nxt.since(snd_.una) == 1) {
      snd_.nxt = snd_.una;
      recovery_.on_taken_back();
    }
  }
}

void Connection::process_ack(const Segment& segment, Instant now) {
  const bool old = segment.ack.before(snd_.una);
  const std::uint32_t window_before = snd_.wnd;
  if (old) {
    // It was overtaken, but what it says of segments out of order may be news.
    if (!negotiated_.sack || segment.options.sack_count == 0 || !has_outstanding()) return;
  } else {
    update_send_window(segment);
    // RFC 1122 §4.2.2.17: it lives, and only has no room, or none any more (RFC 9293 §3.8.6).
    if (timers_.is_armed(TimerId::kPersist) || snd_.wnd == 0) retries_ = 0;
  }
  const SeqNum ack = SeqNum::later(segment.ack, snd_.una);
  const std::uint32_t newly_acked = ack.raw() - snd_.una.raw();
  const std::uint32_t in_flight = recovery_.pipe(snd_.una, snd_.max);
  const AckEffect effect{flight_size(), newly_acked > 0};
  // RFC 5681 §2: the five marks of a duplicate acknowledgement. The answers to window probes bear
  // them too, and mean no loss.
  const bool duplicate = newly_acked == 0 && !old && has_outstanding() &&
                         segment.payload_bytes == 0 && !segment.has(flag::kFin) &&
                         snd_.wnd == window_before && !timers_.is_armed(TimerId::kPersist);
  const auto mode_before = recovery_.mode();
  const auto verdict =
      recovery_.on_ack({.flight = flight(now),
                        .ack = ack,
                        .segment_ack = segment.ack,
                        .duplicate = duplicate,
                        .sack_blocks = negotiated_.sack ? segment.options.sack_blocks()
                                                        : std::span<const wire::TcpSackBlock>{},
                        .echoed_before = echoed_before(segment, now),
                        .wants_newest = pacing_ != nullptr});
  std::optional<Duration> rtt;
  if (newly_acked > 0) {
    rtt = rtt_sample(segment, verdict.rtt, now);
    if (rtt) recovery_.on_rtt_sample();
    on_bytes_acknowledged(ack, now);
  }
  apply(verdict, effect, now);
  if (pacing_ && pacing_->delivery) sample_delivery(verdict, rtt, now);
  using Mode = recovery::LossRecovery::Mode;
  if (verdict.spurious && mode_before == Mode::kLoss) rtt_.on_spurious_timeout();
  const bool echo = !old && hear_echo(segment, effect.flight_size, now);
  // RFC 6675 §5 holds the window during fast recovery; RFC 3168 §6.1.2 lets no echo open it, of
  // which DCTCP wants to know nevertheless.
  const bool reduced =
      verdict.entered_recovery || verdict.probe_repaired || (echo && !ecn_.is_exact());
  if (newly_acked > 0 && mode_before != Mode::kRecovery && !reduced) {
    // What ends a timeout's recovery may have arrived before the timeout: it counts as one segment
    // (RFC 3465 §2.3).
    const bool ends_loss = verdict.exited_recovery && mode_before == Mode::kLoss;
    grow_window(
        {.newly_acked = ends_loss ? std::min<std::uint32_t>(newly_acked, mss_) : newly_acked,
         .in_flight = in_flight,
         .rtt = rtt,
         // After a timeout the window of one segment is what holds us back.
         .app_limited = !cwnd_limited_until_ && mode_before == Mode::kOpen,
         .echo = echo},
        now);
  }
  forget_cwnd_limit(ack);
}

void Connection::apply(const recovery::LossRecovery::Verdict& verdict, const AckEffect& effect,
                       Instant now) {
  if (verdict.duplicate_report) ++shared_->counters.duplicate_reports_in;
  if (verdict.probe_repaired) {
    // RFC 8985 §7.4.2: a loss is a loss, though there is nothing left to recover.
    ++shared_->counters.loss_probe_recoveries;
    // As Linux does: the tail says nothing of how much was in flight when it was sent.
    reduce_window(cc::LossKind::kFastRecovery, congestion_->window_bytes(), now);
    congestion_->on_recovery_exit(now);
  }
  if (verdict.spurious) {
    ++shared_->counters.spurious_recoveries;
    congestion_->on_spurious(now);
  } else if (verdict.exited_recovery) {
    congestion_->on_recovery_exit(now);
  }
  const bool is_probe = is_only_mtu_probe_lost(verdict);
  if (verdict.entered_recovery) {
    ++shared_->counters.fast_recoveries;
    if (is_probe) {
      on_mtu_probe_lost(now);
      recovery_.start_reduction(congestion_->window_bytes(), effect.flight_size);
    } else {
      reduce_window(cc::LossKind::kFastRecovery, effect.flight_size, now);
      recovery_.start_reduction(congestion_->ssthresh(), effect.flight_size);
    }
    timed_seq_.reset();
  }
  if (pacing_ && pacing_->delivery && verdict.lost_bytes > 0 && !is_probe) {
    pacing_->delivery->on_lost(verdict.lost_bytes, verdict.newest_lost_at);
  }
  recovery_.reduce(verdict, effect.una_advanced, flight(now));
  if (verdict.reneged) {
    // As Linux does: perhaps it is only reordering, so leave it a moment.
    ++shared_->counters.sack_renegings;
    timers_.set(TimerId::kRetransmit, now + std::max<Duration>(rtt_.srtt() / 2, kRenegingDelay));
  }
  if (verdict.reordering_deadline || !recovery_.may_probe()) {
    timers_.set(TimerId::kLossDetection, verdict.reordering_deadline.value_or(Instant::never()));
  }
}

/// Whether the acknowledgement tells of congestion (ECE): RFC 3168 §6.1.2. Losses of the same
/// window have reduced it already.
bool Connection::hear_echo(const Segment& segment, std::uint32_t flight_size, Instant now) {
  if (segment.has(flag::kSyn)) return false;  // there the bit is an answer (§6.1.1)
  const Ecn::Echo echo = ecn_.on_ack(segment.flags, segment.ack);
  if (echo == Ecn::Echo::kReduce && recovery_.mode() == recovery::LossRecovery::Mode::kOpen) {
    ++shared_->counters.congestion_reductions;
    reduce_window(cc::LossKind::kEcn, flight_size, now);
  }
  return echo != Ecn::Echo::kNone;
}

recovery::LossRecovery::Flight Connection::flight(Instant now) const {
  const bool sampled = rtt_.has_sample();
  return {.una = snd_.una,
          .nxt = snd_.max,
          .last_sent = last_sent_,
          .now = now,
          .path = {.min_rtt = sampled ? rtt_.min_rtt() : Duration{},
                   .srtt = rtt_.srtt(),
                   .latest = rtt_.latest()},
          .mss = mss_,
          .sack = negotiated_.sack};
}

std::optional<Instant> Connection::echoed_before(const Segment& segment, Instant now) const {
  const auto& stamp = segment.options.timestamps;
  if (!negotiated_.timestamps || !stamp || stamp->echo == 0) return std::nullopt;
  const std::uint32_t elapsed_ms = timestamp_now(now) - stamp->echo;
  if (elapsed_ms > kMostElapsedMs) return std::nullopt;
  // Our timestamps tick in milliseconds: it was sent before the next tick.
  const std::int64_t tick = now.ns() / 1'000'000 - elapsed_ms + 1;
  return Instant::from_ns(tick * 1'000'000);
}

void Connection::grow_window(const Acked& acked, Instant now) {
  std::optional<Duration> rtt = acked.rtt;
  if (negotiated_.sack && congestion_->is_slow_start()) {
    // HyStart++ judges by several samples a round trip, of which RFC 6298 needs but one.
    if (const auto sent_at = recovery_.sent_at(snd_.una, last_sent_)) rtt = now - *sent_at;
  }
  congestion_->on_ack({.now = now,
                       .newly_acked_bytes = acked.newly_acked,
                       .bytes_in_flight = acked.in_flight,
                       .rtt = rtt,
                       .smoothed_rtt = rtt_.srtt(),
                       .app_limited = acked.app_limited,
                       .ecn_echo = acked.echo});
  if (congestion_->window_bytes() > send_buffer_.capacity() / 2) tune_send_buffer();
}

/// `delivered`: the round trip of what was sent once, as the loss recovery has it.
std::optional<Duration> Connection::rtt_sample(const Segment& segment,
                                               std::optional<Duration> delivered, Instant now) {
  if (timed_seq_) return timed_sample(SeqNum::later(segment.ack, snd_.una), now);
  if (!delivered) delivered = echoed_round_trip(segment, now);
  if (!delivered) return std::nullopt;
  rtt_.on_sample(*delivered);
  return delivered;
}

/// Karn's rule forbids timing what was sent again, but an echoed timestamp tells which copy arrived
/// (RFC 7323 §4.1). Our timestamps tick in milliseconds.
std::optional<Duration> Connection::echoed_round_trip(const Segment& segment, Instant now) const {
  const auto& stamp = segment.options.timestamps;
  if (!negotiated_.timestamps || !stamp || stamp->echo == 0) return std::nullopt;
  const std::uint32_t elapsed_ms = timestamp_now(now) - stamp->echo;
  if (elapsed_ms > kMostElapsedMs) return std::nullopt;
  return std::chrono::milliseconds{std::max(elapsed_ms, 1u)};
}

/// Our SYN, or SYN-ACK, is acknowledged.
void Connection::sample_handshake(const Segment& segment, Instant now) {
  if (retries_ == 0 && timed_seq_) {
    rtt_.on_sample(now - timed_at_);
  } else if (const auto rtt = echoed_round_trip(segment, now)) {
    rtt_.on_sample(*rtt);
  }
  timed_seq_.reset();
}

/// The one segment that is timed (RFC 6298 §4), if `ack` covers it.
std::optional<Duration> Connection::timed_sample(SeqNum ack, Instant now) {
  if (!timed_seq_ || !ack.after(*timed_seq_)) return std::nullopt;
  timed_seq_.reset();
  const Duration sample = now - timed_at_;
  rtt_.on_sample(sample);
  return sample;
}

void Connection::on_bytes_acknowledged(SeqNum ack, Instant now) {
  const SeqNum data_ack = SeqNum::earlier(ack, data_end());
  if (data_ack.after(snd_.una_data)) {
    const std::uint32_t bytes = data_ack.raw() - snd_.una_data.raw();
    send_buffer_.acknowledge(bytes);
    snd_.una_data = data_ack;
    bytes_out_ += bytes;
    notify();
  }
  forward_progress_ = true;
  snd_.una = ack;
  snd_.nxt = SeqNum::later(snd_.nxt, ack);
  if (snd_.small_end.before(ack)) snd_.small_end = ack;
  retries_ = 0;
  oldest_unacked_ = now;
  // The back-off stays until there is a sample: Karn's second rule (RFC 6298 §5.7).
  if (has_outstanding()) {
    timers_.set(TimerId::kRetransmit, now + rtt_.rto());  // RFC 6298 §5.3
    arm_loss_probe(now);
  } else {
    timers_.cancel(TimerId::kRetransmit);  // RFC 6298 §5.2
    timers_.cancel(TimerId::kLossDetection);
  }
  if (mtu_search_) judge_mtu_probe();
}

}  // namespace zs::tcp
