#pragma once

#include <bit>
#include <cstdint>

#include "base/time.hpp"

namespace zs::runtime {

/// Decides from the recent past whether a shard without work polls on or goes to sleep. A sleeper
/// is woken some microseconds late, a poller costs a core: so polling pays for as long as the next
/// packet is likely to be near. Without I/O; time goes in.
///
/// A gap is the time from one pass with work to the next. While the latest gap was short, or at
/// least a quarter of the last 16 were, the shard polls for `spin` before it sleeps; otherwise it
/// sleeps at once. Where the gaps are short, as under any load, it thus never sleeps. A sleeper
/// cannot tell a short gap from a late wake-up, so every sixteenth time it polls nevertheless: if
/// that pays, it goes on with it.
class IdleGovernor {
 public:
  /// What has woken a sleeper.
  enum class Woken : std::uint8_t { kByTime, kBySignal };

  /// `spin`: how long to poll at most.
  IdleGovernor(Duration spin, Instant now) : spin_(spin), last_work_(now) {}

  /// After a pass with work.
  void on_work(Instant now) {
    // Time asleep, and the way out of it, would make each gap long.
    const Duration limit = slept_ ? 2 * spin_ : spin_;
    gaps_ = static_cast<std::uint16_t>(gaps_ << 1 | (now - last_work_ <= limit ? 1 : 0));
    last_work_ = now;
    slept_ = false;
    ++gap_number_;
  }
  /// After a pass without.
  bool should_sleep(Instant now) const {
    return now >= no_sleep_before_ && now - last_work_ >= spin_limit();
  }
  /// After a sleep.
  void on_sleep() { slept_ = true; }
  /// It could not sleep: there is no use in trying again and again.
  void on_insomnia(Instant now) { no_sleep_before_ = now + kInsomnia; }

  /// After a sleep that lasted `slept` in which the device should have signalled packets, and a
  /// look at what it has. A device that was silent about its packets too often is believed no more.
  void on_wake(Woken woken, Duration slept, bool has_packets) {
    if (!has_packets) return;
    // A packet that comes just when a sleep is over proves nothing; long sleeps end rarely.
    if (woken == Woken::kByTime && slept >= kLongSleep) {
      ++missed_;
    } else if (woken == Woken::kBySignal) {
      missed_ = 0;
    }
  }
  bool trusts_device() const { return missed_ < kMaxMissed; }

 private:
  static constexpr int kEnoughShort = 4;
  static constexpr std::uint32_t kProbePeriod = 16;
  static constexpr int kMaxMissed = 3;
  static constexpr Duration kInsomnia = std::chrono::milliseconds{100};
  static constexpr Duration kLongSleep = std::chrono::milliseconds{100};

  Duration spin_limit() const {
    const bool is_promising = (gaps_ & 1) != 0 || std::popcount(gaps_) >= kEnoughShort;
    return is_promising || gap_number_ % kProbePeriod == 0 ? spin_ : Duration{};
  }

  Duration spin_;
  Instant last_work_;
  Instant no_sleep_before_;
  std::uint16_t gaps_ = 0xffff;  ///< a bit each, the latest lowest; set: it was short
  bool slept_ = false;           ///< since last_work_
  std::uint32_t gap_number_ = 0;
  int missed_ = 0;
};

}  // namespace zs::runtime
