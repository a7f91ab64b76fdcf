#pragma once

#include <algorithm>
#include <cstdint>

#include "base/time.hpp"
#include "tcp/config.hpp"

namespace zs::tcp {

/// Round-trip estimator and retransmission timeout of RFC 6298. The caller applies Karn's rule: no
/// sample from a segment that was retransmitted, unless a timestamp tells the copies apart
/// (RFC 7323 §4).
class RttEstimator {
 public:
  /// RFC 6298 §2: G. Our timestamps count milliseconds.
  static constexpr Duration kClockGranularity = std::chrono::milliseconds{1};

  /// TLP.max_ack_delay; Linux' TCP_RTO_MIN.
  static constexpr Duration kMostAckDelay = std::chrono::milliseconds{200};

  explicit RttEstimator(const Config& config) noexcept;

  /// A measured round trip; negative ones are ignored. Ends the back-off (RFC 6298 §5.7).
  void on_sample(Duration rtt) noexcept;
  /// The timeout was a mistake: RFC 4015 §3.2 step 7 makes the timer more conservative with the
  /// next sample.
  void on_spurious_timeout() noexcept { is_settled_ = false; }
  /// The retransmission timer expired: doubles rto() up to max_rto (RFC 6298 §5.5).
  void backoff() noexcept;
  /// A closed window opened: what was backed off was the probing.
  void reset_backoff() noexcept {
    backoffs_ = 0;
    rto_ = std::min(base_rto_, max_rto_);
    probes_early_ = true;
  }
  /// The handshake needed more than one try: RFC 6298 §5.7 wants 3 seconds, until there is a
  /// sample.
  void on_handshake_repeated() noexcept;

  /// The current timeout, back-off included.
  Duration rto() const noexcept { return rto_; }
  /// RFC 8985 §7.2: how long to wait for the acknowledgement of a tail, which the peer may delay by
  /// `ack_delay`, before probing.
  Duration probe_timeout(Duration ack_delay) const noexcept {
    return has_sample() ? 2 * srtt_ + ack_delay : Duration{std::chrono::seconds{1}};
  }
  /// The earlier of rto() and probe_timeout(kMostAckDelay), which is hardly ever the latter.
  Duration lone_timeout() const noexcept {
    if (!probes_early_) [[likely]] {
      return rto_;
    }
    return std::min(rto_, probe_timeout(kMostAckDelay));
  }
  bool has_sample() const noexcept { return srtt_ != Duration::zero(); }
  Duration srtt() const noexcept { return srtt_; }        ///< zero before the first sample
  Duration rttvar() const noexcept { return rttvar_; }    ///< zero before the first sample
  Duration min_rtt() const noexcept { return min_rtt_; }  ///< Duration::max() before the first
  Duration latest() const noexcept { return latest_; }    ///< zero before the first sample
  std::uint8_t backoffs() const noexcept { return backoffs_; }

 private:
  Duration srtt_{};
  Duration rttvar_{};
  Duration min_rtt_ = Duration::max();
  Duration latest_{};
  Duration base_rto_;
  Duration min_rto_;  ///< at least kClockGranularity
  Duration max_rto_;
  Duration rto_;  ///< base_rto_ doubled backoffs_ times, at most max_rto_
  void begin(Duration rtt) noexcept;

  std::uint8_t backoffs_ = 0;
  bool is_settled_ = false;   ///< the next sample is one among many
  bool probes_early_ = true;  ///< probe_timeout(kMostAckDelay) may lie before rto()
};

}  // namespace zs::tcp
