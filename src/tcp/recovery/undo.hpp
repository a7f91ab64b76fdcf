#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "tcp/seq.hpp"

namespace zs::tcp::recovery {

/// Tells a recovery that was no need: all that was sent again arrived twice (RFC 3708, by DSACK),
/// or an acknowledgement echoes a timestamp from before the first copy (RFC 3522, Eifel).
class Undo {
 public:
  /// `copies`: segments sent again already and not acknowledged yet (a loss probe).
  void begin(SeqNum una, std::uint32_t copies) noexcept {
    marker_ = una;
    copies_ = copies;
    any_ = copies > 0;
    first_copy_at_ = Instant::never();
  }
  void end() noexcept { marker_.reset(); }
  bool is_possible() const noexcept { return marker_.has_value(); }

  void on_retransmitted(std::uint32_t segments, Instant now) noexcept {
    if (!marker_) return;
    copies_ += segments;
    any_ = true;
    first_copy_at_ = std::min(first_copy_at_, now);
  }
  void on_dsack(const SeqRange& range, std::uint32_t mss) noexcept {
    if (!marker_ || !range.end.after(*marker_)) return;
    copies_ -= std::min(copies_, (range.length() + mss - 1) / mss);
  }
  bool has_every_copy_arrived_twice() const noexcept { return marker_ && any_ && copies_ == 0; }
  bool is_answer_to_original(const std::optional<Instant>& echoed_before) const noexcept {
    return marker_ && !first_copy_at_.is_never() && echoed_before &&
           *echoed_before <= first_copy_at_;
  }

 private:
  std::optional<SeqNum> marker_;  ///< SND.UNA when the recovery began
  std::uint32_t copies_ = 0;      ///< segments sent again and not reported as duplicates
  bool any_ = false;
  Instant first_copy_at_ = Instant::never();
};

}  // namespace zs::tcp::recovery
