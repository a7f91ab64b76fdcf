// ProbeBW: a cycle of Down, Cruise, Refill and Up, and what it teaches about how much the path
// bears.

#include <algorithm>

#include "tcp/cc/bbr_machine.hpp"

namespace zs::tcp::cc {

using namespace std::chrono_literals;

namespace {
/// One probe in so many round trips at most, as a Reno flow would need to get back to the same
/// window: coexistence with those.
constexpr std::uint32_t kMostRenoRounds = 63;
constexpr Duration kProbeWait = 2s;  ///< and up to a second more, at random
constexpr std::uint8_t kMostUpRounds = 30;
}  // namespace

void BbrMachine::start_down(Instant now, std::uint64_t delivered) noexcept {
  model_.reset_congestion_signals();
  probe_up_each_ = UINT32_MAX;
  rounds_since_probe_ = random_.below(2);
  probe_wait_ = kProbeWait + Duration{random_.below(1'000'000'000)};
  cycle_since_ = now;
  ack_phase_ = AckPhase::kStopping;
  model_.start_round(delivered);
  state_ = BbrState::kDown;
}

void BbrMachine::start_cruise() noexcept { state_ = BbrState::kCruise; }

void BbrMachine::start_refill(std::uint64_t delivered) noexcept {
  model_.reset_lower_bounds();
  probe_up_rounds_ = 0;
  probe_up_acks_ = 0;
  ack_phase_ = AckPhase::kRefilling;
  model_.start_round(delivered);
  state_ = BbrState::kRefill;
}

void BbrMachine::start_up(const DeliverySample& s) noexcept {
  ack_phase_ = AckPhase::kStarting;
  model_.start_round(s.total_delivered);
  reset_full_bw();
  full_bw_ = s.rate;
  state_ = BbrState::kUp;
  cycle_since_ = s.now;
  raise_slope();
}

void BbrMachine::update_cycle(const DeliverySample& s) noexcept {
  if (!full_bw_reached_) return;
  adapt_long_term(s);
  switch (state_) {
    case BbrState::kDown:
      if (is_time_to_probe(s)) return;
      if (is_time_to_cruise(s)) start_cruise();
      return;
    case BbrState::kCruise:
      (void)is_time_to_probe(s);
      return;
    case BbrState::kRefill:
      // After one round trip what is acknowledged was sent with the path full.
      if (model_.is_round_start()) {
        bw_probe_samples_ = true;
        start_up(s);
      }
      return;
    case BbrState::kUp:
      if (is_time_to_go_down(s)) start_down(s.now, s.total_delivered);
      return;
    case BbrState::kStartup:
    case BbrState::kDrain:
    case BbrState::kProbeRtt:
      return;
  }
}

void BbrMachine::adapt_long_term(const DeliverySample& s) noexcept {
  if (ack_phase_ == AckPhase::kStarting && model_.is_round_start()) {
    ack_phase_ = AckPhase::kFeedback;
  }
  if (ack_phase_ == AckPhase::kStopping && model_.is_round_start()) {
    bw_probe_samples_ = false;
    ack_phase_ = AckPhase::kInit;
    if (is_in_probe_bw() && !s.app_limited) model_.advance_max_bw();
  }
  if (!s.is_known) return;
  if (s.lost > BbrModel::kLossThreshold * s.tx_in_flight) {
    if (bw_probe_samples_) {
      on_inflight_too_high(s.tx_in_flight, s.app_limited, s.now, s.total_delivered);
    }
    return;
  }
  if (model_.inflight_hi == BbrModel::kNoVolume) return;
  model_.inflight_hi = std::max(model_.inflight_hi, s.tx_in_flight);
  if (state_ == BbrState::kUp) probe_upward(s);
}

/// Each round twice as much more is allowed in flight: slowly where little was known to be free,
/// and faster the longer nothing is lost.
void BbrMachine::raise_slope() noexcept {
  const std::uint32_t growth = 1u << probe_up_rounds_;
  probe_up_rounds_ = std::min<std::uint8_t>(probe_up_rounds_ + 1, kMostUpRounds);
  probe_up_each_ = std::max(cwnd_ / growth, 1u);
}

void BbrMachine::probe_upward(const DeliverySample& s) noexcept {
  if (!s.window_limited || cwnd_ < model_.inflight_hi) return;
  probe_up_acks_ += s.newly_acked;
  if (probe_up_acks_ >= probe_up_each_) {
    const std::uint32_t segments = probe_up_acks_ / probe_up_each_;
    probe_up_acks_ -= segments * probe_up_each_;
    const std::uint64_t grown =
        model_.inflight_hi + std::uint64_t{segments} * std::uint64_t{model_.mss()};
    model_.inflight_hi =
        static_cast<std::uint32_t>(std::min<std::uint64_t>(grown, BbrModel::kNoVolume - 1));
  }
  if (model_.is_round_start()) raise_slope();
}

void BbrMachine::on_inflight_too_high(std::uint32_t tx_in_flight, bool app_limited, Instant now,
                                      std::uint64_t delivered) noexcept {
  bw_probe_samples_ = false;  // one reaction a probe
  if (!app_limited) {
    const double target = target_inflight();
    model_.inflight_hi =
        std::max(tx_in_flight, static_cast<std::uint32_t>(target * BbrModel::kBeta));
  }
  if (state_ == BbrState::kUp) start_down(now, delivered);
}

bool BbrMachine::is_time_to_probe(const DeliverySample& s) noexcept {
  const std::uint32_t reno_rounds = target_inflight() / model_.mss();
  const bool is_reno_turn = rounds_since_probe_ >= std::min(reno_rounds, kMostRenoRounds);
  if (s.now - cycle_since_ <= probe_wait_ && !is_reno_turn) return false;
  start_refill(s.total_delivered);
  return true;
}

bool BbrMachine::is_time_to_cruise(const DeliverySample& s) const noexcept {
  return s.in_flight <= model_.inflight_with_headroom() &&
         s.in_flight <= inflight(model_.max_bw(), 1.0);
}

bool BbrMachine::is_time_to_go_down(const DeliverySample& s) noexcept {
  if (s.window_limited && cwnd_ >= model_.inflight_hi) {
    // The bound is what keeps the rate down: it is being raised.
    reset_full_bw();
    full_bw_ = s.rate;
    return false;
  }
  return full_bw_now_;
}

}  // namespace zs::tcp::cc
