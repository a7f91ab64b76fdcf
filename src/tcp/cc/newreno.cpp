#include "tcp/cc/newreno.hpp"

namespace zs::tcp::cc {
namespace {

/// RFC 3465 §2.2: L, segments that one ACK may add in slow start, so that a stretched ACK does not
/// release a burst.
constexpr std::uint32_t kAppropriateByteCount = 2;

}  // namespace

NewReno::NewReno(const Parameters& parameters) noexcept
    : Controller(starting_window(parameters)),
      mss_(std::max(parameters.mss, 1u)),
      initial_window_(std::max(parameters.initial_window, mss_)) {}

// A window that was not used says nothing about the path (RFC 7661 §3).
void NewReno::on_app_limited_ack(Instant /*now*/) noexcept { timed_out_ = false; }

void NewReno::on_ack(const AckSample& ack) noexcept {
  timed_out_ = false;
  if (ack.app_limited) return;
  std::uint32_t acked = ack.newly_acked_bytes;
  if (is_slow_start()) {
    const std::uint32_t room = ssthresh_ - cwnd_;
    const std::uint32_t growth = std::min({acked, kAppropriateByteCount * mss_, room});
    cwnd_ = std::min(cwnd_ + growth, kMaxWindow);
    if (growth < room) return;
    acked -= growth;
  }
  // RFC 5681 §3.1: one segment a window of acknowledged bytes.
  acked_in_avoidance_ += std::min(acked, cwnd_);
  if (acked_in_avoidance_ >= cwnd_) {
    acked_in_avoidance_ -= cwnd_;
    cwnd_ = std::min(cwnd_ + mss_, kMaxWindow);
  }
}

void NewReno::on_loss(LossKind kind, Instant /*now*/, std::uint32_t bytes_in_flight) noexcept {
  if (kind == LossKind::kTimeout && timed_out_) return;  // nothing got through since the last
  before_loss_ = {.cwnd = cwnd_, .ssthresh = ssthresh_};
  acked_in_avoidance_ = 0;
  ssthresh_ = std::max(std::min(bytes_in_flight, kMaxWindow) / 2, 2 * mss_);  // RFC 5681 (4)
  timed_out_ = kind == LossKind::kTimeout;
  cwnd_ = timed_out_ ? mss_ : ssthresh_;
}

void NewReno::on_spurious(Instant /*now*/) noexcept {
  if (before_loss_.cwnd == 0) return;
  cwnd_ = std::max(cwnd_, before_loss_.cwnd);
  ssthresh_ = before_loss_.ssthresh;
  before_loss_ = {};
  timed_out_ = false;
}

void NewReno::on_recovery_exit(Instant /*now*/) noexcept { acked_in_avoidance_ = 0; }

void NewReno::on_idle_restart(Instant /*now*/) noexcept {
  cwnd_ = std::min(cwnd_, initial_window_);
  acked_in_avoidance_ = 0;
}

void NewReno::on_mss_change(std::uint32_t mss) noexcept {
  mss_ = std::max(mss, 1u);
  initial_window_ = std::max(initial_window_, mss_);
  cwnd_ = std::max(cwnd_, mss_);
}

}  // namespace zs::tcp::cc
