// From state and model to rate and window (draft-ietf-ccwg-bbr, "Updating Control Parameters").

#include <algorithm>

#include "tcp/cc/bbr_machine.hpp"
#include "tcp/cc/controller.hpp"
#include "tcp/pacer.hpp"

namespace zs::tcp::cc {

namespace {
constexpr double kMargin = 0.99;  ///< BBR.PacingMarginPercent: less than the path's rate
constexpr std::uint32_t kMostQuantum = 65'536;
}  // namespace

double BbrMachine::pacing_gain() const noexcept {
  switch (state_) {
    case BbrState::kStartup:
      return 2.77;  // 4 ln 2
    case BbrState::kDrain:
      return 0.5;
    case BbrState::kDown:
      return 0.9;
    case BbrState::kUp:
      return 1.25;
    case BbrState::kCruise:
    case BbrState::kRefill:
    case BbrState::kProbeRtt:
      break;
  }
  return 1.0;
}

double BbrMachine::window_gain() const noexcept {
  if (state_ == BbrState::kUp) return 2.25;
  return state_ == BbrState::kProbeRtt ? 0.5 : 2.0;
}

void BbrMachine::set_pacing_rate(double gain) noexcept {
  const auto rate = static_cast<std::uint64_t>(gain * static_cast<double>(model_.bw()) * kMargin);
  if (model_.bw() == 0) return;
  // Until the pipe is full, a low sample says nothing: the path was not asked for more.
  if (full_bw_reached_ || rate > pacing_rate_) pacing_rate_ = std::max<std::uint64_t>(rate, 1);
}

/// What is sent in quanta, and acknowledged in heaps, needs room for some of them.
std::uint32_t BbrMachine::quantized(std::uint32_t volume) const noexcept {
  const std::uint32_t quantum = Pacer::quantum(pacing_rate_, model_.mss(), kMostQuantum);
  std::uint32_t least = std::max(3 * quantum, model_.least_window());
  if (state_ == BbrState::kUp) volume += 2 * model_.mss();
  return std::min(std::max(volume, least), kMaxWindow);
}

std::uint32_t BbrMachine::inflight(std::uint64_t bw, double gain) const noexcept {
  return quantized(model_.bdp(bw, gain, initial_window_));
}

std::uint32_t BbrMachine::target_inflight() const noexcept {
  return std::min(model_.bdp(model_.bw(), 1.0, initial_window_), cwnd_);
}

std::uint32_t BbrMachine::probe_rtt_window() const noexcept {
  return std::max(model_.bdp(model_.bw(), 0.5, initial_window_), model_.least_window());
}

void BbrMachine::set_window(const DeliverySample& s) noexcept {
  const std::uint32_t most =
      quantized(model_.bdp(model_.bw(), window_gain(), initial_window_) + model_.extra_acked());
  const std::uint32_t grown = std::min(cwnd_ + s.newly_acked, kMaxWindow);
  if (full_bw_reached_) {
    cwnd_ = std::min(grown, most);
  } else if (cwnd_ < most || s.total_delivered < initial_window_) {
    cwnd_ = grown;
  }
  // One segment after a timeout is what the timeout asks for, until something is acknowledged.
  cwnd_ = std::max(cwnd_, in_loss_ ? model_.mss() : model_.least_window());
  bound_window();
}

void BbrMachine::bound_window() noexcept {
  std::uint32_t cap = BbrModel::kNoVolume;
  if (is_in_probe_bw() && state_ != BbrState::kCruise) {
    cap = model_.inflight_hi;
  } else if (state_ == BbrState::kProbeRtt || state_ == BbrState::kCruise) {
    cap = model_.inflight_with_headroom();
  }
  if (state_ == BbrState::kProbeRtt) cap = std::min(cap, probe_rtt_window());
  cap = std::min(cap, model_.inflight_lo);
  cwnd_ = std::min(cwnd_, std::max(cap, model_.least_window()));
}

}  // namespace zs::tcp::cc
