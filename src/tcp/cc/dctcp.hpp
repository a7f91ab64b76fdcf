#pragma once

#include "tcp/cc/controller.hpp"

namespace zs::tcp::cc {

/// DCTCP (RFC 8257): for networks whose switches mark early. The window shrinks by the share of
/// bytes that were marked, not by half; it grows, and answers losses, as NewReno's (§3.3 to §3.5).
class Dctcp final : public Controller {
 public:
  explicit Dctcp(const Parameters& parameters) noexcept;

  std::string_view name() const noexcept override { return "dctcp"; }
  void on_ack(const AckSample& ack) noexcept override;
  void on_app_limited_ack(Instant now) noexcept override;
  void on_loss(LossKind kind, Instant now, std::uint32_t bytes_in_flight) noexcept override;
  void on_spurious(Instant now) noexcept override;
  void on_recovery_exit(Instant now) noexcept override;
  void on_idle_restart(Instant now) noexcept override;
  void on_mss_change(std::uint32_t mss) noexcept override;

  /// DCTCP.Alpha in units of 1/kOne.
  std::uint32_t alpha() const noexcept { return alpha_; }
  static constexpr std::uint32_t kOne = 1u << 20;

 private:
  void count(const AckSample& ack) noexcept;

  std::uint32_t mss_;
  std::uint32_t initial_window_;
  std::uint32_t acked_in_avoidance_ = 0;  ///< bytes towards the next segment of growth
  bool timed_out_ = false;                ///< and nothing was acknowledged since
  struct Saved {
    std::uint32_t cwnd = 0;  ///< 0: nothing to take back
    std::uint32_t ssthresh = 0;
  } before_loss_;
  // The observation window (§3.3).
  std::uint32_t alpha_ = kOne;      ///< of no past, so that the first mark halves, as TCP does
  std::uint64_t acked_ = 0;         ///< bytes, all in all
  std::uint64_t window_end_ = 0;    ///< DCTCP.WindowEnd, in acked_
  std::uint64_t bytes_acked_ = 0;   ///< DCTCP.BytesAcked
  std::uint64_t bytes_marked_ = 0;  ///< DCTCP.BytesMarked
};

}  // namespace zs::tcp::cc
