#pragma once

#include <cstdint>

namespace zs::buf {

/// How much is left in a pool of payload buffers, and what that means (docs/buffer-ownership.md,
/// "When buffers run low").
enum class Supply : std::uint8_t {
  kPlenty,
  kLow,      ///< below a quarter: small received segments are copied together
  kScarce,   ///< below an eighth: each socket gets a few more, and others as it gives some back
  kReserve,  ///< below a sixteenth: for the network's own work, nothing for applications
};

/// A pool that was scarce is so until three sixteenths are left, lest it flap at the mark.
constexpr Supply supply_of(std::uint32_t left, std::uint32_t capacity, Supply before) noexcept {
  const std::uint32_t sixteenth = capacity / 16;
  if (left < sixteenth) return Supply::kReserve;
  if (left < (before >= Supply::kScarce ? 3 : 2) * sixteenth) return Supply::kScarce;
  return left < 4 * sixteenth ? Supply::kLow : Supply::kPlenty;
}

}  // namespace zs::buf
