#include "tcp/cc/dctcp.hpp"

namespace zs::tcp::cc {
namespace {

/// RFC 8257 §4.2: g = 1/16.
constexpr std::uint32_t kShiftG = 4;

}  // namespace

Dctcp::Dctcp(const Parameters& parameters) noexcept : RenoWindow(parameters) {}

/// RFC 8257 §3.3: once a window of data, alpha follows the share of it that was marked.
void Dctcp::count(const AckSample& ack) noexcept {
  acked_ += ack.newly_acked_bytes;
  bytes_acked_ += ack.newly_acked_bytes;
  if (ack.ecn_echo) bytes_marked_ += ack.newly_acked_bytes;
  if (acked_ <= window_end_) return;
  const std::uint64_t marked = bytes_marked_ * kOne / bytes_acked_;  // M; bytes_acked_ > 0 here
  alpha_ -= alpha_ >> kShiftG;
  alpha_ = std::min(alpha_ + static_cast<std::uint32_t>(marked >> kShiftG), kOne);
  // What shifting can no longer take away is nothing.
  if (marked == 0 && alpha_ < (1u << kShiftG)) alpha_ = 0;
  bytes_acked_ = bytes_marked_ = 0;
  window_end_ =
      acked_ + (ack.bytes_in_flight - std::min(ack.bytes_in_flight, ack.newly_acked_bytes));
}

void Dctcp::on_ack(const AckSample& ack) noexcept {
  timed_out_ = false;
  count(ack);
  // RFC 3168 §6.1.2: no growth by an acknowledgement that tells of congestion.
  if (ack.app_limited || ack.ecn_echo) return;
  std::uint32_t acked = ack.newly_acked_bytes;
  if (is_slow_start()) {
    const std::uint32_t room = ssthresh_ - cwnd_;
    const std::uint32_t growth = std::min(slow_start_growth(acked), room);
    cwnd_ = std::min(cwnd_ + growth, kMaxWindow);
    if (growth < room) return;
    acked -= growth;
  }
  grow_in_avoidance(acked);
}

void Dctcp::on_loss(LossKind kind, Instant /*now*/, std::uint32_t bytes_in_flight) noexcept {
  acked_in_avoidance_ = 0;
  if (kind == LossKind::kEcn) {
    // RFC 8257 §3.3 (8): cwnd = cwnd * (1 - alpha / 2).
    const auto less = static_cast<std::uint32_t>(std::uint64_t{cwnd_} * alpha_ / (2 * kOne));
    before_loss_ = {};
    ssthresh_ = std::max(cwnd_ - less, 2 * mss_);
    cwnd_ = std::min(cwnd_, ssthresh_);
    return;
  }
  if (kind == LossKind::kTimeout && timed_out_) return;  // nothing got through since the last
  before_loss_ = {.cwnd = cwnd_, .ssthresh = ssthresh_};
  // RFC 8257 §3.5: a loss is answered as RFC 5681 (4) has it.
  ssthresh_ = std::max(std::min(bytes_in_flight, kMaxWindow) / 2, 2 * mss_);
  timed_out_ = kind == LossKind::kTimeout;
  cwnd_ = timed_out_ ? mss_ : ssthresh_;
}

}  // namespace zs::tcp::cc
