#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/byte_order.hpp"

namespace zs {

enum class IpFamily : std::uint8_t { kV4 = 4, kV6 = 6 };

/// An IPv4 or IPv6 address in 16 bytes: IPv4 is stored IPv4-mapped (::ffff:a.b.c.d, RFC 4291
/// §2.5.5.2), so the family is data and a dual-stack socket needs no second code path. A
/// consequence: a mapped address cannot appear on an IPv6 wire (ip/ drops it, as RFC 4942 §2.2
/// advises).
class IpAddress {
 public:
  using Bytes = std::array<std::byte, 16>;

  constexpr IpAddress() = default;  ///< the IPv6 unspecified address, ::
  static constexpr IpAddress v4(std::uint32_t host_order) {
    IpAddress a;
    a.words_[1] = std::uint64_t{byte_swap(host_order)} << 32 | kMapped;
    return a;
  }
  static constexpr IpAddress v4(std::uint8_t a, std::uint8_t b, std::uint8_t c, std::uint8_t d) {
    return v4(static_cast<std::uint32_t>(a) << 24 | static_cast<std::uint32_t>(b) << 16 |
              static_cast<std::uint32_t>(c) << 8 | d);
  }
  static constexpr IpAddress v6(const Bytes& network_order) {
    IpAddress a;
    a.words_ = std::bit_cast<Words>(network_order);
    return a;
  }
  static constexpr IpAddress any(IpFamily f) { return f == IpFamily::kV4 ? v4(0) : IpAddress{}; }
  /// Accepts dotted quads and every RFC 4291 §2.2 form; no zone, no surrounding space.
  static std::optional<IpAddress> parse(std::string_view text);

  constexpr IpFamily family() const {
    return words_[0] == 0 && static_cast<std::uint32_t>(words_[1]) == kMapped ? IpFamily::kV4
                                                                              : IpFamily::kV6;
  }
  constexpr bool is_v4() const { return family() == IpFamily::kV4; }
  constexpr bool is_v6() const { return family() == IpFamily::kV6; }
  /// Precondition: is_v4().
  constexpr std::uint32_t v4_value() const {
    return byte_swap(static_cast<std::uint32_t>(words_[1] >> 32));
  }
  /// The 16 bytes, as they stand on an IPv6 wire.
  std::span<const std::byte, 16> bytes() const& { return std::as_bytes(std::span(words_)); }
  std::span<const std::byte, 16> bytes() const&& = delete;  // they would outlive it
  constexpr Bytes to_bytes() const { return std::bit_cast<Bytes>(words_); }
  /// The 4 or 16 bytes as they stand on the wire.
  std::span<const std::byte> wire_bytes() const {
    const std::span<const std::byte> all = std::as_bytes(std::span(words_));
    return is_v4() ? all.subspan(12) : all;
  }
  /// First and last 8 bytes in host order; for hashing and prefix arithmetic.
  constexpr std::uint64_t high() const { return byte_swap(words_[0]); }
  constexpr std::uint64_t low() const { return byte_swap(words_[1]); }

  /// First and last 8 bytes as they lie in memory; for hashing and comparing.
  constexpr std::uint64_t first_word() const { return words_[0]; }
  constexpr std::uint64_t last_word() const { return words_[1]; }

  constexpr bool is_unspecified() const { return is_v4() ? v4_value() == 0 : *this == IpAddress{}; }
  constexpr bool is_multicast() const {
    return is_v4() ? (v4_value() >> 28) == 0xe : (high() >> 56) == 0xff;
  }
  constexpr bool is_limited_broadcast() const { return is_v4() && v4_value() == 0xffff'ffff; }
  constexpr bool is_loopback() const {
    return is_v4() ? (v4_value() >> 24) == 127 : high() == 0 && low() == 1;
  }
  constexpr bool is_link_local() const {
    return is_v4() ? (v4_value() >> 16) == 0xa9fe : (high() >> 54) == (0xfe80u >> 6);
  }

  /// Dotted quad or RFC 5952 text.
  std::string to_string() const;

  friend constexpr bool operator==(const IpAddress& a, const IpAddress& b) {
    return ((a.first_word() ^ b.first_word()) | (a.last_word() ^ b.last_word())) == 0;
  }
  friend constexpr auto operator<=>(const IpAddress& a, const IpAddress& b) {
    if (const auto c = a.high() <=> b.high(); c != 0) return c;
    return a.low() <=> b.low();
  }

 private:
  using Words = std::array<std::uint64_t, 2>;
  /// The first half of a mapped address' last word, as it lies in memory.
  static constexpr std::uint32_t kMapped = 0xffff'0000;

  Words words_{};  ///< the 16 bytes of the wire; in words, which compilers keep in registers
};

/// An address with a prefix length in its own family's terms (0..32 or 0..128).
struct IpPrefix {
  IpAddress address;
  std::uint8_t length = 0;

  /// "10.0.0.1/24", "2001:db8::1/64"; a bare address is a host prefix. Host bits are kept.
  static std::optional<IpPrefix> parse(std::string_view text);
  bool contains(const IpAddress& a) const;
  /// The address with the host bits cleared.
  IpAddress network() const;
  /// The directed broadcast address of an IPv4 prefix shorter than /31; none for others.
  std::optional<IpAddress> broadcast() const;
  std::string to_string() const;
  friend bool operator==(const IpPrefix&, const IpPrefix&) = default;
};

struct MacAddress {
  std::array<std::byte, 6> bytes{};

  static constexpr MacAddress broadcast() {
    MacAddress m;
    m.bytes.fill(std::byte{0xff});
    return m;
  }
  static std::optional<MacAddress> parse(std::string_view text);  ///< "02:00:00:00:00:01"
  constexpr bool is_multicast() const { return (bytes[0] & std::byte{1}) != std::byte{0}; }
  constexpr bool is_zero() const { return bytes == std::array<std::byte, 6>{}; }
  std::string to_string() const;
  friend constexpr bool operator==(const MacAddress&, const MacAddress&) = default;
};

struct Endpoint {
  IpAddress address;
  std::uint16_t port = 0;  ///< host order

  /// "10.0.0.1:80", "[2001:db8::1]:80".
  static std::optional<Endpoint> parse(std::string_view text);
  std::string to_string() const;
  friend constexpr bool operator==(const Endpoint&, const Endpoint&) = default;
};

/// The connection 4-tuple, seen from this host.
struct FlowKey {
  Endpoint local;
  Endpoint remote;
  friend constexpr bool operator==(const FlowKey& a, const FlowKey& b) {
    const IpAddress& la = a.local.address;
    const IpAddress& lb = b.local.address;
    const IpAddress& ra = a.remote.address;
    const IpAddress& rb = b.remote.address;
    const auto ports =
        static_cast<std::uint64_t>((a.local.port ^ b.local.port) | (a.remote.port ^ b.remote.port));
    // One branch for all: they nearly always agree.
    return ((la.first_word() ^ lb.first_word()) | (la.last_word() ^ lb.last_word()) |
            (ra.first_word() ^ rb.first_word()) | (ra.last_word() ^ rb.last_word()) | ports) == 0;
  }
};

}  // namespace zs
