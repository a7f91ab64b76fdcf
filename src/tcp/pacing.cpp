// Pacing, and what a controller that has a model of the path learns about it. Nothing of this
// touches a connection that does neither.

#include "tcp/pacing.hpp"

#include <algorithm>

#include "tcp/connection.hpp"

namespace zs::tcp {

/// Whether it paces is asked when it is established and when options change.
void Connection::select_pacing() {
  const bool samples = congestion_->wants_delivery_samples();
  if (!samples && !shared_->config.pacing && options_.max_pacing_rate == Pacer::kUnlimited) {
    pacing_.reset();
    return;
  }
  if (!pacing_) pacing_ = std::make_unique<Pacing>(*this);
  pacing_->pacer.release();
  if (samples && !pacing_->delivery) pacing_->delivery.emplace();
  if (!samples) pacing_->delivery.reset();
}

/// The controller's, or else what sends the window in less than a round trip: as Linux has it,
/// twice the window in slow start, so that it may grow, and 1.2 times afterwards.
std::uint64_t Connection::pacing_rate() const {
  std::uint64_t rate = congestion_->pacing_rate();
  if (rate == 0 && rtt_.has_sample()) {
    const std::uint64_t window = congestion_->window_bytes();
    const std::uint64_t percent = window < congestion_->ssthresh() / 2 ? 200 : 120;
    rate = window * percent * 10'000'000 / static_cast<std::uint64_t>(rtt_.srtt().count());
  }
  return std::min(rate == 0 ? Pacer::kUnlimited : std::max<std::uint64_t>(rate, 1),
                  options_.max_pacing_rate);
}

std::uint32_t Connection::paced_quantum() const {
  return Pacer::quantum(pacing_rate(), segment_payload(), shared_->config.max_tso_bytes);
}

std::optional<Instant> Connection::pacing_deadline(Instant now) const {
  const bool waits = unsent_bytes() > 0 || fin_queued_ || !recovery_.is_quiet();
  if (!is_paced_out(now) || !waits) return std::nullopt;
  return pacing_->pacer.next();
}

/// `bytes` of data were sent; the sequence space knows of them. `from_idle`: nothing was
/// outstanding before.
void Connection::note_paced(std::uint32_t bytes, bool from_idle, Instant now) {
  Pacing& p = *pacing_;
  if (p.delivery) {
    if (from_idle) congestion_->on_restart(now, p.delivery->is_app_limited());
    const std::uint32_t pipe = recovery_.pipe(snd_.una, snd_.max);
    if (!p.delivery->on_sent({.snd_max = snd_.max,
                              .in_flight = pipe,
                              .from_idle = from_idle,
                              .window_limited = pipe + mss_ > congestion_->window_bytes(),
                              .now = now})) {
      ++shared_->counters.send_times_merged;
    }
  }
  p.pacer.on_sent(bytes, pacing_rate(), now);
}

/// The application is about to write, and until now it had left room unused.
void Connection::note_app_limited() {
  if (!pacing_->delivery || unsent_bytes() >= mss_) return;
  const std::uint32_t pipe = recovery_.pipe(snd_.una, snd_.max);
  const bool resends = recovery_.mode() != recovery::LossRecovery::Mode::kOpen;
  if (pipe < congestion_->window_bytes() && !resends) pacing_->delivery->on_app_limited(pipe);
}

void Connection::sample_delivery(const recovery::LossRecovery::Verdict& verdict,
                                 std::optional<Duration> rtt, Instant now) {
  cc::DeliveryRate& delivery = *pacing_->delivery;
  const auto& newest = verdict.newest;
  // Without SACK a retransmission leaves no record, so that only a timed segment is sure.
  if (negotiated_.sack && newest) {
    rtt.reset();
    if (!newest->again) rtt = now - newest->at;
  }
  const auto sample = delivery.on_ack({.now = now,
                                       .una = snd_.una,
                                       .delivered = verdict.delivered_bytes,
                                       .sent_at = newest ? std::optional{newest->at} : std::nullopt,
                                       .in_flight = recovery_.pipe(snd_.una, snd_.max),
                                       .rtt = rtt,
                                       .min_rtt = rtt_.has_sample() ? rtt_.min_rtt() : Duration{}});
  if (sample.newly_acked == 0 && sample.newly_lost == 0) return;
  congestion_->on_delivery(sample);
  // A model that wants the path to be empty for a moment is why it is, not the application.
  if (congestion_->is_draining_for_rtt()) {
    delivery.on_app_limited(sample.in_flight);
  }
}

}  // namespace zs::tcp
