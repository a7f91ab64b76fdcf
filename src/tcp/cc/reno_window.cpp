#include "tcp/cc/reno_window.hpp"

namespace zs::tcp::cc {
namespace {

/// RFC 3465 §2.2: L, segments that one ACK may add in slow start, so that a stretched ACK does not
/// release a burst.
constexpr std::uint32_t kAppropriateByteCount = 2;

}  // namespace

RenoWindow::RenoWindow(const Parameters& parameters) noexcept
    : Controller(starting_window(parameters)),
      mss_(std::max(parameters.mss, 1u)),
      initial_window_(std::max(parameters.initial_window, mss_)) {}

std::uint32_t RenoWindow::slow_start_growth(std::uint32_t acked) const noexcept {
  return std::min(acked, kAppropriateByteCount * mss_);
}

void RenoWindow::grow_in_avoidance(std::uint32_t acked) noexcept {
  acked_in_avoidance_ += std::min(acked, cwnd_);
  if (acked_in_avoidance_ >= cwnd_) {
    acked_in_avoidance_ -= cwnd_;
    cwnd_ = std::min(cwnd_ + mss_, kMaxWindow);
  }
}

// A window that was not used says nothing about the path (RFC 7661 §3).
void RenoWindow::on_app_limited_ack(Instant /*now*/) noexcept { timed_out_ = false; }

void RenoWindow::on_spurious(Instant /*now*/) noexcept {
  if (before_loss_.cwnd == 0) return;
  cwnd_ = std::max(cwnd_, before_loss_.cwnd);
  ssthresh_ = before_loss_.ssthresh;
  before_loss_ = {};
  timed_out_ = false;
}

void RenoWindow::on_recovery_exit(Instant /*now*/) noexcept { acked_in_avoidance_ = 0; }

void RenoWindow::on_idle_restart(Instant /*now*/) noexcept {
  cwnd_ = std::min(cwnd_, initial_window_);
  acked_in_avoidance_ = 0;
}

void RenoWindow::on_mss_change(std::uint32_t mss) noexcept {
  mss_ = std::max(mss, 1u);
  initial_window_ = std::max(initial_window_, mss_);
  cwnd_ = std::max(cwnd_, mss_);
}

}  // namespace zs::tcp::cc
