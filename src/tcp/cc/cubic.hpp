#pragma once

#include <variant>

#include "tcp/cc/controller.hpp"
#include "tcp/cc/hystart.hpp"

namespace zs::tcp::cc {

/// CUBIC (RFC 9438): the window follows a cubic function of the time since the last reduction, and
/// is never smaller than what Reno would reach. Slow start as RFC 5681 has it, the first with
/// HyStart++ (RFC 9406).
class Cubic final : public Controller {
 public:
  explicit Cubic(const Parameters& parameters) noexcept;

  std::string_view name() const noexcept override { return "cubic"; }
  void on_ack(const AckSample& ack) noexcept override;
  void on_app_limited_ack(Instant now) noexcept override;
  void on_loss(LossKind kind, Instant now, std::uint32_t bytes_in_flight) noexcept override;
  void on_spurious(Instant now) noexcept override;
  void on_recovery_exit(Instant now) noexcept override;
  void on_idle_restart(Instant now) noexcept override;
  void on_mss_change(std::uint32_t mss) noexcept override;

 private:
  /// Where the curve lies; windows in segments.
  struct Shape {
    float w_max = 0;       ///< the curve's plateau: the window before the last reduction
    float cwnd_prior = 0;  ///< the window when ssthresh was last set (RFC 9438 §4.3)
    float k_seconds = 0;   ///< from the epoch to the plateau
    Instant epoch = Instant::never();  ///< when this congestion avoidance stage began
  };
  /// What a spurious loss must bring back (RFC 9438 §4.9).
  struct Saved {
    std::uint32_t cwnd = 0;
    std::uint32_t ssthresh = 0;
    Shape shape;
  };

  void start_epoch(Instant now) noexcept;
  std::uint32_t slow_start_growth(const AckSample& ack) noexcept;
  void pause(Duration idle) noexcept;
  void grow_in_avoidance(const AckSample& ack, std::uint32_t acked_bytes) noexcept;
  double cubic_window(double seconds) const noexcept;
  double segments(std::uint32_t bytes) const noexcept;

  std::uint32_t mss_;
  std::uint32_t initial_window_;
  Shape shape_;
  Instant last_ack_ = Instant::never();
  float w_est_ = 0;  ///< segments that Reno would have
  float carry_ = 0;  ///< growth below one byte, kept for the next ACK
  bool timed_out_ = false;
  bool hystart_on_;
  bool paced_;
  bool alternative_backoff_;
  /// What the first slow start has seen, or, after a loss, what was before it: never both.
  std::variant<HyStart, Saved> past_;
};

}  // namespace zs::tcp::cc
