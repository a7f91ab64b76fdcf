#pragma once

#include "tcp/cc/controller.hpp"

namespace zs::tcp::cc {

/// CUBIC (RFC 9438): the window follows a cubic function of the time since the last reduction, and
/// is never smaller than what Reno would reach. Slow start as RFC 5681 has it.
class Cubic final : public Controller {
 public:
  explicit Cubic(const Parameters& parameters) noexcept;

  std::string_view name() const noexcept override { return "cubic"; }
  void on_ack(const AckSample& ack) noexcept override;
  void on_loss(LossKind kind, Instant now, std::uint32_t bytes_in_flight) noexcept override;
  void on_spurious(Instant now) noexcept override;
  void on_recovery_exit(Instant now) noexcept override;
  void on_idle_restart(Instant now) noexcept override;
  void on_mss_change(std::uint32_t mss) noexcept override;
  std::uint32_t window_bytes() const noexcept override { return cwnd_; }
  std::uint32_t ssthresh() const noexcept override { return ssthresh_; }

 private:
  /// What a spurious loss must bring back (RFC 9438 §4.9).
  struct Saved {
    std::uint32_t cwnd = 0;  ///< 0: nothing to take back
    std::uint32_t ssthresh = 0;
    float w_max = 0;
    float k_seconds = 0;
    Instant epoch;
  };

  void start_epoch(Instant now) noexcept;
  void grow_in_avoidance(const AckSample& ack) noexcept;
  double cubic_window(double seconds) const noexcept;
  double segments(std::uint32_t bytes) const noexcept;

  std::uint32_t mss_;
  std::uint32_t initial_window_;
  std::uint32_t cwnd_;
  std::uint32_t ssthresh_ = UINT32_MAX;
  Instant epoch_ = Instant::never();  ///< when this congestion avoidance stage began
  Instant last_ack_ = Instant::never();
  float w_max_ = 0;      ///< segments, before the last reduction
  float k_seconds_ = 0;  ///< until the cubic is back at w_max
  float w_est_ = 0;      ///< segments, what Reno would have
  float carry_ = 0;      ///< bytes of growth below one byte, kept for the next ACK
  Saved before_loss_;
};

}  // namespace zs::tcp::cc
