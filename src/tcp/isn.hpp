#pragma once

#include <cstdint>

#include "base/address.hpp"
#include "base/siphash.hpp"
#include "base/time.hpp"
#include "tcp/seq.hpp"

namespace zs::tcp {

/// Initial sequence numbers (RFC 6528) and timestamp offsets (RFC 7323 §5.4) that strangers cannot
/// guess.
class IsnGenerator {
 public:
  explicit IsnGenerator(const SipKey& secret) noexcept : secret_(secret) {}

  /// A clock of 4 microseconds plus a keyed hash of the 4-tuple: monotonic for one tuple, so that
  /// segments of an earlier incarnation fall outside the window (RFC 9293 §3.4.1).
  SeqNum isn(const FlowKey& flow, Instant now) const noexcept;
  /// What to add to the millisecond clock for this 4-tuple's TSval. The same for every incarnation
  /// of the tuple, so that RFC 6191 (reuse of TIME-WAIT) and PAWS keep working across them.
  std::uint32_t timestamp_offset(const FlowKey& flow) const noexcept;

  /// TSval at `now` for a connection with this offset: one tick a millisecond (RFC 7323 §4.1).
  static constexpr std::uint32_t timestamp(Instant now, std::uint32_t offset) noexcept {
    return milliseconds(now) + offset;
  }
  static constexpr std::uint32_t milliseconds(Instant now) noexcept {
    return static_cast<std::uint32_t>(now.ns() / 1'000'000);
  }

 private:
  SipKey secret_;
};

}  // namespace zs::tcp
