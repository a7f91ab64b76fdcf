#include "tcp/cc/bbr.hpp"

namespace zs::tcp::cc {

Bbr::Bbr(const Parameters& parameters)
    : Controller(starting_window(parameters)),
      machine_(std::make_unique<BbrMachine>(std::max(parameters.mss, 1u),
                                            starting_window(parameters), parameters.smoothed_rtt,
                                            parameters.seed)) {
  cwnd_ = machine_->window();
}

void Bbr::on_delivery(const DeliverySample& sample) noexcept {
  machine_->on_sample(sample);
  cwnd_ = machine_->window();
}

void Bbr::on_loss(LossKind kind, Instant /*now*/, std::uint32_t bytes_in_flight) noexcept {
  if (kind == LossKind::kEcn) return machine_->on_mark();
  if (kind == LossKind::kTimeout) {
    machine_->on_timeout();
  } else {
    machine_->on_recovery();
  }
  (void)bytes_in_flight;
  cwnd_ = machine_->window();
}

void Bbr::on_spurious(Instant /*now*/) noexcept {
  machine_->on_spurious();
  cwnd_ = machine_->window();
}

void Bbr::on_recovery_exit(Instant /*now*/) noexcept {
  machine_->on_recovery_exit();
  cwnd_ = machine_->window();
}

void Bbr::on_mss_change(std::uint32_t mss) noexcept {
  machine_->set_mss(std::max(mss, 1u));
  cwnd_ = machine_->window();
}

void Bbr::on_restart(Instant now, bool app_limited) noexcept {
  machine_->on_restart(now, app_limited);
  cwnd_ = machine_->window();
}

}  // namespace zs::tcp::cc
