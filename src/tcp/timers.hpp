#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>

#include "base/assert.hpp"
#include "base/time.hpp"

namespace zs::tcp {

enum class TimerId : std::uint8_t {
  kRetransmit,  ///< also SYN
  kPersist,
  kDelayedAck,
  kKeepAlive,
  kTimeWait,       ///< also the time limit of an orphan in FIN-WAIT-2
  kLossDetection,  ///< RACK's reordering timer or TLP's PTO: never both (RFC 8985 §8)
  kCount
};

/// The deadlines of one connection. The connection knows *when*; only the shard's timing wheel,
/// which holds one entry a connection keyed on earliest(), knows *how to be woken*.
class TimerTable {
 public:
  constexpr TimerTable() { at_.fill(Instant::never()); }
  constexpr void set(TimerId id, Instant at) { at_[index(id)] = at; }
  constexpr void cancel(TimerId id) { at_[index(id)] = Instant::never(); }
  constexpr void cancel_all() { at_.fill(Instant::never()); }
  constexpr bool is_armed(TimerId id) const { return !at_[index(id)].is_never(); }
  constexpr Instant at(TimerId id) const { return at_[index(id)]; }
  constexpr Instant earliest() const {
    Instant earliest = at_[0];
    for (std::size_t i = 1; i < at_.size(); ++i) earliest = std::min(earliest, at_[i]);
    return earliest;
  }

  /// Disarms `id` and reports true if it was due. A timer cannot fire twice for one arming.
  constexpr bool consume_if_due(TimerId id, Instant now) {
    if (!is_armed(id) || now < at_[index(id)]) return false;
    cancel(id);
    return true;
  }

 private:
  static constexpr std::size_t index(TimerId id) {
    ZS_ASSERT(id < TimerId::kCount);
    return static_cast<std::size_t>(id);
  }
  std::array<Instant, static_cast<std::size_t>(TimerId::kCount)> at_{};
};

}  // namespace zs::tcp
