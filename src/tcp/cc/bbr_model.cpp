#include "tcp/cc/bbr_model.hpp"

namespace zs::tcp::cc {

namespace {
constexpr std::uint32_t kExtraAckedRounds = 10;  ///< BBR.ExtraAckedFilterLen
constexpr std::uint32_t kMostVolume = 1u << 30;

double bbr_seconds(Duration d) noexcept { return std::chrono::duration<double>(d).count(); }

std::uint32_t bbr_volume(double bytes) noexcept {
  return static_cast<std::uint32_t>(std::clamp<double>(bytes, 0, kMostVolume));
}
}  // namespace

void BbrModel::on_sample(const DeliverySample& s, const Situation& situation) noexcept {
  update_rounds(s);
  update_congestion(s, situation);
  update_aggregation(s, situation);
  update_min_rtt(s);
}

void BbrModel::update_rounds(const DeliverySample& s) noexcept {
  round_start_ = loss_round_start_ = false;
  if (!s.is_known) return;
  if (s.prior_delivered >= next_round_delivered_) {
    next_round_delivered_ = s.total_delivered;
    ++rounds_;
    round_start_ = true;
  }
  bw_latest_ = std::max(bw_latest_, s.rate);
  inflight_latest_ = std::max(inflight_latest_, s.delivered);
  if (s.prior_delivered >= loss_round_delivered_) {
    loss_round_delivered_ = s.total_delivered;
    loss_round_start_ = true;
  }
}

void BbrModel::update_congestion(const DeliverySample& s, const Situation& situation) noexcept {
  if (s.rate > 0 && (s.rate >= max_bw() || !s.app_limited)) {
    max_bw_[1] = std::max(max_bw_[1], s.rate);
  }
  if (s.newly_lost > 0) {
    loss_in_round_ = true;
    ++loss_events_;
  }
  if (!loss_round_start_) return;
  if (loss_in_round_ && !situation.probes_bandwidth) adapt_lower_bounds(situation);
}

/// A round with losses: what was delivered in it, but not less than Beta of what was believed.
void BbrModel::adapt_lower_bounds(const Situation& situation) noexcept {
  if (bw_lo == kNoRate) bw_lo = max_bw();
  if (inflight_lo == kNoVolume) inflight_lo = situation.cwnd;
  bw_lo = std::max(bw_latest_, static_cast<std::uint64_t>(kBeta * static_cast<double>(bw_lo)));
  inflight_lo = std::max(inflight_latest_, bbr_volume(kBeta * inflight_lo));
}

void BbrModel::after_sample(const DeliverySample& s) noexcept {
  if (!loss_round_start_) return;
  loss_in_round_ = false;
  loss_events_ = 0;
  bw_latest_ = s.rate;
  inflight_latest_ = s.delivered;
}

void BbrModel::reset_congestion_signals() noexcept {
  loss_in_round_ = false;
  loss_events_ = 0;
  bw_latest_ = 0;
  inflight_latest_ = 0;
}

void BbrModel::restart_aggregation(Instant now) noexcept {
  extra_acked_since_ = now;
  extra_acked_delivered_ = 0;
}

/// How much more than the bandwidth explains comes in one heap: so much must be in flight besides.
void BbrModel::update_aggregation(const DeliverySample& s, const Situation& situation) noexcept {
  const auto expected_since = [&] {
    return static_cast<double>(bw()) * bbr_seconds(s.now - extra_acked_since_);
  };
  double expected = expected_since();
  if (static_cast<double>(extra_acked_delivered_) <= expected) {
    restart_aggregation(s.now);
    expected = 0;
  }
  extra_acked_delivered_ += s.newly_acked;
  const std::uint32_t extra =
      std::min(bbr_volume(static_cast<double>(extra_acked_delivered_) - expected), situation.cwnd);
  extra_acked_.update(extra, rounds_, situation.full_bw_reached ? kExtraAckedRounds : 1);
}

void BbrModel::update_min_rtt(const DeliverySample& s) noexcept {
  probe_rtt_expired_ = has_min_rtt() && s.now > probe_rtt_min_at_ + kProbeRttInterval;
  if (s.rtt && (*s.rtt < probe_rtt_min_ || probe_rtt_expired_)) {
    probe_rtt_min_ = std::max(*s.rtt, Duration{1});
    probe_rtt_min_at_ = s.now;
  }
  const bool expired = has_min_rtt() && s.now > min_rtt_at_ + kMinRttFilter;
  if (probe_rtt_min_ < min_rtt_ || expired) {
    min_rtt_ = probe_rtt_min_;
    min_rtt_at_ = probe_rtt_min_at_;
  }
}

std::uint32_t BbrModel::bdp(std::uint64_t bw, double gain, std::uint32_t fallback) const noexcept {
  if (!has_min_rtt()) return fallback;
  return bbr_volume(gain * static_cast<double>(bw) * bbr_seconds(min_rtt_));
}

std::uint32_t BbrModel::inflight_with_headroom() const noexcept {
  if (inflight_hi == kNoVolume) return kNoVolume;
  const std::uint32_t headroom = std::max(mss_, bbr_volume(kHeadroom * inflight_hi));
  return std::max(inflight_hi - std::min(headroom, inflight_hi), least_window());
}

}  // namespace zs::tcp::cc
