#pragma once

#include <cstdint>
#include <optional>

#include "base/address.hpp"
#include "base/siphash.hpp"
#include "base/time.hpp"
#include "tcp/seq.hpp"

namespace zs::tcp {

/// What a SYN's options said that a cookie has room for only in our timestamp.
struct CookieOptions {
  std::optional<std::uint8_t> window_scale;  ///< the peer's
  bool sack = false;
  bool ecn = false;

  friend bool operator==(const CookieOptions&, const CookieOptions&) = default;
};

/// TSval of a SYN-ACK whose low six bits carry `options` to the peer and back. Never later than
/// `clock`, so that what follows is not old to the peer (RFC 7323 §5).
std::uint32_t cookie_timestamp(std::uint32_t clock, const CookieOptions& options) noexcept;
/// The options in what a peer echoes.
CookieOptions cookie_options(std::uint32_t echoed) noexcept;

/// Initial sequence numbers that stand for an entry of the SYN cache (RFC 4987 §3.6):
///
///   bits 31..27   number of the period in which it was made, modulo 32
///        26..24   the largest of eight segment sizes that the peer takes
///        23..0    a keyed hash of these, of the 4-tuple and of the peer's number
///
/// The key is another one in each period; a cookie is good in its own and in the next.
class SynCookies {
 public:
  /// A period lasts 2^36 ns, 69 s.
  static constexpr unsigned kPeriodShift = 36;

  explicit SynCookies(const SipKey& secret) noexcept : secret_(secret), key_(derive_key(0)) {}

  /// Our initial sequence number for a SYN with number `irs` whose sender takes segments of
  /// `peer_mss`. `now` never goes back between calls.
  SeqNum make(const FlowKey& flow, SeqNum irs, std::uint16_t peer_mss, Instant now) noexcept;
  /// The segment size that went into `iss`, if that is a cookie that is still good.
  std::optional<std::uint16_t> check(const FlowKey& flow, SeqNum irs, SeqNum iss,
                                     Instant now) const noexcept;
  /// Whether any cookie may still be good: what comes at other times needs no hash to be refused.
  bool are_out(Instant now) const noexcept { return made_in_ && period_at(now) - *made_in_ <= 1; }

 private:
  static std::uint64_t period_at(Instant now) noexcept {
    return static_cast<std::uint64_t>(now.ns()) >> kPeriodShift;
  }
  SipKey derive_key(std::uint64_t period) const noexcept;
  SeqNum cookie(const FlowKey& flow, SeqNum irs, std::uint8_t mss_class,
                std::uint64_t period) const noexcept;

  SipKey secret_;
  std::uint64_t key_period_ = 0;
  SipKey key_;                            ///< of key_period_
  std::optional<std::uint64_t> made_in_;  ///< period of the latest one
};

}  // namespace zs::tcp
