#include "tcp/cc/cubic.hpp"

#include <cmath>
#include <utility>

namespace zs::tcp::cc {
namespace {

constexpr double kC = 0.4;     ///< RFC 9438 §5.1
constexpr double kBeta = 0.7;  ///< RFC 9438 §4.6
/// RFC 9438 §4.3: additive increase that gives Reno's average window with kBeta.
constexpr double kRenoAlpha = 3.0 * (1.0 - kBeta) / (1.0 + kBeta);
constexpr double kBetaEcn = 0.85;  ///< RFC 8511 §3.1, for CUBIC

double seconds_of(Duration d) noexcept { return std::chrono::duration<double>(d).count(); }

}  // namespace

Cubic::Cubic(const Parameters& parameters) noexcept
    : Controller(starting_window(parameters)),
      mss_(std::max(parameters.mss, 1u)),
      initial_window_(std::max(parameters.initial_window, mss_)),
      hystart_on_(parameters.hystart),
      paced_(parameters.paced),
      alternative_backoff_(parameters.ecn_alternative_backoff) {}

double Cubic::segments(std::uint32_t bytes) const noexcept {
  return static_cast<double>(bytes) / mss_;
}

double Cubic::cubic_window(double seconds) const noexcept {
  const double x = seconds - shape_.k_seconds;
  return kC * x * x * x + shape_.w_max;
}

// RFC 9438 §5.8: time in which the window was not used must not count, or the window would jump as
// soon as it is.
void Cubic::on_app_limited_ack(Instant now) noexcept {
  timed_out_ = false;
  const Instant previous = std::exchange(last_ack_, now);
  if (shape_.epoch.is_never() || previous.is_never()) return;
  pause(now - previous);
}

void Cubic::on_ack(const AckSample& ack) noexcept {
  if (ack.app_limited) return on_app_limited_ack(ack.now);
  timed_out_ = false;
  last_ack_ = ack.now;
  if (!is_slow_start()) return grow_in_avoidance(ack, ack.newly_acked_bytes);
  const std::uint32_t room = ssthresh_ - cwnd_;
  const std::uint32_t growth = std::min({slow_start_growth(ack), room, kMaxWindow - cwnd_});
  cwnd_ += growth;
  const HyStart* const first = std::get_if<HyStart>(&past_);
  if (first != nullptr && first->phase() == HyStart::Phase::kOver) ssthresh_ = cwnd_;
  if (growth == room) grow_in_avoidance(ack, ack.newly_acked_bytes - growth);
}

/// RFC 9406 §4.2 limits what one acknowledgement adds to eight segments, where nothing is paced, of
/// later slow starts too. Today's receivers acknowledge a whole super-segment at once (GRO), where
/// RFC 3465's 2 would make slow start crawl.
std::uint32_t Cubic::slow_start_growth(const AckSample& ack) noexcept {
  HyStart* const first = std::get_if<HyStart>(&past_);
  if (hystart_on_ && first != nullptr && ssthresh_ == UINT32_MAX) {
    return first->on_ack({.newly_acked = ack.newly_acked_bytes,
                          .in_flight = ack.bytes_in_flight,
                          .rtt = ack.rtt.value_or(Duration{}),
                          .mss = mss_,
                          .paced = paced_});
  }
  return paced_ ? ack.newly_acked_bytes
                : std::min(ack.newly_acked_bytes, HyStart::kUnpacedLimit * mss_);
}

void Cubic::pause(Duration idle) noexcept {
  if (!shape_.epoch.is_never() && idle > Duration::zero()) shape_.epoch = shape_.epoch + idle;
}

// RFC 9438 §4.2: K is when the curve is back at W_max. A window already beyond W_max (after a
// timeout §4.8, or slow start that no loss ended) starts at the curve's plateau.
void Cubic::start_epoch(Instant now) noexcept {
  const double window = segments(cwnd_);
  shape_.epoch = now;
  if (shape_.w_max > window) {
    shape_.k_seconds = static_cast<float>(std::cbrt((shape_.w_max - window) / kC));
  } else {
    shape_.k_seconds = 0;
    shape_.w_max = static_cast<float>(window);
  }
  w_est_ = static_cast<float>(window);
  carry_ = 0;
}

void Cubic::grow_in_avoidance(const AckSample& ack, std::uint32_t acked_bytes) noexcept {
  if (shape_.epoch.is_never()) start_epoch(ack.now);
  const double window = segments(cwnd_);
  const double acked = segments(acked_bytes);
  const double t = seconds_of(ack.now - shape_.epoch);

  // RFC 9438 §4.3: what Reno would have by now.
  const double alpha = w_est_ < shape_.cwnd_prior ? kRenoAlpha : 1.0;
  w_est_ = static_cast<float>(w_est_ + alpha * acked / window);

  double growth = 0;  // segments
  if (cubic_window(t) < w_est_) {
    growth = w_est_ - window;
  } else {
    const double target =
        std::clamp(cubic_window(t + seconds_of(ack.smoothed_rtt)), window, 1.5 * window);
    growth = (target - window) / window * acked;
  }
  // Never faster than slow start would be.
  const double bytes = std::clamp(growth, 0.0, acked) * mss_ + carry_;
  const auto whole = static_cast<std::uint32_t>(std::min<double>(bytes, kMaxWindow - cwnd_));
  carry_ = static_cast<float>(std::min(bytes - whole, 1.0));
  cwnd_ += whole;
}

void Cubic::on_loss(LossKind kind, Instant /*now*/, std::uint32_t bytes_in_flight) noexcept {
  if (kind == LossKind::kTimeout && timed_out_) return;  // nothing got through since the last
  if (kind == LossKind::kEcn) {
    past_ = HyStart{};  // a mark is no mistake: nothing will bring this back
  } else {
    past_ = Saved{.cwnd = cwnd_, .ssthresh = ssthresh_, .shape = shape_};
  }

  const double window = segments(cwnd_);
  // RFC 9438 §4.7, fast convergence: a flow that did not get back to its former maximum leaves room
  // for others.
  const double w_max = window < shape_.w_max ? window * (1.0 + kBeta) / 2.0 : window;
  shape_ = {.w_max = static_cast<float>(w_max), .cwnd_prior = static_cast<float>(window)};
  // RFC 9438 §4.6. Limited transmit may have sent more than the window.
  const std::uint32_t used = std::min(bytes_in_flight, cwnd_);
  const double beta = kind == LossKind::kEcn && alternative_backoff_ ? kBetaEcn : kBeta;
  ssthresh_ = std::max(static_cast<std::uint32_t>(used * beta), 2 * mss_);
  cwnd_ = ssthresh_;
  timed_out_ = kind == LossKind::kTimeout;
  if (timed_out_) {
    cwnd_ = mss_;
    shape_.w_max = 0;  // RFC 9438 §4.8: the next stage starts at its plateau
  }
}

void Cubic::on_spurious(Instant /*now*/) noexcept {
  const Saved* const saved = std::get_if<Saved>(&past_);
  if (saved == nullptr) return;
  cwnd_ = std::max(cwnd_, saved->cwnd);
  ssthresh_ = saved->ssthresh;
  shape_ = saved->shape;
  past_ = HyStart{};
  timed_out_ = false;
}

void Cubic::on_recovery_exit(Instant now) noexcept {
  last_ack_ = now;
  if (!timed_out_ && !is_slow_start()) start_epoch(now);
}

void Cubic::on_idle_restart(Instant now) noexcept {
  if (!last_ack_.is_never()) pause(now - last_ack_);
  last_ack_ = now;
  cwnd_ = std::min(cwnd_, initial_window_);
}

void Cubic::on_mss_change(std::uint32_t mss) noexcept {
  // The curve is kept in segments; its shape stays the same in bytes.
  const auto scale = static_cast<float>(mss_) / static_cast<float>(std::max(mss, 1u));
  shape_.w_max *= scale;
  shape_.cwnd_prior *= scale;
  w_est_ *= scale;
  mss_ = std::max(mss, 1u);
  initial_window_ = std::max(initial_window_, mss_);
  cwnd_ = std::max(cwnd_, mss_);
}

}  // namespace zs::tcp::cc
