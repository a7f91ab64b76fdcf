#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.hpp"
#include "base/assert.hpp"
#include "base/byte_order.hpp"
#include "wire/ethernet.hpp"
#include "wire/ipv6.hpp"

namespace zs::wire {

/// ICMPv6 types (RFC 4443 §4; RFC 4861 §4; RFC 2710 and RFC 3810 for multicast listeners).
namespace icmpv6_type {
inline constexpr std::uint8_t kUnreachable = 1;
inline constexpr std::uint8_t kPacketTooBig = 2;
inline constexpr std::uint8_t kTimeExceeded = 3;
inline constexpr std::uint8_t kParameterProblem = 4;
inline constexpr std::uint8_t kEcho = 128;
inline constexpr std::uint8_t kEchoReply = 129;
inline constexpr std::uint8_t kRouterSolicitation = 133;
inline constexpr std::uint8_t kRouterAdvertisement = 134;
inline constexpr std::uint8_t kNeighborSolicitation = 135;
inline constexpr std::uint8_t kNeighborAdvertisement = 136;
inline constexpr std::uint8_t kRedirect = 137;
inline constexpr std::uint8_t kMldv2Report = 143;
}  // namespace icmpv6_type

namespace icmpv6_unreachable {
inline constexpr std::uint8_t kNoRoute = 0;
inline constexpr std::uint8_t kAdministrative = 1;
inline constexpr std::uint8_t kBeyondScope = 2;
inline constexpr std::uint8_t kAddress = 3;
inline constexpr std::uint8_t kPort = 4;
}  // namespace icmpv6_unreachable

namespace icmpv6_time_exceeded {
inline constexpr std::uint8_t kHopLimit = 0;
inline constexpr std::uint8_t kReassembly = 1;
}  // namespace icmpv6_time_exceeded

namespace icmpv6_parameter {
inline constexpr std::uint8_t kHeaderField = 0;
inline constexpr std::uint8_t kNextHeader = 1;
inline constexpr std::uint8_t kOption = 2;
inline constexpr std::uint8_t kIncompleteChain = 3;  ///< RFC 7112 §5
}  // namespace icmpv6_parameter

/// The first 8 bytes of an ICMPv6 message and what follows them (RFC 4443 §2.1).
class Icmpv6View {
 public:
  static constexpr std::size_t kHeader = 8;

  static constexpr std::optional<Icmpv6View> parse(std::span<const std::byte> message) {
    if (message.size() < kHeader) return std::nullopt;
    return Icmpv6View{message};
  }

  constexpr std::uint8_t type() const { return std::to_integer<std::uint8_t>(message_[0]); }
  constexpr std::uint8_t code() const { return std::to_integer<std::uint8_t>(message_[1]); }
  constexpr std::uint16_t checksum() const { return load_be<std::uint16_t>(&message_[2]); }
  constexpr std::uint32_t rest() const { return load_be<std::uint32_t>(&message_[4]); }
  /// Never answered by an error (RFC 4443 §2.4(e)); redirects are not either.
  constexpr bool is_error() const { return type() < 128; }
  /// Echo and echo reply.
  constexpr std::uint16_t identifier() const { return load_be<std::uint16_t>(&message_[4]); }
  constexpr std::uint16_t sequence() const { return load_be<std::uint16_t>(&message_[6]); }
  /// Packet Too Big.
  constexpr std::uint32_t mtu() const { return rest(); }
  /// Parameter Problem: the offending byte of the quoted packet.
  constexpr std::uint32_t pointer() const { return rest(); }
  /// Echo data, or the quoted packet of an error (see parse_quoted_packet()).
  constexpr std::span<const std::byte> body() const { return message_.subspan(kHeader); }
  constexpr std::span<const std::byte> message() const { return message_; }

 private:
  constexpr explicit Icmpv6View(std::span<const std::byte> message) : message_(message) {}
  std::span<const std::byte> message_;
};

/// The first 8 bytes of a message; the body goes behind them and fill_icmpv6_checksum() comes last.
struct Icmpv6Spec {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint16_t checksum = 0;
  std::uint32_t rest = 0;  ///< bytes 4 to 7, whose meaning depends on the type

  static constexpr Icmpv6Spec echo(std::uint16_t identifier, std::uint16_t sequence) {
    return {.type = icmpv6_type::kEcho, .rest = std::uint32_t{identifier} << 16 | sequence};
  }
  static constexpr Icmpv6Spec echo_reply(std::uint16_t identifier, std::uint16_t sequence) {
    return {.type = icmpv6_type::kEchoReply, .rest = std::uint32_t{identifier} << 16 | sequence};
  }
  static constexpr Icmpv6Spec unreachable(std::uint8_t code) {
    return {.type = icmpv6_type::kUnreachable, .code = code};
  }
  static constexpr Icmpv6Spec packet_too_big(std::uint32_t mtu) {
    return {.type = icmpv6_type::kPacketTooBig, .rest = mtu};
  }
  static constexpr Icmpv6Spec time_exceeded(std::uint8_t code) {
    return {.type = icmpv6_type::kTimeExceeded, .code = code};
  }
  static constexpr Icmpv6Spec parameter_problem(std::uint8_t code, std::uint32_t pointer) {
    return {.type = icmpv6_type::kParameterProblem, .code = code, .rest = pointer};
  }

  static constexpr std::size_t size() { return Icmpv6View::kHeader; }
  /// Precondition: out.size() == size().
  constexpr void write(std::span<std::byte> out) const {
    ZS_ASSERT(out.size() == size());
    out[0] = std::byte{type};
    out[1] = std::byte{code};
    store_be(&out[2], checksum);
    store_be(&out[4], rest);
  }
};

/// Over a whole message in one piece; the pseudo-header is part of it (RFC 4443 §2.3).
/// Precondition for both: message.size() >= Icmpv6View::kHeader, both addresses are IPv6.
bool is_icmpv6_checksum_ok(const IpAddress& src, const IpAddress& dst,
                           std::span<const std::byte> message);
void fill_icmpv6_checksum(const IpAddress& src, const IpAddress& dst, std::span<std::byte> message);

}  // namespace zs::wire
