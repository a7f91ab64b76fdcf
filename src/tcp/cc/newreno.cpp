#include "tcp/cc/newreno.hpp"

namespace zs::tcp::cc {
namespace {

/// RFC 3465 §2.2: L, segments that one ACK may add in slow start, so that a stretched ACK does not
/// release a burst.
constexpr std::uint32_t kAppropriateByteCount = 2;
/// RFC 8511 §3.1: beta_ecn, in tenths.
constexpr std::uint64_t kBetaEcnTenths = 8;

}  // namespace

NewReno::NewReno(const Parameters& parameters) noexcept
    : Controller(starting_window(parameters)),
      mss_(std::max(parameters.mss, 1u)),
      initial_window_(std::max(parameters.initial_window, mss_)),
      hystart_on_(parameters.hystart),
      paced_(parameters.paced),
      alternative_backoff_(parameters.ecn_alternative_backoff) {}

// A window that was not used says nothing about the path (RFC 7661 §3).
void NewReno::on_app_limited_ack(Instant /*now*/) noexcept { timed_out_ = false; }

void NewReno::on_ack(const AckSample& ack) noexcept {
  timed_out_ = false;
  if (ack.app_limited) return;
  std::uint32_t acked = ack.newly_acked_bytes;
  if (is_slow_start()) {
    const std::uint32_t room = ssthresh_ - cwnd_;
    const std::uint32_t growth = std::min(slow_start_growth(ack), room);
    cwnd_ = std::min(cwnd_ + growth, kMaxWindow);
    if (hystart_.phase() == HyStart::Phase::kOver) {
      ssthresh_ = std::min(ssthresh_, cwnd_);
      return;
    }
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

std::uint32_t NewReno::slow_start_growth(const AckSample& ack) noexcept {
  if (hystart_on_ && ssthresh_ == UINT32_MAX) {
    return hystart_.on_ack({.newly_acked = ack.newly_acked_bytes,
                            .in_flight = ack.bytes_in_flight,
                            .rtt = ack.rtt.value_or(Duration{}),
                            .mss = mss_,
                            .paced = paced_});
  }
  return std::min(ack.newly_acked_bytes, kAppropriateByteCount * mss_);
}

void NewReno::on_loss(LossKind kind, Instant /*now*/, std::uint32_t bytes_in_flight) noexcept {
  if (kind == LossKind::kTimeout && timed_out_) return;  // nothing got through since the last
  before_loss_ = {.cwnd = cwnd_, .ssthresh = ssthresh_};
  if (kind == LossKind::kEcn) before_loss_ = {};  // a mark is no mistake
  acked_in_avoidance_ = 0;
  hystart_ = {};
  const std::uint64_t used = std::min(bytes_in_flight, kMaxWindow);
  const bool mild = kind == LossKind::kEcn && alternative_backoff_;
  const auto left = static_cast<std::uint32_t>(mild ? used * kBetaEcnTenths / 10 : used / 2);
  ssthresh_ = std::max(left, 2 * mss_);  // RFC 5681 (4)
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
