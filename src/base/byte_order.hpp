#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace zs {

/// Unaligned big-endian loads and stores; each compiles to one mov and one bswap.
template <std::unsigned_integral T>
constexpr T load_be(const std::byte* p) {
  T v{};
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    v = static_cast<T>((sizeof(T) > 1 ? static_cast<T>(v << 8) : T{}) | std::to_integer<T>(p[i]));
  }
  return v;
}

template <std::unsigned_integral T>
constexpr void store_be(std::byte* p, T v) {
  for (std::size_t i = 0; i < sizeof(T); ++i) {
    p[i] = static_cast<std::byte>(v >> (8 * (sizeof(T) - 1 - i)));
  }
}

}  // namespace zs
