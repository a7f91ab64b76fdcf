#pragma once

#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace zs {

static_assert(std::endian::native == std::endian::little, "the byte swaps below assume it");

/// `v` with its bytes in the opposite order.
template <std::unsigned_integral T>
constexpr T byte_swap(T v) {
  if constexpr (sizeof(T) == 1) return v;
  if constexpr (sizeof(T) == 2) return __builtin_bswap16(v);
  if constexpr (sizeof(T) == 4) return __builtin_bswap32(v);
  if constexpr (sizeof(T) == 8) return __builtin_bswap64(v);
}

// Unaligned big-endian loads and stores: one mov and one bswap each. g++ 12 does not see that in
// the loops, which are for constant expressions.
template <std::unsigned_integral T>
constexpr T load_be(const std::byte* p) {
  T v{};
  if (!std::is_constant_evaluated()) {
    std::memcpy(&v, p, sizeof v);
    return byte_swap(v);
  }
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    v = static_cast<T>((sizeof(T) > 1 ? static_cast<T>(v << 8) : T{}) | std::to_integer<T>(p[i]));
  }
  return v;
}

template <std::unsigned_integral T>
constexpr void store_be(std::byte* p, T v) {
  if (!std::is_constant_evaluated()) {
    v = byte_swap(v);
    std::memcpy(p, &v, sizeof v);
    return;
  }
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    p[i] = static_cast<std::byte>(v >> (8 * (sizeof(T) - 1 - i)));
  }
}

/// The octet at `at`, as a number.
constexpr std::uint8_t byte_at(std::span<const std::byte> data, std::size_t at) noexcept {
  return std::to_integer<std::uint8_t>(data[at]);
}

}  // namespace zs
