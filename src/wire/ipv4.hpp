#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.hpp"
#include "base/byte_order.hpp"
#include "wire/protocol.hpp"

namespace zs::wire {

/// Option numbers of RFC 791 §3.1 that a host must know to step over or refuse.
namespace ipv4_option {
inline constexpr std::uint8_t kEnd = 0;
inline constexpr std::uint8_t kNop = 1;
inline constexpr std::uint8_t kLooseSourceRoute = 131;
inline constexpr std::uint8_t kStrictSourceRoute = 137;
inline constexpr std::uint8_t kRouterAlert = 148;
}  // namespace ipv4_option

/// A validated IPv4 packet (RFC 791 §3.1): version, header length, total length against the buffer,
/// and an option list that can be walked. The header checksum is a question of its own, since a
/// device may have answered it already.
class Ipv4View {
 public:
  static constexpr std::size_t kMinHeader = 20;
  static constexpr std::size_t kMaxHeader = 60;

  /// Bytes behind total_length() are padding of the link: payload() leaves them out, trimming the
  /// buffer is the caller's.
  static constexpr std::optional<Ipv4View> parse(std::span<const std::byte> packet) {
    const auto view = parse_quoted(packet);
    if (!view || view->total_length() > packet.size()) return std::nullopt;
    return view;
  }
  /// For the packet in an ICMP error, whose payload was cut off: total_length() may be more than
  /// there is.
  static constexpr std::optional<Ipv4View> parse_quoted(std::span<const std::byte> packet) {
    if (packet.size() < kMinHeader) return std::nullopt;
    const auto first = std::to_integer<std::size_t>(packet[0]);
    const std::size_t header = (first & 0xf) * 4;
    if ((first >> 4) != 4 || header < kMinHeader || header > packet.size()) return std::nullopt;
    const Ipv4View view{packet, header};
    if (view.total_length() < header || !are_walkable(view.options())) return std::nullopt;
    return view;
  }

  constexpr std::size_t header_length() const { return header_; }
  /// DSCP and ECN in one byte (RFC 2474 §3, RFC 3168 §5).
  constexpr std::uint8_t tos() const { return byte(1); }
  constexpr std::uint8_t ecn() const { return tos() & 3; }
  constexpr std::uint16_t total_length() const { return load_be<std::uint16_t>(&packet_[2]); }
  constexpr std::uint16_t identification() const { return load_be<std::uint16_t>(&packet_[4]); }
  constexpr bool dont_fragment() const { return (byte(6) & 0x40) != 0; }
  constexpr bool more_fragments() const { return (byte(6) & 0x20) != 0; }
  /// In bytes.
  constexpr std::uint32_t fragment_offset() const {
    return (load_be<std::uint16_t>(&packet_[6]) & 0x1fffu) * 8u;
  }
  constexpr bool is_fragment() const { return more_fragments() || fragment_offset() != 0; }
  constexpr std::uint8_t ttl() const { return byte(8); }
  constexpr std::uint8_t protocol() const { return byte(9); }
  constexpr std::uint16_t checksum() const { return load_be<std::uint16_t>(&packet_[10]); }
  constexpr IpAddress src() const { return IpAddress::v4(load_be<std::uint32_t>(&packet_[12])); }
  constexpr IpAddress dst() const { return IpAddress::v4(load_be<std::uint32_t>(&packet_[16])); }
  constexpr std::span<const std::byte> options() const {
    return packet_.subspan(kMinHeader, header_ - kMinHeader);
  }
  constexpr std::span<const std::byte> header() const { return packet_.first(header_); }
  /// Up to total_length(), or to the end of a quoted packet.
  constexpr std::span<const std::byte> payload() const {
    return packet_.first(std::min<std::size_t>(total_length(), packet_.size())).subspan(header_);
  }

  bool is_checksum_ok() const;
  /// Loose or strict source route (RFC 7126 §4.3, §4.4 advise to drop such packets).
  bool has_source_route() const;

 private:
  constexpr Ipv4View(std::span<const std::byte> packet, std::size_t header)
      : packet_(packet), header_(header) {}
  constexpr std::uint8_t byte(std::size_t at) const {
    return std::to_integer<std::uint8_t>(packet_[at]);
  }
  static constexpr bool are_walkable(std::span<const std::byte> options) {
    while (!options.empty()) {
      const auto kind = std::to_integer<std::uint8_t>(options[0]);
      if (kind == ipv4_option::kEnd) return true;
      std::size_t length = 1;
      if (kind != ipv4_option::kNop) {
        if (options.size() < 2) return false;
        length = std::to_integer<std::size_t>(options[1]);
        if (length < 2 || length > options.size()) return false;
      }
      options = options.subspan(length);
    }
    return true;
  }

  std::span<const std::byte> packet_;
  std::size_t header_;
};

/// A header to emit; write() computes its checksum.
struct Ipv4Spec {
  IpAddress src = IpAddress::any(IpFamily::kV4);
  IpAddress dst = IpAddress::any(IpFamily::kV4);
  std::uint8_t protocol = 0;
  std::uint8_t ttl = 64;  ///< RFC 1700's recommended default
  std::uint8_t tos = 0;
  std::uint16_t identification = 0;
  bool dont_fragment = false;
  bool more_fragments = false;
  std::uint32_t fragment_offset = 0;   ///< bytes, a multiple of 8
  std::size_t payload_length = 0;      ///< header and payload together fit 16 bits
  std::span<const std::byte> options;  ///< at most 40 bytes; padded with End of Option List

  constexpr std::size_t size() const { return Ipv4View::kMinHeader + (options.size() + 3) / 4 * 4; }
  /// Preconditions: out.size() == size(); src and dst are IPv4; the fields fit.
  void write(std::span<std::byte> out) const;
};

}  // namespace zs::wire
