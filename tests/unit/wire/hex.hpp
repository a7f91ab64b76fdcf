#pragma once

#include <cctype>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace zs::wire::test {

using Bytes = std::vector<std::byte>;

/// The bytes of a hex dump; white space is for the reader.
inline Bytes hex(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  Bytes bytes;
  bool high = true;
  for (const char c : text) {
    if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
    const auto digit = static_cast<std::uint8_t>(kDigits.find(c));
    if (high) bytes.push_back(static_cast<std::byte>(digit << 4));
    if (!high) bytes.back() |= std::byte{digit};
    high = !high;
  }
  return bytes;
}

/// A copy in an allocation of just this size, so that a sanitizer sees a read behind the end.
inline Bytes first(std::span<const std::byte> bytes, std::size_t count) {
  return {bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(count)};
}

/// A copy with one byte changed: what a field's wrong value looks like.
inline Bytes with(Bytes bytes, std::size_t at, unsigned value) {
  bytes.at(at) = static_cast<std::byte>(value);
  return bytes;
}

inline Bytes joined(Bytes front, std::span<const std::byte> back) {
  front.insert(front.end(), back.begin(), back.end());
  return front;
}

/// How many first bytes of `whole` parse(span) wants before it accepts. Whoever wants a fixed
/// header refuses every shorter piece, and accepts every longer one.
template <typename Parse>
std::size_t shortest_accepted(std::span<const std::byte> whole, Parse parse) {
  std::size_t shortest = whole.size() + 1;
  for (std::size_t n = whole.size() + 1; n-- > 0;) {
    const Bytes piece = first(whole, n);
    if (!parse(std::span<const std::byte>{piece})) break;
    shortest = n;
  }
  for (std::size_t n = 0; n < shortest && n <= whole.size(); ++n) {
    const Bytes piece = first(whole, n);
    if (parse(std::span<const std::byte>{piece})) return SIZE_MAX;  // accepted out of order
  }
  return shortest;
}

/// What spec.write() puts down.
template <typename Spec>
Bytes written(const Spec& spec) {
  Bytes out(spec.size(), std::byte{0xa5});
  spec.write(out);
  return out;
}

}  // namespace zs::wire::test
