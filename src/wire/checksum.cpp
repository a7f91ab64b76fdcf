#include "wire/checksum.hpp"

#include <bit>
#include <cstring>

#include "base/assert.hpp"

namespace zs::wire {
namespace {

std::uint64_t load_native(const std::byte* p) {
  std::uint64_t word = 0;
  std::memcpy(&word, p, sizeof word);
  return word;
}

/// The running-sum form of a number that stands on the wire as 8 big-endian bytes.
std::uint64_t sum_of(std::uint64_t number) { return byte_swap(number); }

}  // namespace

std::uint64_t checksum_add(std::span<const std::byte> data, std::uint64_t sum) {
  const std::byte* p = data.data();
  std::size_t left = data.size();
  // Four chains: one add-with-carry chain would wait for its own carry at every step.
  std::uint64_t b = 0;
  std::uint64_t c = 0;
  std::uint64_t d = 0;
  for (; left >= 32; p += 32, left -= 32) {
    sum = checksum_combine(sum, load_native(p));
    b = checksum_combine(b, load_native(p + 8));
    c = checksum_combine(c, load_native(p + 16));
    d = checksum_combine(d, load_native(p + 24));
  }
  for (; left >= 8; p += 8, left -= 8) sum = checksum_combine(sum, load_native(p));
  if (left > 0) {
    std::uint64_t tail = 0;
    std::memcpy(&tail, p, left);
    b = checksum_combine(b, tail);
  }
  return checksum_combine(checksum_combine(sum, b), checksum_combine(c, d));
}

std::uint64_t pseudo_header_sum(const IpAddress& src, const IpAddress& dst, std::uint8_t protocol,
                                std::uint32_t length) {
  ZS_ASSERT(src.family() == dst.family());
  // Both pseudo-headers hold the same numbers, zero bytes apart: addresses, length, protocol.
  const std::uint64_t numbers = sum_of(std::uint64_t{length} + protocol);
  if (src.is_v4()) {
    return checksum_combine(sum_of(std::uint64_t{src.v4_value()} + dst.v4_value()), numbers);
  }
  const std::uint64_t from = checksum_combine(sum_of(src.high()), sum_of(src.low()));
  const std::uint64_t to = checksum_combine(sum_of(dst.high()), sum_of(dst.low()));
  return checksum_combine(checksum_combine(from, to), numbers);
}

void ChecksumAccumulator::add(std::span<const std::byte> data) {
  const std::uint64_t part = checksum_add(data);
  // A span that begins at an odd offset has its bytes in the other half of each word; rotating a
  // one's complement sum by 8 bits swaps the halves (RFC 1071 §2(B)).
  sum_ = checksum_combine(sum_, odd_ ? std::rotl(part, 8) : part);
  odd_ ^= (data.size() & 1) != 0;
}

}  // namespace zs::wire
