#include "tcp/packed_words.hpp"

#include <bit>

namespace zs::tcp::packed_words {

namespace {
constexpr std::size_t kBits = 32;

constexpr std::size_t bitmap_words(Words pattern) { return (pattern.size() + kBits - 1) / kBits; }
bool is_set(const std::uint32_t* packed, std::size_t i) {
  return (packed[i / kBits] >> (i % kBits) & 1u) != 0;
}
}  // namespace

std::size_t packed_size(Words words, Words pattern) noexcept {
  std::size_t different = 0;
  for (std::size_t i = 0; i < words.size(); ++i) different += words[i] != pattern[i] ? 1 : 0;
  return bitmap_words(pattern) + different;
}

void pack(Words words, Words pattern, std::uint32_t* out) noexcept {
  std::uint32_t* next = out + bitmap_words(pattern);
  for (std::uint32_t* map = out; map != next; ++map) *map = 0;
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == pattern[i]) continue;
    out[i / kBits] |= 1u << (i % kBits);
    *next++ = words[i];
  }
}

void unpack(const std::uint32_t* packed, Words pattern, std::span<std::uint32_t> out) noexcept {
  unpack_part(packed, pattern, 0, out);
}

void unpack_part(const std::uint32_t* packed, Words pattern, std::size_t first,
                 std::span<std::uint32_t> out) noexcept {
  const std::uint32_t* next = packed + bitmap_words(pattern);
  for (std::size_t map = 0; map < first / kBits; ++map) next += std::popcount(packed[map]);
  if (first % kBits != 0) {
    next += std::popcount(packed[first / kBits] & ((1u << (first % kBits)) - 1));
  }
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = is_set(packed, first + i) ? *next++ : pattern[first + i];
  }
}

}  // namespace zs::tcp::packed_words
