#include "tcp/syn_cookies.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "base/byte_order.hpp"
#include "tcp/window_scale.hpp"

namespace zs::tcp {

namespace {
/// What paths have: the least we believe in, the default, IPv6's least MTU, tunnels, PPPoE,
/// Ethernet, jumbo frames. Ascending.
constexpr std::array<std::uint16_t, 8> kSizes{kMinPeerMss, 536, 1220, 1360, 1400, 1440, 1460, 8940};

constexpr unsigned kPeriodBits = 5;
constexpr unsigned kHashBits = 24;
constexpr std::uint32_t kHashMask = (1u << kHashBits) - 1;

constexpr std::uint32_t kOptionMask = 63;
constexpr std::uint32_t kNoScale = 15;  // a shift is at most 14
constexpr std::uint32_t kSackBit = 16;
constexpr std::uint32_t kEcnBit = 32;

std::uint8_t class_of(std::uint16_t mss) noexcept {
  std::uint8_t best = 0;
  while (best + 1u < kSizes.size() && kSizes[best + 1u] <= mss) ++best;
  return best;
}
}  // namespace

std::uint32_t cookie_timestamp(std::uint32_t clock, const CookieOptions& options) noexcept {
  std::uint32_t bits = kNoScale;
  if (options.window_scale) bits = std::min(*options.window_scale, kMaxWindowScale);
  if (options.sack) bits |= kSackBit;
  if (options.ecn) bits |= kEcnBit;
  const std::uint32_t stamped = (clock & ~kOptionMask) | bits;
  const bool is_later = bits > (clock & kOptionMask);
  return is_later ? stamped - (kOptionMask + 1) : stamped;
}

CookieOptions cookie_options(std::uint32_t echoed) noexcept {
  CookieOptions options;
  const auto scale = static_cast<std::uint8_t>(echoed & kNoScale);
  if (scale <= kMaxWindowScale) options.window_scale = scale;
  options.sack = (echoed & kSackBit) != 0;
  options.ecn = (echoed & kEcnBit) != 0;
  return options;
}

SipKey SynCookies::derive_key(std::uint64_t period) const noexcept {
  std::array<std::byte, 8> number;  // no other use of the secret has an input as short
  store_be(number.data(), period);
  return {siphash(secret_, number), siphash({secret_.k1, secret_.k0}, number)};
}

SeqNum SynCookies::cookie(const FlowKey& flow, SeqNum irs, std::uint8_t mss_class,
                          std::uint64_t period) const noexcept {
  std::array<std::byte, 41> input;
  std::memcpy(input.data(), flow.local.address.bytes().data(), 16);
  std::memcpy(input.data() + 16, flow.remote.address.bytes().data(), 16);
  store_be(input.data() + 32, flow.local.port);
  store_be(input.data() + 34, flow.remote.port);
  store_be(input.data() + 36, irs.raw());
  input[40] = static_cast<std::byte>(mss_class);
  const SipKey key = period == key_period_ ? key_ : derive_key(period);
  const auto hash = static_cast<std::uint32_t>(siphash(key, input)) & kHashMask;
  const auto top = static_cast<std::uint32_t>(period) << (32 - kPeriodBits);
  return SeqNum{top | std::uint32_t{mss_class} << kHashBits | hash};
}

SeqNum SynCookies::make(const FlowKey& flow, SeqNum irs, std::uint16_t peer_mss,
                        Instant now) noexcept {
  const std::uint64_t period = period_at(now);
  made_in_ = period;
  if (period != key_period_) {
    key_ = derive_key(period);
    key_period_ = period;
  }
  return cookie(flow, irs, class_of(peer_mss), period);
}

std::optional<std::uint16_t> SynCookies::check(const FlowKey& flow, SeqNum irs, SeqNum iss,
                                               Instant now) const noexcept {
  const std::uint64_t period = period_at(now);
  const std::uint32_t age =
      (static_cast<std::uint32_t>(period) - (iss.raw() >> (32 - kPeriodBits))) &
      ((1u << kPeriodBits) - 1);
  if (age > 1 || age > period) return std::nullopt;
  const auto mss_class = static_cast<std::uint8_t>((iss.raw() >> kHashBits) % kSizes.size());
  if (cookie(flow, irs, mss_class, period - age) != iss) return std::nullopt;
  return kSizes[mss_class];
}

}  // namespace zs::tcp
