#pragma once

#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "tcp/seq.hpp"

namespace zs::tcp::recovery {

/// What a path taught about reordering; outlives the trouble that taught it.
struct Reordering {
  bool seen = false;             ///< RACK.reordering_seen
  std::uint8_t window_mult = 1;  ///< RACK.reo_wnd_mult
  std::uint8_t persist = 0;      ///< RACK.reo_wnd_persist
};

/// What the estimator says of the path; zero before the first sample.
struct PathTimes {
  Duration min_rtt{};
  Duration srtt{};
  Duration latest{};
};

/// The clock of RFC 8985 (RACK): what was sent a while before something that has arrived since is
/// lost. It knows times only; the caller walks its records.
class Rack {
 public:
  /// RFC 8985 §6.2 step 4: recoveries without a DSACK that a wider window outlives.
  static constexpr std::uint8_t kPersist = 16;

  /// A part of one transmission that was acknowledged or SACKed just now.
  struct Delivery {
    SeqRange range;
    Instant sent_at;
    bool retransmitted = false;
  };
  /// The acknowledgement that brings deliveries.
  struct Arrival {
    Instant now;
    Duration min_rtt{};
    /// The segment that it answers was sent before (RFC 7323's echo); absent without timestamps.
    std::optional<Instant> echoed_before;
  };
  /// What the reordering window depends on.
  struct Situation {
    bool in_recovery = false;
    bool dup_threshold_met = false;
    PathTimes path;
  };

  /// Everything below `una` arrived in order; `rtt` is the latest sample.
  Rack(SeqNum una, Duration rtt) noexcept : rtt_(rtt), fack_(una) {}

  /// Steps 1 to 3, to be called in the order of sequence numbers.
  void on_delivered(const Delivery& delivery, const Arrival& arrival,
                    Reordering& reordering) noexcept;
  /// Step 4: a duplicate was reported; once a round trip it widens the window.
  void on_dsack(SeqNum una, SeqNum nxt, Reordering& reordering) noexcept;
  /// Step 4: how long to wait for what may only be late.
  static Duration window(const Situation& situation, const Reordering& reordering) noexcept;
  static void on_recovery_exit(Reordering& reordering) noexcept;

  /// Step 5: bytes from `begin` on, sent at `at`, were sent before the latest that arrived.
  bool is_sent_before(Instant at, SeqNum begin) const noexcept {
    return at < latest_at_ || (at == latest_at_ && begin.before(latest_end_));
  }
  /// Where the latest that arrived ends; in its own transmission, what lies behind is not late yet.
  SeqNum latest_end() const noexcept { return latest_end_; }
  Instant latest_at() const noexcept { return latest_at_; }
  Duration rtt() const noexcept { return rtt_; }

 private:
  Instant latest_at_ = Instant::from_ns(INT64_MIN);  ///< RACK.xmit_ts
  SeqNum latest_end_;                                ///< RACK.end_seq
  Duration rtt_;                                     ///< RACK.rtt
  SeqNum fack_;                                      ///< RACK.fack
  std::optional<SeqNum> dsack_round_;                ///< RACK.dsack_round
};

}  // namespace zs::tcp::recovery
