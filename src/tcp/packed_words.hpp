#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace zs::tcp {

/// Words, kept as the difference to a pattern of as many: a bit for each that differs, and then
/// those that do.
namespace packed_words {

using Words = std::span<const std::uint32_t>;

/// How many words pack() writes. Precondition: as many words as the pattern has.
std::size_t packed_size(Words words, Words pattern) noexcept;
/// Precondition: `out` has room for them.
void pack(Words words, Words pattern, std::uint32_t* out) noexcept;
/// Precondition: `packed` was written with this pattern.
void unpack(const std::uint32_t* packed, Words pattern, std::span<std::uint32_t> out) noexcept;
/// The words [first, first + out.size()) alone.
void unpack_part(const std::uint32_t* packed, Words pattern, std::size_t first,
                 std::span<std::uint32_t> out) noexcept;

}  // namespace packed_words
}  // namespace zs::tcp
