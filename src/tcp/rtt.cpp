#include "tcp/rtt.hpp"

#include <algorithm>

namespace zs::tcp {
namespace {

constexpr Duration kAfterRepeatedHandshake = std::chrono::seconds{3};

}  // namespace

RttEstimator::RttEstimator(const Config& config) noexcept
    : base_rto_(std::min(config.initial_rto, config.max_rto)),
      min_rto_(config.min_rto),
      max_rto_(config.max_rto) {}

void RttEstimator::on_sample(Duration rtt) noexcept {
  if (rtt < Duration::zero()) return;
  // Below the clock's resolution a round trip is not zero, only unmeasurably short; zero is "none".
  rtt = std::max(rtt, Duration{1});
  latest_ = rtt;
  min_rtt_ = std::min(min_rtt_, rtt);
  if (!has_sample()) {  // RFC 6298 §2.2
    srtt_ = rtt;
    rttvar_ = rtt / 2;
  } else {  // RFC 6298 §2.3 with alpha = 1/8, beta = 1/4
    const Duration deviation = srtt_ > rtt ? srtt_ - rtt : rtt - srtt_;
    rttvar_ += (deviation - rttvar_) / 4;
    srtt_ = std::max(srtt_ + (rtt - srtt_) / 8, Duration{1});
  }
  // The floor is laid under the variance term, as Linux does (tcp_rttvar floored at
  // tcp_rto_min): RFC 6298 §2.4 puts it under the sum, where it vanishes as soon as SRTT exceeds
  // it, and a steady path of 250 ms would then time out on the first delayed ACK.
  base_rto_ = srtt_ + std::max({kClockGranularity, 4 * rttvar_, min_rto_});
  backoffs_ = 0;
}

void RttEstimator::on_handshake_repeated() noexcept {
  if (has_sample()) return;
  base_rto_ = std::min(kAfterRepeatedHandshake, max_rto_);
  backoffs_ = 0;
}

void RttEstimator::backoff() noexcept {
  if (rto() < max_rto_) ++backoffs_;
}

Duration RttEstimator::rto() const noexcept {
  Duration rto = std::min(base_rto_, max_rto_);
  for (std::uint8_t i = 0; i < backoffs_ && rto < max_rto_; ++i) rto = std::min(2 * rto, max_rto_);
  return rto;
}

}  // namespace zs::tcp
