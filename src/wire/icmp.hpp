#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/assert.hpp"
#include "base/byte_order.hpp"

namespace zs::wire {

/// ICMP types and codes (RFC 792; RFC 1122 §3.2.2.1; RFC 1191 §4 for fragmentation needed).
namespace icmp_type {
inline constexpr std::uint8_t kEchoReply = 0;
inline constexpr std::uint8_t kUnreachable = 3;
inline constexpr std::uint8_t kSourceQuench = 4;  ///< deprecated: ignore (RFC 6633)
inline constexpr std::uint8_t kRedirect = 5;
inline constexpr std::uint8_t kEcho = 8;
inline constexpr std::uint8_t kTimeExceeded = 11;
inline constexpr std::uint8_t kParameterProblem = 12;
}  // namespace icmp_type

namespace icmp_unreachable {
inline constexpr std::uint8_t kNet = 0;
inline constexpr std::uint8_t kHost = 1;
inline constexpr std::uint8_t kProtocol = 2;
inline constexpr std::uint8_t kPort = 3;
inline constexpr std::uint8_t kFragmentationNeeded = 4;
inline constexpr std::uint8_t kSourceRouteFailed = 5;
inline constexpr std::uint8_t kNetUnknown = 6;  // from here on RFC 1122 §3.2.2.1
inline constexpr std::uint8_t kNetProhibited = 9;
inline constexpr std::uint8_t kNetForService = 11;
inline constexpr std::uint8_t kAdministrative = 13;
}  // namespace icmp_unreachable

namespace icmp_time_exceeded {
inline constexpr std::uint8_t kTtl = 0;
inline constexpr std::uint8_t kReassembly = 1;
}  // namespace icmp_time_exceeded

/// The 8 bytes that every ICMP message we know begins with, and what follows them.
class IcmpView {
 public:
  static constexpr std::size_t kHeader = 8;

  static constexpr std::optional<IcmpView> parse(std::span<const std::byte> message) {
    if (message.size() < kHeader) return std::nullopt;
    return IcmpView{message};
  }

  constexpr std::uint8_t type() const { return std::to_integer<std::uint8_t>(message_[0]); }
  constexpr std::uint8_t code() const { return std::to_integer<std::uint8_t>(message_[1]); }
  constexpr std::uint16_t checksum() const { return load_be<std::uint16_t>(&message_[2]); }
  /// An error quotes a packet, and is never answered by an error (RFC 1122 §3.2.2).
  constexpr bool is_error() const {
    return type() == icmp_type::kUnreachable || type() == icmp_type::kSourceQuench ||
           type() == icmp_type::kRedirect || type() == icmp_type::kTimeExceeded ||
           type() == icmp_type::kParameterProblem;
  }
  /// Echo and echo reply.
  constexpr std::uint16_t identifier() const { return load_be<std::uint16_t>(&message_[4]); }
  constexpr std::uint16_t sequence() const { return load_be<std::uint16_t>(&message_[6]); }
  /// Fragmentation needed: the next hop's MTU, 0 from routers older than RFC 1191.
  constexpr std::uint16_t mtu() const { return load_be<std::uint16_t>(&message_[6]); }
  /// Parameter problem: the offending byte of the quoted packet.
  constexpr std::uint8_t pointer() const { return std::to_integer<std::uint8_t>(message_[4]); }
  /// Echo data, or the quoted packet of an error (see parse_quoted_packet()).
  constexpr std::span<const std::byte> body() const { return message_.subspan(kHeader); }

 private:
  constexpr explicit IcmpView(std::span<const std::byte> message) : message_(message) {}
  std::span<const std::byte> message_;
};

/// The first 8 bytes of a message; the body goes behind them and fill_icmp_checksum() comes last.
struct IcmpSpec {
  std::uint8_t type = 0;
  std::uint8_t code = 0;
  std::uint16_t checksum = 0;
  std::uint32_t rest = 0;  ///< bytes 4 to 7, whose meaning depends on the type

  static constexpr IcmpSpec echo(std::uint16_t identifier, std::uint16_t sequence) {
    return {.type = icmp_type::kEcho, .rest = std::uint32_t{identifier} << 16 | sequence};
  }
  static constexpr IcmpSpec echo_reply(std::uint16_t identifier, std::uint16_t sequence) {
    return {.type = icmp_type::kEchoReply, .rest = std::uint32_t{identifier} << 16 | sequence};
  }
  static constexpr IcmpSpec unreachable(std::uint8_t code) {
    return {.type = icmp_type::kUnreachable, .code = code};
  }
  static constexpr IcmpSpec fragmentation_needed(std::uint16_t mtu) {
    return {.type = icmp_type::kUnreachable,
            .code = icmp_unreachable::kFragmentationNeeded,
            .rest = mtu};
  }
  static constexpr IcmpSpec time_exceeded(std::uint8_t code) {
    return {.type = icmp_type::kTimeExceeded, .code = code};
  }
  static constexpr IcmpSpec parameter_problem(std::uint8_t pointer) {
    return {.type = icmp_type::kParameterProblem, .rest = std::uint32_t{pointer} << 24};
  }

  static constexpr std::size_t size() { return IcmpView::kHeader; }
  /// Precondition: out.size() == size().
  constexpr void write(std::span<std::byte> out) const {
    ZS_ASSERT(out.size() == size());
    out[0] = std::byte{type};
    out[1] = std::byte{code};
    store_be(&out[2], checksum);
    store_be(&out[4], rest);
  }
};

/// Over a whole message in one piece. A message in several goes through ChecksumAccumulator.
/// Precondition for both: message.size() >= IcmpView::kHeader.
bool is_icmp_checksum_ok(std::span<const std::byte> message);
void fill_icmp_checksum(std::span<std::byte> message);

}  // namespace zs::wire
