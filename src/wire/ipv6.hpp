#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.hpp"
#include "base/assert.hpp"
#include "base/byte_order.hpp"
#include "wire/protocol.hpp"

namespace zs::wire {

/// Precondition: 16 readable bytes at `p`.
constexpr IpAddress load_ipv6(const std::byte* p) {
  IpAddress::Bytes bytes{};
  std::copy_n(p, bytes.size(), bytes.begin());
  return IpAddress::v6(bytes);
}

/// Precondition: 16 writable bytes at `p`.
constexpr void store_ipv6(std::byte* p, const IpAddress& address) {
  const IpAddress::Bytes bytes = address.to_bytes();
  std::copy_n(bytes.begin(), bytes.size(), p);
}

/// A validated IPv6 header (RFC 8200 §3). An IPv4-mapped address on the wire comes out of src() and
/// dst() as an IPv4 one: ip/ drops such packets (RFC 4942 §2.2).
class Ipv6View {
 public:
  static constexpr std::size_t kHeader = 40;

  /// Bytes behind the payload length are padding of the link: payload() leaves them out. Jumbograms
  /// (RFC 2675) are not spoken: payload length 0 is an empty payload.
  static constexpr std::optional<Ipv6View> parse(std::span<const std::byte> packet) {
    const auto view = parse_quoted(packet);
    if (!view || kHeader + view->payload_length() > packet.size()) return std::nullopt;
    return view;
  }
  /// For the packet in an ICMPv6 error, whose payload may have been cut off.
  static constexpr std::optional<Ipv6View> parse_quoted(std::span<const std::byte> packet) {
    if (packet.size() < kHeader || (packet[0] >> 4) != std::byte{6}) return std::nullopt;
    return Ipv6View{packet};
  }

  /// DSCP and ECN in one byte.
  constexpr std::uint8_t traffic_class() const {
    return static_cast<std::uint8_t>(load_be<std::uint16_t>(&packet_[0]) >> 4);
  }
  constexpr std::uint8_t ecn() const { return traffic_class() & 3; }
  constexpr std::uint32_t flow_label() const {
    return load_be<std::uint32_t>(&packet_[0]) & 0xf'ffff;
  }
  constexpr std::uint16_t payload_length() const { return load_be<std::uint16_t>(&packet_[4]); }
  constexpr std::uint8_t next_header() const { return std::to_integer<std::uint8_t>(packet_[6]); }
  constexpr std::uint8_t hop_limit() const { return std::to_integer<std::uint8_t>(packet_[7]); }
  constexpr IpAddress src() const { return load_ipv6(&packet_[8]); }
  constexpr IpAddress dst() const { return load_ipv6(&packet_[24]); }
  /// Extension headers and all behind them, up to payload_length() or the end of a quoted packet.
  constexpr std::span<const std::byte> payload() const {
    return packet_.subspan(kHeader,
                           std::min<std::size_t>(payload_length(), packet_.size() - kHeader));
  }

 private:
  constexpr explicit Ipv6View(std::span<const std::byte> packet) : packet_(packet) {}
  std::span<const std::byte> packet_;
};

struct Ipv6Spec {
  IpAddress src;
  IpAddress dst;
  std::uint8_t next_header = ip_protocol::kNoNext;
  std::uint8_t hop_limit = 64;
  std::uint8_t traffic_class = 0;
  std::uint32_t flow_label = 0;    ///< 20 bits
  std::size_t payload_length = 0;  ///< fits 16 bits; extension headers count

  static constexpr std::size_t size() { return Ipv6View::kHeader; }
  /// Precondition: out.size() == size(), and the fields fit.
  constexpr void write(std::span<std::byte> out) const {
    ZS_ASSERT(out.size() == size() && payload_length <= 0xffff && flow_label <= 0xf'ffff);
    store_be(&out[0], 6u << 28 | std::uint32_t{traffic_class} << 20 | flow_label);
    store_be(&out[4], static_cast<std::uint16_t>(payload_length));
    out[6] = std::byte{next_header};
    out[7] = std::byte{hop_limit};
    store_ipv6(&out[8], src);
    store_ipv6(&out[24], dst);
  }
};

/// The fragment header of RFC 8200 §4.5.
struct Ipv6Fragment {
  static constexpr std::size_t kHeader = 8;

  std::uint32_t offset = 0;  ///< bytes, a multiple of 8
  bool more = false;
  std::uint32_t identification = 0;
  friend constexpr bool operator==(const Ipv6Fragment&, const Ipv6Fragment&) = default;

  /// Writes kHeader bytes. Precondition: out.size() == kHeader.
  constexpr void write(std::span<std::byte> out, std::uint8_t next_header) const {
    ZS_ASSERT(out.size() == kHeader && offset % 8 == 0 && offset / 8 <= 0x1fff);
    out[0] = std::byte{next_header};
    out[1] = std::byte{0};
    store_be(&out[2], static_cast<std::uint16_t>(offset | (more ? 1u : 0u)));
    store_be(&out[4], identification);
  }
};

/// How a walk along the extension headers ended.
enum class Ipv6WalkEnd : std::uint8_t {
  kUpperLayer,     ///< protocol and offset name what follows the last extension header
  kNoNext,         ///< No Next Header (RFC 8200 §4.7): nothing to deliver
  kFragment,       ///< a true fragment: `fragment` is set, offset is where its part begins
  kMalformed,      ///< a header that runs out of the packet: drop without a word
  kTooMany,        ///< more than kIpv6MaxExtensions: drop (RFC 8504 §5.3)
  kBadHopByHop,    ///< hop-by-hop header not in first place: Parameter Problem code 1
  kRouting,        ///< routing header with segments left: Parameter Problem code 0 (RFC 5095 §3)
  kOptionDiscard,  ///< unknown option that says: discard in silence
  kOptionReport,   ///< unknown option: discard, Parameter Problem code 2
  kOptionReportUnlessMulticast,  ///< the same, but not when the destination was multicast
};

/// A host walks no more headers than this: nobody needs them, and each is work a stranger orders.
inline constexpr std::size_t kIpv6MaxExtensions = 8;

struct Ipv6Extensions {
  Ipv6WalkEnd end = Ipv6WalkEnd::kMalformed;
  std::uint8_t protocol = ip_protocol::kNoNext;
  /// From the start of the walked span to where `protocol` begins.
  std::size_t offset = 0;
  /// What a Parameter Problem points at, from the start of the walked span (add
  /// Ipv6View::kHeader). For an unknown `protocol`, the byte that named it; relative to the span
  /// this may be -34: the next-header field of the fixed header.
  std::ptrdiff_t pointer = 0;
  /// Set for kFragment, and for an atomic fragment that was walked through (RFC 6946).
  std::optional<Ipv6Fragment> fragment;
  /// The byte that named the fragment header, counted as `pointer` is.
  std::ptrdiff_t fragment_pointer = 0;
  bool authenticated = false;  ///< passed an Authentication Header, which nobody verified
};

/// Walks from the fixed header's next-header field to the upper layer (RFC 8200 §4). Routing
/// headers whose segments are used up, and options that say so, are skipped.
Ipv6Extensions walk_ipv6_extensions(std::uint8_t next_header, std::span<const std::byte> payload);

}  // namespace zs::wire
