#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

namespace zs::fuzz {

inline std::span<const std::byte> bytes_of(const std::uint8_t* data, std::size_t size) {
  return std::as_bytes(std::span{data, size});
}

/// Whether both hold the same bytes.
inline bool is_same(std::span<const std::byte> a, std::span<const std::byte> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

/// Whether `inner` lies in `outer`, ends included.
inline bool is_inside(std::span<const std::byte> inner, std::span<const std::byte> outer) {
  return inner.empty() || (inner.data() >= outer.data() &&
                           inner.data() + inner.size() <= outer.data() + outer.size());
}

/// An input read from its front. What is missing at its end reads as zero, so that every input
/// means something.
class Input {
 public:
  explicit Input(std::span<const std::byte> data) : data_(data) {}

  bool empty() const { return data_.empty(); }
  std::uint8_t u8() { return data_.empty() ? 0 : std::to_integer<std::uint8_t>(take(1)[0]); }
  std::uint16_t u16() {
    const auto high = static_cast<std::uint16_t>(u8() << 8);
    return static_cast<std::uint16_t>(high | u8());
  }
  /// At most `n` bytes.
  std::span<const std::byte> take(std::size_t n) {
    const auto taken = data_.first(std::min(n, data_.size()));
    data_ = data_.subspan(taken.size());
    return taken;
  }

 private:
  std::span<const std::byte> data_;
};

}  // namespace zs::fuzz
