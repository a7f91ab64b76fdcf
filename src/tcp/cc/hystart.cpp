#include "tcp/cc/hystart.hpp"

namespace zs::tcp::cc {

std::uint32_t HyStart::on_ack(const Ack& ack) noexcept {
  const std::uint32_t most =
      ack.paced ? ack.newly_acked : std::min(ack.newly_acked, kUnpacedLimit * ack.mss);
  // By the phase before it: what this acknowledgement shows concerns the next.
  const std::uint32_t growth = phase_ == Phase::kSlowStart ? most : most / kCssGrowthDivisor;
  count_round(ack);
  if (ack.rtt > Duration::zero()) take_sample(ack.rtt);
  judge();
  return growth;
}

void HyStart::count_round(const Ack& ack) noexcept {
  acked_ += ack.newly_acked;
  const bool over = static_cast<std::int32_t>(acked_ - round_end_) >= 0;
  if (begun_ && !over) return;
  begun_ = true;
  round_end_ = acked_ + (ack.in_flight - std::min(ack.in_flight, ack.newly_acked));
  last_min_us_ = current_min_us_;
  current_min_us_ = kNone;
  samples_ = 0;
  if (phase_ != Phase::kConservative) return;
  if (css_rounds_ == kCssRounds) {
    phase_ = Phase::kOver;
  } else {
    ++css_rounds_;
  }
}

void HyStart::take_sample(Duration rtt) noexcept {
  const std::int64_t us = std::chrono::duration_cast<std::chrono::microseconds>(rtt).count();
  const auto bounded = static_cast<std::uint32_t>(std::min<std::int64_t>(us, kNone - 1));
  current_min_us_ = std::min(current_min_us_, bounded);
  if (samples_ < kRttSamples) ++samples_;
}

void HyStart::judge() noexcept {
  if (samples_ < kRttSamples || current_min_us_ == kNone) return;
  if (phase_ == Phase::kSlowStart) {
    if (last_min_us_ == kNone) return;
    const std::uint32_t thresh =
        std::clamp(last_min_us_ / kMinRttDivisor, kMinRttThreshUs, kMaxRttThreshUs);
    if (current_min_us_ < last_min_us_ || current_min_us_ - last_min_us_ < thresh) return;
    baseline_min_us_ = current_min_us_;
    phase_ = Phase::kConservative;
    css_rounds_ = 1;  // a part of a round counts as one
  } else if (phase_ == Phase::kConservative && current_min_us_ < baseline_min_us_) {
    // The rise was jitter: back to slow start.
    baseline_min_us_ = kNone;
    phase_ = Phase::kSlowStart;
  }
}

}  // namespace zs::tcp::cc
