#pragma once

#include "tcp/cc/controller.hpp"

namespace zs::tcp::cc {

/// What NewReno and DCTCP (RFC 8257 §3.3, §3.5) have in common: the window of RFC 5681, counting
/// bytes (RFC 3465, L = 2), and how a loss that was none is taken back.
class RenoWindow : public Controller {
 public:
  void on_app_limited_ack(Instant now) noexcept final;
  void on_spurious(Instant now) noexcept final;
  void on_recovery_exit(Instant now) noexcept final;
  void on_idle_restart(Instant now) noexcept final;
  void on_mss_change(std::uint32_t mss) noexcept final;

 protected:
  explicit RenoWindow(const Parameters& parameters) noexcept;

  /// What an ACK of `acked` bytes may add in slow start.
  std::uint32_t slow_start_growth(std::uint32_t acked) const noexcept;
  /// RFC 5681 §3.1: one segment a window of acknowledged bytes.
  void grow_in_avoidance(std::uint32_t acked) noexcept;

  struct Saved {
    std::uint32_t cwnd = 0;  ///< 0: nothing to take back
    std::uint32_t ssthresh = 0;
  };

  std::uint32_t mss_;
  std::uint32_t initial_window_;
  std::uint32_t acked_in_avoidance_ = 0;  ///< bytes towards the next segment of growth
  bool timed_out_ = false;                ///< and nothing was acknowledged since
  Saved before_loss_;
};

}  // namespace zs::tcp::cc
