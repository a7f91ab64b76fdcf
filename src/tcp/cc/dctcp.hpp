#pragma once

#include "tcp/cc/reno_window.hpp"

namespace zs::tcp::cc {

/// DCTCP (RFC 8257): for networks whose switches mark early. The window shrinks by the share of
/// bytes that were marked, not by half; it grows, and answers losses, as NewReno's (§3.3 to §3.5).
class Dctcp final : public RenoWindow {
 public:
  explicit Dctcp(const Parameters& parameters) noexcept;

  std::string_view name() const noexcept override { return "dctcp"; }
  void on_ack(const AckSample& ack) noexcept override;
  void on_loss(LossKind kind, Instant now, std::uint32_t bytes_in_flight) noexcept override;

  /// DCTCP.Alpha in units of 1/kOne.
  std::uint32_t alpha() const noexcept { return alpha_; }
  static constexpr std::uint32_t kOne = 1u << 20;

 private:
  void count(const AckSample& ack) noexcept;

  // The observation window (§3.3).
  std::uint32_t alpha_ = kOne;      ///< of no past, so that the first mark halves, as TCP does
  std::uint64_t acked_ = 0;         ///< bytes, all in all
  std::uint64_t window_end_ = 0;    ///< DCTCP.WindowEnd, in acked_
  std::uint64_t bytes_acked_ = 0;   ///< DCTCP.BytesAcked
  std::uint64_t bytes_marked_ = 0;  ///< DCTCP.BytesMarked
};

}  // namespace zs::tcp::cc
