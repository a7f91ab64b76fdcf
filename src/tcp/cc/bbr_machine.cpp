// Startup, Drain, ProbeRTT, and what losses, timeouts and pauses mean to BBR.

#include "tcp/cc/bbr_machine.hpp"

#include <algorithm>

namespace zs::tcp::cc {

using namespace std::chrono_literals;

namespace {
constexpr double kFullBwGrowth = 1.25;        ///< a round in which it grows by less counts as flat
constexpr std::uint8_t kFullBwRounds = 3;     ///< BBR.FullBwCount
constexpr std::uint32_t kFullLossEvents = 6;  ///< BBR.StartupFullLossCnt
constexpr Duration kProbeRttTime = 200ms;     ///< BBR.ProbeRTTDuration
/// The bandwidth before anything is known: the initial window in so much time.
constexpr Duration kNominalRtt = 1ms;
}  // namespace

BbrMachine::BbrMachine(std::uint32_t mss, std::uint32_t initial_window, Duration smoothed_rtt,
                       std::uint64_t seed)
    : model_(mss), random_(seed), initial_window_(initial_window), cwnd_(initial_window) {
  const Duration rtt = smoothed_rtt > Duration::zero() ? smoothed_rtt : kNominalRtt;
  pacing_rate_ = static_cast<std::uint64_t>(pacing_gain() * initial_window * 1e9 /
                                            static_cast<double>(rtt.count()));
}

void BbrMachine::on_sample(const DeliverySample& s) noexcept {
  note_losses(s);
  model_.on_sample(s, {cwnd_, is_probing_bandwidth(), full_bw_reached_});
  if (model_.is_round_start()) ++rounds_since_probe_;
  check_full_bw(s);
  check_startup(s);
  check_drain(s);
  update_cycle(s);
  check_probe_rtt(s);
  model_.after_sample(s);
  set_pacing_rate(pacing_gain());
  set_window(s);
}

/// Too much was lost of what was in flight when the newest of it was sent: how much the path had
/// borne by then is the new bound.
void BbrMachine::note_losses(const DeliverySample& s) noexcept {
  if (!s.loss || !bw_probe_samples_) return;
  const auto& loss = *s.loss;
  constexpr double kThreshold = BbrModel::kLossThreshold;
  if (loss.lost <= kThreshold * loss.tx_in_flight) return;
  const double inflight_before = loss.tx_in_flight - std::min(loss.bytes, loss.tx_in_flight);
  const double lost_before = loss.lost - std::min(loss.bytes, loss.lost);
  const double borne = (kThreshold * inflight_before - lost_before) / (1 - kThreshold);
  on_inflight_too_high(static_cast<std::uint32_t>(inflight_before + std::max(borne, 0.0)),
                       loss.app_limited, s.now, s.total_delivered);
}

void BbrMachine::reset_full_bw() noexcept {
  full_bw_ = 0;
  full_bw_rounds_ = 0;
  full_bw_now_ = false;
}

/// The pipe is full when three rounds in a row bring no quarter more.
void BbrMachine::check_full_bw(const DeliverySample& s) noexcept {
  if (full_bw_now_ || !model_.is_round_start() || s.app_limited || s.rate == 0) return;
  if (static_cast<double>(s.rate) >= static_cast<double>(full_bw_) * kFullBwGrowth) {
    reset_full_bw();
    full_bw_ = s.rate;
    return;
  }
  if (++full_bw_rounds_ < kFullBwRounds) return;
  full_bw_now_ = true;
  full_bw_reached_ = true;
}

void BbrMachine::check_startup_losses(const DeliverySample& s) noexcept {
  const bool many = in_recovery_ && model_.is_loss_round_start() &&
                    model_.losses_in_round() >= kFullLossEvents &&
                    s.lost > BbrModel::kLossThreshold * s.tx_in_flight;
  if (full_bw_reached_ || !many) return;
  full_bw_reached_ = true;
  model_.inflight_hi =
      std::max(model_.bdp(model_.max_bw(), 1.0, initial_window_), model_.inflight_latest());
}

void BbrMachine::check_startup(const DeliverySample& s) noexcept {
  if (state_ != BbrState::kStartup) return;
  check_startup_losses(s);
  if (full_bw_reached_) state_ = BbrState::kDrain;
}

void BbrMachine::check_drain(const DeliverySample& s) noexcept {
  if (state_ == BbrState::kDrain && s.in_flight <= inflight(model_.bw(), 1.0)) {
    start_down(s.now, s.total_delivered);
  }
}

void BbrMachine::check_probe_rtt(const DeliverySample& s) noexcept {
  if (state_ != BbrState::kProbeRtt && model_.is_probe_rtt_due() && !idle_restart_) {
    state_ = BbrState::kProbeRtt;
    save_window();
    probe_rtt_done_ = Instant::never();
    ack_phase_ = AckPhase::kStopping;
    model_.start_round(s.total_delivered);
  }
  if (state_ == BbrState::kProbeRtt) handle_probe_rtt(s);
  if (s.newly_acked > 0) idle_restart_ = false;
}

void BbrMachine::handle_probe_rtt(const DeliverySample& s) noexcept {
  if (probe_rtt_done_.is_never()) {
    if (s.in_flight > probe_rtt_window()) return;
    probe_rtt_done_ = s.now + kProbeRttTime;
    probe_rtt_round_done_ = false;
    model_.start_round(s.total_delivered);
    return;
  }
  if (model_.is_round_start()) probe_rtt_round_done_ = true;
  if (probe_rtt_round_done_) leave_probe_rtt_if_done(s.now, s.total_delivered);
}

void BbrMachine::leave_probe_rtt_if_done(Instant now, std::uint64_t delivered) noexcept {
  if (now <= probe_rtt_done_) return;
  model_.renew_probe_rtt(now);
  cwnd_ = std::max(cwnd_, prior_cwnd_);
  model_.reset_lower_bounds();
  if (!full_bw_reached_) {
    state_ = BbrState::kStartup;
    return;
  }
  start_down(now, delivered);
  start_cruise();
}

void BbrMachine::save_window() noexcept {
  const bool whole = !in_recovery_ && !in_loss_ && state_ != BbrState::kProbeRtt;
  prior_cwnd_ = whole ? cwnd_ : std::max(prior_cwnd_, cwnd_);
}

void BbrMachine::on_recovery() noexcept {
  save_window();
  in_recovery_ = true;
  before_loss_ = {model_.bw_lo, model_.inflight_lo, model_.inflight_hi};
}

/// All that is known is that nothing comes back: begin with one segment, and let the model stand.
void BbrMachine::on_timeout() noexcept {
  if (!in_loss_) before_loss_ = {model_.bw_lo, model_.inflight_lo, model_.inflight_hi};
  save_window();
  in_recovery_ = false;
  in_loss_ = true;
  cwnd_ = model_.mss();
}

void BbrMachine::on_recovery_exit() noexcept {
  if (in_loss_) cwnd_ = std::max(cwnd_, prior_cwnd_);
  in_recovery_ = in_loss_ = false;
  bound_window();
}

void BbrMachine::on_spurious() noexcept {
  if (!in_recovery_ && !in_loss_) return;
  in_recovery_ = in_loss_ = false;
  reset_full_bw();
  model_.reset_congestion_signals();
  model_.bw_lo = std::max(model_.bw_lo, before_loss_.bw_lo);
  model_.inflight_lo = std::max(model_.inflight_lo, before_loss_.inflight_lo);
  model_.inflight_hi = std::max(model_.inflight_hi, before_loss_.inflight_hi);
  cwnd_ = std::max(cwnd_, prior_cwnd_);
  bound_window();
}

/// After a pause that the application made: at the known rate, not with a burst.
void BbrMachine::on_restart(Instant now, bool app_limited) noexcept {
  if (!app_limited) return;
  idle_restart_ = true;
  model_.restart_aggregation(now);
  if (is_in_probe_bw()) {
    set_pacing_rate(1.0);
  } else if (state_ == BbrState::kProbeRtt && !probe_rtt_done_.is_never()) {
    leave_probe_rtt_if_done(now, 0);
  }
}

void BbrMachine::set_mss(std::uint32_t mss) noexcept {
  model_.set_mss(mss);
  cwnd_ = std::max(cwnd_, mss);
}

}  // namespace zs::tcp::cc
