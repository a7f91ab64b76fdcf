#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/address.hpp"
#include "base/byte_order.hpp"

namespace zs::wire {

// The Internet checksum (RFC 1071). A running sum is a 64-bit one's complement number over words in
// memory order (RFC 1071 §2(B): the sum does not care about byte order), so it is only ever made by
// the functions below, and turned into a header field by checksum_fold() or checksum_finish().

/// Adds `data` to `sum`. An odd last byte counts as if a zero byte followed it, so only the last
/// span of a packet may be odd: for others use ChecksumAccumulator.
std::uint64_t checksum_add(std::span<const std::byte> data, std::uint64_t sum = 0);

/// The same without vector instructions: for machines that have none, and what tests and
/// benchmarks hold the other one against.
std::uint64_t checksum_add_scalar(std::span<const std::byte> data, std::uint64_t sum = 0);

/// The sum of two sums.
constexpr std::uint64_t checksum_combine(std::uint64_t a, std::uint64_t b) {
  const std::uint64_t sum = a + b;
  return sum + (sum < a ? 1 : 0);
}

/// The sum folded to 16 bits and not complemented, host order: what a device that finishes the
/// checksum itself wants to find in the field.
constexpr std::uint16_t checksum_fold(std::uint64_t sum) {
  sum = (sum >> 32) + (sum & 0xffff'ffff);
  sum = (sum >> 32) + (sum & 0xffff'ffff);
  sum = (sum >> 16) + (sum & 0xffff);
  sum = (sum >> 16) + (sum & 0xffff);
  return byte_swap(static_cast<std::uint16_t>(sum));
}

/// A folded sum with one more number in it, which may be longer than 16 bits.
constexpr std::uint16_t checksum_fold_in(std::uint16_t folded, std::uint32_t number) {
  const std::uint32_t sum = folded + (number >> 16) + (number & 0xffff);
  return static_cast<std::uint16_t>((sum >> 16) + sum);
}

constexpr std::uint16_t checksum_fold_in(std::uint16_t folded, std::uint16_t number) {
  const std::uint32_t sum = std::uint32_t{folded} + number;
  return static_cast<std::uint16_t>((sum >> 16) + sum);
}

/// The checksum, in host order (store_be() it). 0 when the sum covered a correct checksum.
constexpr std::uint16_t checksum_finish(std::uint64_t sum) {
  return static_cast<std::uint16_t>(~checksum_fold(sum));
}

/// The pseudo-header of RFC 9293 §3.1 (IPv4) or RFC 8200 §8.1 (IPv6). `length` is that of the
/// transport header and payload in bytes (0: added later, by checksum_fold_in()).
/// Precondition: src and dst are of one family.
std::uint64_t pseudo_header_sum(const IpAddress& src, const IpAddress& dst, std::uint8_t protocol,
                                std::uint32_t length);

/// Sums a packet that is spread over several spans, of which any may be odd.
class ChecksumAccumulator {
 public:
  constexpr ChecksumAccumulator() = default;
  /// Begins with, say, a pseudo-header sum.
  constexpr explicit ChecksumAccumulator(std::uint64_t sum) : sum_(sum) {}

  void add(std::span<const std::byte> data);
  constexpr std::uint64_t sum() const { return sum_; }
  std::uint16_t finish() const { return checksum_finish(sum_); }

 private:
  std::uint64_t sum_ = 0;
  bool odd_ = false;  ///< an odd number of bytes went before
};

}  // namespace zs::wire
