#include "tcp/cc/newreno.hpp"

namespace zs::tcp::cc {
namespace {

/// RFC 8511 §3.1: beta_ecn, in tenths.
constexpr std::uint64_t kBetaEcnTenths = 8;

}  // namespace

NewReno::NewReno(const Parameters& parameters) noexcept
    : RenoWindow(parameters),
      hystart_on_(parameters.hystart),
      paced_(parameters.paced),
      alternative_backoff_(parameters.ecn_alternative_backoff) {}

void NewReno::on_ack(const AckSample& ack) noexcept {
  timed_out_ = false;
  if (ack.app_limited) return;
  std::uint32_t acked = ack.newly_acked_bytes;
  if (is_slow_start()) {
    const std::uint32_t room = ssthresh_ - cwnd_;
    const std::uint32_t growth = std::min(growth_by(ack), room);
    cwnd_ = std::min(cwnd_ + growth, kMaxWindow);
    if (hystart_.phase() == HyStart::Phase::kOver) {
      ssthresh_ = std::min(ssthresh_, cwnd_);
      return;
    }
    if (growth < room) return;
    acked -= growth;
  }
  grow_in_avoidance(acked);
}

std::uint32_t NewReno::growth_by(const AckSample& ack) noexcept {
  if (hystart_on_ && ssthresh_ == UINT32_MAX) {
    return hystart_.on_ack({.newly_acked = ack.newly_acked_bytes,
                            .in_flight = ack.bytes_in_flight,
                            .rtt = ack.rtt.value_or(Duration{}),
                            .mss = mss_,
                            .paced = paced_});
  }
  return slow_start_growth(ack.newly_acked_bytes);
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

}  // namespace zs::tcp::cc
