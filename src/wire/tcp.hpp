#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/byte_order.hpp"

namespace zs::wire {

/// Flag bits of the TCP header (RFC 9293 §3.1, RFC 3168 for the last two).
namespace tcp_flag {
inline constexpr std::uint8_t kFin = 0x01;
inline constexpr std::uint8_t kSyn = 0x02;
inline constexpr std::uint8_t kRst = 0x04;
inline constexpr std::uint8_t kPsh = 0x08;
inline constexpr std::uint8_t kAck = 0x10;
inline constexpr std::uint8_t kUrg = 0x20;
inline constexpr std::uint8_t kEce = 0x40;
inline constexpr std::uint8_t kCwr = 0x80;
}  // namespace tcp_flag

/// A validated, non-owning look at a TCP header. Holding one is the proof that every accessor stays
/// inside the buffer; it judges structure only, never meaning.
class TcpView {
 public:
  static constexpr std::size_t kMinHeader = 20;
  static constexpr std::size_t kMaxHeader = 60;

  /// What the header says of its own length, unchecked. Precondition: kMinHeader bytes are there.
  static constexpr std::size_t header_length_at(const std::byte* l4) {
    return (std::to_integer<std::size_t>(l4[12]) >> 4) * 4;
  }

  static constexpr std::optional<TcpView> parse(std::span<const std::byte> l4) {
    if (l4.size() < kMinHeader) return std::nullopt;
    const std::size_t header = header_length_at(l4.data());
    if (header < kMinHeader || header > l4.size()) return std::nullopt;
    return TcpView{l4, header};
  }

  constexpr std::uint16_t src_port() const { return load_be<std::uint16_t>(&l4_[0]); }
  constexpr std::uint16_t dst_port() const { return load_be<std::uint16_t>(&l4_[2]); }
  constexpr std::uint32_t seq() const { return load_be<std::uint32_t>(&l4_[4]); }
  constexpr std::uint32_t ack() const { return load_be<std::uint32_t>(&l4_[8]); }
  constexpr std::uint8_t flags() const { return std::to_integer<std::uint8_t>(l4_[13]); }
  constexpr std::uint16_t window() const { return load_be<std::uint16_t>(&l4_[14]); }
  constexpr std::uint16_t checksum() const { return load_be<std::uint16_t>(&l4_[16]); }
  constexpr std::uint16_t urgent() const { return load_be<std::uint16_t>(&l4_[18]); }
  constexpr std::span<const std::byte> options() const {
    return l4_.subspan(kMinHeader, header_ - kMinHeader);
  }
  constexpr std::size_t header_length() const { return header_; }

 private:
  constexpr TcpView(std::span<const std::byte> l4, std::size_t header) : l4_(l4), header_(header) {}
  std::span<const std::byte> l4_;
  std::size_t header_;
};

/// The layout of RFC 7323 appendix A, which nearly every segment on the Internet carries: NOP, NOP,
/// kind 8, length 10, then both timestamps.
inline constexpr std::uint32_t kTimestampsWord = 0x0101'080a;
inline constexpr std::uint32_t kAlignedTimestamps = 12;

struct TcpTimestamps {
  std::uint32_t value = 0;  ///< TSval
  std::uint32_t echo = 0;   ///< TSecr
  friend constexpr bool operator==(const TcpTimestamps&, const TcpTimestamps&) = default;
};

/// Edges as on the wire: [begin, end).
struct TcpSackBlock {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  friend constexpr bool operator==(const TcpSackBlock&, const TcpSackBlock&) = default;
};

/// A cookie of RFC 7413 §2; empty, it asks for one.
struct FastOpenCookie {
  static constexpr std::size_t kLeast = 4;
  static constexpr std::size_t kMost = 16;

  std::uint8_t length = 0;
  std::array<std::byte, kMost> bytes{};
  friend bool operator==(const FastOpenCookie&, const FastOpenCookie&) = default;
};

/// The options of RFC 9293 §3.2, RFC 7323 and RFC 2018. Unknown ones are skipped by their length.
struct TcpOptions {
  static constexpr std::size_t kMaxSackBlocks = 4;

  std::optional<std::uint16_t> mss;
  std::optional<std::uint8_t> window_scale;  ///< as received; RFC 7323 §2.3 caps its use at 14
  bool sack_permitted = false;
  std::optional<TcpTimestamps> timestamps;
  std::optional<FastOpenCookie> fast_open;  ///< of a SYN
  std::uint8_t sack_count = 0;
  std::array<TcpSackBlock, kMaxSackBlocks> sack{};

  std::span<const TcpSackBlock> sack_blocks() const { return {sack.data(), sack_count}; }
  friend bool operator==(const TcpOptions&, const TcpOptions&) = default;
};

/// Reads an option list. nullopt when an option's length is 0, 1 or points outside the list, or a
/// known option has a length that its RFC forbids.
std::optional<TcpOptions> parse_tcp_options(std::span<const std::byte> options);

/// What to emit. size() is a multiple of 4 and at most kMaxHeader: write() puts down as many SACK
/// blocks as fit behind the other options. Timestamps come first, aligned as RFC 7323 appendix A
/// recommends.
struct TcpHeaderSpec {
  std::uint16_t src_port = 0;
  std::uint16_t dst_port = 0;
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 0;
  std::uint16_t checksum = 0;
  std::uint16_t urgent = 0;
  TcpOptions options;

  std::size_t size() const;
  /// Precondition: out.size() == size().
  void write(std::span<std::byte> out) const;
};

}  // namespace zs::wire
