#pragma once

#include <memory>

#include "tcp/cc/bbr_machine.hpp"
#include "tcp/cc/controller.hpp"

namespace zs::tcp::cc {

/// BBR version 3 (draft-ietf-ccwg-bbr) as a controller: it paces at the rate that the path was seen
/// to deliver, and keeps about twice in flight what fits into it. The machine lies on the heap, so
/// that connections with other algorithms do not pay for its size.
class Bbr final : public Controller {
 public:
  explicit Bbr(const Parameters& parameters);

  std::string_view name() const noexcept override { return "bbr"; }
  void on_ack(const AckSample& /*ack*/) noexcept override {}
  void on_app_limited_ack(Instant /*now*/) noexcept override {}
  void on_loss(LossKind kind, Instant now, std::uint32_t bytes_in_flight) noexcept override;
  void on_spurious(Instant now) noexcept override;
  void on_recovery_exit(Instant now) noexcept override;
  /// It has its own way to begin anew: on_restart().
  void on_idle_restart(Instant /*now*/) noexcept override {}
  void on_mss_change(std::uint32_t mss) noexcept override;

  bool wants_delivery_samples() const noexcept override { return true; }
  std::uint64_t pacing_rate() const noexcept override { return machine_->pacing_rate(); }
  void on_delivery(const DeliverySample& sample) noexcept override;
  void on_restart(Instant now, bool app_limited) noexcept override;
  bool is_draining_for_rtt() const noexcept override {
    return machine_->state() == BbrState::kProbeRtt;
  }

  const BbrMachine& machine() const noexcept { return *machine_; }

 private:
  std::unique_ptr<BbrMachine> machine_;
};

}  // namespace zs::tcp::cc
