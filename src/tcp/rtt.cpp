#include "tcp/rtt.hpp"

#include <algorithm>

namespace zs::tcp {
namespace {

constexpr Duration kAfterRepeatedHandshake = std::chrono::seconds{3};

}  // namespace

RttEstimator::RttEstimator(const Config& config) noexcept
    : base_rto_(std::min(config.initial_rto, config.max_rto)),
      min_rto_(std::max(config.min_rto, kClockGranularity)),
      max_rto_(config.max_rto),
      rto_(base_rto_) {}

void RttEstimator::on_sample(Duration rtt) noexcept {
  if (rtt < Duration::zero()) return;
  // Below the clock's resolution a round trip is not zero, only unmeasurably short; zero is "none".
  rtt = std::max(rtt, Duration{1});
  latest_ = rtt;
  min_rtt_ = std::min(min_rtt_, rtt);
  if (!is_settled_) [[unlikely]] {
    begin(rtt);
  } else {  // RFC 6298 §2.3 with alpha = 1/8, beta = 1/4
    const Duration deviation = srtt_ > rtt ? srtt_ - rtt : rtt - srtt_;
    // Shifts: a division of signed numbers, which rounds towards zero, takes twice as long.
    rttvar_ += Duration{(deviation - rttvar_).count() >> 2};
    srtt_ = std::max(srtt_ + Duration{(rtt - srtt_).count() >> 3}, Duration{1});
  }
  // The floor is laid under the variance term, as Linux does (tcp_rttvar floored at
  // tcp_rto_min): RFC 6298 §2.4 puts it under the sum, where it vanishes as soon as SRTT exceeds
  // it, and a steady path of 250 ms would then time out on the first delayed ACK.
  const Duration variance = std::max(4 * rttvar_, min_rto_);
  base_rto_ = srtt_ + variance;
  backoffs_ = 0;
  rto_ = std::min(base_rto_, max_rto_);
  probes_early_ = variance > kMostAckDelay;
}

void RttEstimator::begin(Duration rtt) noexcept {
  is_settled_ = true;
  if (!has_sample()) {  // RFC 6298 §2.2
    srtt_ = rtt;
    rttvar_ = rtt / 2;
    return;
  }
  // RFC 4015 §3.2 step 7: no less than before the timeout, and than what the sample alone calls
  // for.
  srtt_ = std::max(srtt_ + 2 * kClockGranularity, rtt);
  rttvar_ = std::max(rttvar_, rtt / 2);
}

void RttEstimator::on_handshake_repeated() noexcept {
  if (has_sample()) return;
  base_rto_ = std::min(kAfterRepeatedHandshake, max_rto_);
  reset_backoff();
}

void RttEstimator::backoff() noexcept {
  if (rto_ >= max_rto_) return;
  ++backoffs_;
  probes_early_ = true;
  rto_ = std::min(2 * rto_, max_rto_);
}

}  // namespace zs::tcp
