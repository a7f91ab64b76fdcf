#pragma once

#include <cstdint>

#include "base/time.hpp"
#include "tcp/config.hpp"

namespace zs::tcp {

/// When to ask a silent peer whether it still lives (RFC 9293 §3.8.4), and when to give up.
class KeepAlive {
 public:
  enum class Action : std::uint8_t { kNone, kProbe, kGiveUp };

  explicit KeepAlive(const Config& config) noexcept
      : idle_(config.keepalive_idle),
        interval_(config.keepalive_interval),
        max_probes_(config.keepalive_probes) {}

  void set_idle(Duration idle) noexcept { idle_ = idle; }
  void set_interval(Duration interval) noexcept { interval_ = interval; }
  void set_max_probes(std::uint8_t probes) noexcept { max_probes_ = probes; }

  /// Something valid came from the peer. (What we send proves nothing.)
  void on_heard(Instant now) noexcept {
    heard_ = now;
    probes_ = 0;
  }
  /// When to call on_deadline() next.
  Instant deadline() const noexcept { return probes_ == 0 ? heard_ + idle_ : probed_ + interval_; }
  /// A call before deadline() gives kNone and is harmless. Don't call while data is in flight: the
  /// retransmission timer watches the peer then. A user timeout decides in place of the number of
  /// probes (tcp(7), RFC 5482 §4.2).
  Action on_deadline(Instant now, Duration user_timeout = Duration::zero()) noexcept {
    if (now < deadline()) return Action::kNone;
    const bool spent = user_timeout > Duration::zero() ? probes_ > 0 && now - heard_ >= user_timeout
                                                       : probes_ >= max_probes_;
    if (spent) return Action::kGiveUp;
    if (probes_ < UINT8_MAX) ++probes_;
    probed_ = now;
    return Action::kProbe;
  }
  std::uint8_t probes() const noexcept { return probes_; }
  /// When something valid came last.
  Instant heard() const noexcept { return heard_; }

 private:
  Duration idle_;
  Duration interval_;
  Instant heard_;
  Instant probed_;
  std::uint8_t max_probes_;
  std::uint8_t probes_ = 0;
};

}  // namespace zs::tcp
