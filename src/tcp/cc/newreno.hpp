#pragma once

#include "tcp/cc/hystart.hpp"
#include "tcp/cc/reno_window.hpp"

namespace zs::tcp::cc {

/// Slow start and congestion avoidance of RFC 5681, counting bytes (RFC 3465, L = 2); by choice the
/// first slow start with HyStart++ (RFC 9406).
class NewReno final : public RenoWindow {
 public:
  explicit NewReno(const Parameters& parameters) noexcept;

  std::string_view name() const noexcept override { return "newreno"; }
  void on_ack(const AckSample& ack) noexcept override;
  void on_loss(LossKind kind, Instant now, std::uint32_t bytes_in_flight) noexcept override;

 private:
  std::uint32_t growth_by(const AckSample& ack) noexcept;

  bool hystart_on_;
  bool paced_;
  bool alternative_backoff_;
  HyStart hystart_;
};

}  // namespace zs::tcp::cc
