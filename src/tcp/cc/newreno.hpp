#pragma once

#include "tcp/cc/controller.hpp"
#include "tcp/cc/hystart.hpp"

namespace zs::tcp::cc {

/// Slow start and congestion avoidance of RFC 5681, counting bytes (RFC 3465, L = 2); by choice the
/// first slow start with HyStart++ (RFC 9406).
class NewReno final : public Controller {
 public:
  explicit NewReno(const Parameters& parameters) noexcept;

  std::string_view name() const noexcept override { return "newreno"; }
  void on_ack(const AckSample& ack) noexcept override;
  void on_app_limited_ack(Instant now) noexcept override;
  void on_loss(LossKind kind, Instant now, std::uint32_t bytes_in_flight) noexcept override;
  void on_spurious(Instant now) noexcept override;
  void on_recovery_exit(Instant now) noexcept override;
  void on_idle_restart(Instant now) noexcept override;
  void on_mss_change(std::uint32_t mss) noexcept override;

 private:
  std::uint32_t slow_start_growth(const AckSample& ack) noexcept;

  struct Saved {
    std::uint32_t cwnd = 0;  ///< 0: nothing to take back
    std::uint32_t ssthresh = 0;
  };

  std::uint32_t mss_;
  std::uint32_t initial_window_;
  std::uint32_t acked_in_avoidance_ = 0;  ///< bytes towards the next segment of growth
  bool timed_out_ = false;                ///< and nothing was acknowledged since
  Saved before_loss_;
  bool hystart_on_;
  bool paced_;
  bool alternative_backoff_;
  HyStart hystart_;
};

}  // namespace zs::tcp::cc
