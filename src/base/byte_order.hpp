#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

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

/// The octet at `at`, as a number.
constexpr std::uint8_t byte_at(std::span<const std::byte> data, std::size_t at) noexcept {
  return std::to_integer<std::uint8_t>(data[at]);
}

}  // namespace zs
