#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

#include "base/time.hpp"
#include "tcp/cc/delivery_rate.hpp"
#include "tcp/cc/windowed_max.hpp"

namespace zs::tcp::cc {

/// BBR's picture of a path (draft-ietf-ccwg-bbr, version 3 of the algorithm): how much it delivers,
/// how long it is, and how much it bears in flight. It follows the samples; what to do about it,
/// the state machine (bbr.hpp) decides. Rates are bytes a second, volumes bytes.
class BbrModel {
 public:
  static constexpr std::uint64_t kNoRate = UINT64_MAX;
  static constexpr std::uint32_t kNoVolume = UINT32_MAX;
  static constexpr double kLossThreshold = 0.02;  ///< BBR.LossThresh
  static constexpr double kBeta = 0.7;            ///< BBR.Beta
  static constexpr double kHeadroom = 0.15;       ///< BBR.Headroom
  static constexpr Duration kMinRttFilter = std::chrono::seconds{10};
  static constexpr Duration kProbeRttInterval = std::chrono::seconds{5};

  explicit BbrModel(std::uint32_t mss) noexcept : mss_(mss) {}

  /// What the state machine knows when a sample comes.
  struct Situation {
    std::uint32_t cwnd = 0;
    bool probes_bandwidth = false;  ///< Startup, Refill or Up: losses are the price of it
    bool full_bw_reached = false;
  };
  void on_sample(const DeliverySample& s, const Situation& situation) noexcept;
  /// The end of what must be done for each sample: after the state machine has looked at it.
  void after_sample(const DeliverySample& s) noexcept;

  // Rounds: round trips, counted by data.
  bool is_round_start() const noexcept { return round_start_; }
  bool is_loss_round_start() const noexcept { return loss_round_start_; }
  std::uint32_t losses_in_round() const noexcept { return loss_events_; }
  void start_round(std::uint64_t delivered) noexcept { next_round_delivered_ = delivered; }

  // Bandwidth.
  std::uint64_t max_bw() const noexcept { return std::max(max_bw_[0], max_bw_[1]); }
  std::uint64_t bw() const noexcept { return std::min(max_bw(), bw_lo); }
  /// A cycle of probing is over, and what it found replaces what the one before the last did.
  void advance_max_bw() noexcept {
    if (max_bw_[1] == 0) return;  // nothing was found yet
    max_bw_ = {max_bw_[1], 0};
  }

  // Length.
  bool has_min_rtt() const noexcept { return min_rtt_ != Duration::max(); }
  Duration min_rtt() const noexcept { return min_rtt_; }
  bool is_probe_rtt_due() const noexcept { return probe_rtt_expired_; }
  void renew_probe_rtt(Instant now) noexcept { probe_rtt_min_at_ = now; }

  // Volume.
  /// gain * bw * min_rtt; `fallback` before there is a round trip.
  std::uint32_t bdp(std::uint64_t bw, double gain, std::uint32_t fallback) const noexcept;
  std::uint32_t extra_acked() const noexcept { return extra_acked_.get(); }
  std::uint32_t inflight_latest() const noexcept { return inflight_latest_; }
  std::uint32_t least_window() const noexcept { return 4 * mss_; }  ///< BBR.MinPipeCwnd
  std::uint32_t inflight_with_headroom() const noexcept;

  // Short-term bounds.
  void reset_congestion_signals() noexcept;
  void reset_lower_bounds() noexcept {
    bw_lo = kNoRate;
    inflight_lo = kNoVolume;
  }

  /// The network marked something (RFC 3168): the round counts as one with losses.
  void on_mark() noexcept { loss_in_round_ = true; }
  void restart_aggregation(Instant now) noexcept;
  void set_mss(std::uint32_t mss) noexcept { mss_ = mss; }
  std::uint32_t mss() const noexcept { return mss_; }

  std::uint64_t bw_lo = kNoRate;          ///< until the next probe
  std::uint32_t inflight_lo = kNoVolume;  ///< until the next probe
  std::uint32_t inflight_hi = kNoVolume;  ///< what the path bore, as far as losses tell

 private:
  void update_rounds(const DeliverySample& s) noexcept;
  void update_congestion(const DeliverySample& s, const Situation& situation) noexcept;
  void adapt_lower_bounds(const Situation& situation) noexcept;
  void update_aggregation(const DeliverySample& s, const Situation& situation) noexcept;
  void update_min_rtt(const DeliverySample& s) noexcept;

  std::uint32_t mss_;
  std::uint32_t rounds_ = 0;
  std::uint64_t next_round_delivered_ = 0;
  std::uint64_t loss_round_delivered_ = 0;
  std::uint64_t bw_latest_ = 0;
  std::uint32_t inflight_latest_ = 0;
  std::uint32_t loss_events_ = 0;
  bool round_start_ = false;
  bool loss_round_start_ = false;
  bool loss_in_round_ = false;
  bool probe_rtt_expired_ = false;

  std::array<std::uint64_t, 2> max_bw_{};  ///< of the last cycle of probing and of this one

  Duration min_rtt_ = Duration::max();
  Duration probe_rtt_min_ = Duration::max();
  Instant min_rtt_at_;
  Instant probe_rtt_min_at_;

  WindowedMax extra_acked_;
  Instant extra_acked_since_;
  std::uint64_t extra_acked_delivered_ = 0;
};

}  // namespace zs::tcp::cc
