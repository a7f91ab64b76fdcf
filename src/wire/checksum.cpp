#include "wire/checksum.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include <array>
#include <bit>
#include <cstring>

#include "base/assert.hpp"

namespace zs::wire {
namespace {

template <typename Word = std::uint64_t>
Word load_native(const std::byte* p) {
  Word word = 0;
  std::memcpy(&word, p, sizeof word);
  return word;
}

/// The running-sum form of a number that stands on the wire as 8 big-endian bytes.
std::uint64_t sum_of(std::uint64_t number) { return byte_swap(number); }

#if defined(__SSE2__)
constexpr std::size_t kVectorStep = 64;

__m128i load_vector(const std::byte* p) {
  return _mm_loadu_si128(reinterpret_cast<const __m128i*>(p));
}

/// The two lanes of a vector added up.
std::uint64_t lanes(__m128i v) {
  return static_cast<std::uint64_t>(_mm_cvtsi128_si64(v)) +
         static_cast<std::uint64_t>(_mm_cvtsi128_si64(_mm_unpackhi_epi64(v, v)));
}

/// The one's complement sum of 64-bit words without a carry to look after: `high` adds up their
/// upper halves, which no packet can overflow, and `all` the words as they are, modulo 2^64. What
/// the lower halves add up to is then `all` less 2^32 times `high`, and 2^32 times a number is that
/// number rotated by 32 bits in one's complement.
std::uint64_t vector_sum(std::span<const std::byte> data) {
  __m128i all_a = _mm_setzero_si128();
  __m128i all_b = _mm_setzero_si128();
  __m128i high_a = _mm_setzero_si128();
  __m128i high_b = _mm_setzero_si128();
  for (const std::byte* p = data.data(); p != data.data() + data.size(); p += kVectorStep) {
    const __m128i v0 = load_vector(p);
    const __m128i v1 = load_vector(p + 16);
    const __m128i v2 = load_vector(p + 32);
    const __m128i v3 = load_vector(p + 48);
    all_a = _mm_add_epi64(all_a, _mm_add_epi64(v0, v2));
    all_b = _mm_add_epi64(all_b, _mm_add_epi64(v1, v3));
    high_a = _mm_add_epi64(high_a, _mm_add_epi64(_mm_srli_epi64(v0, 32), _mm_srli_epi64(v2, 32)));
    high_b = _mm_add_epi64(high_b, _mm_add_epi64(_mm_srli_epi64(v1, 32), _mm_srli_epi64(v3, 32)));
  }
  const std::uint64_t high = lanes(_mm_add_epi64(high_a, high_b));
  const std::uint64_t low = lanes(_mm_add_epi64(all_a, all_b)) - (high << 32);
  return checksum_combine(low, std::rotl(high, 32));
}
#endif

}  // namespace

std::uint64_t checksum_add_scalar(std::span<const std::byte> data, std::uint64_t sum) {
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
  // Fixed sizes: a copy of unknown length would be a call, and most headers end with half a word.
  if ((left & 4) != 0) {
    b = checksum_combine(b, load_native<std::uint32_t>(p));
    p += 4;
  }
  if ((left & 2) != 0) {
    c = checksum_combine(c, load_native<std::uint16_t>(p));
    p += 2;
  }
  if ((left & 1) != 0) {
    const std::array<std::byte, 2> last{*p, std::byte{0}};
    d = checksum_combine(d, load_native<std::uint16_t>(last.data()));
  }
  return checksum_combine(checksum_combine(sum, b), checksum_combine(c, d));
}

std::uint64_t checksum_add(std::span<const std::byte> data, std::uint64_t sum) {
#if defined(__SSE2__)
  // Setting the vectors up costs more than a header takes.
  if (data.size() >= 2 * kVectorStep) {
    const std::size_t whole = data.size() - data.size() % kVectorStep;
    sum = checksum_combine(sum, vector_sum(data.first(whole)));
    data = data.subspan(whole);
  }
#endif
  return checksum_add_scalar(data, sum);
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
