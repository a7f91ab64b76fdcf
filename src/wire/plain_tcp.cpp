#include "wire/plain_tcp.hpp"

#include <array>
#include <bit>
#include <cstring>

#include "base/byte_order.hpp"
#include "wire/checksum.hpp"
#include "wire/protocol.hpp"

namespace zs::wire {
namespace {

constexpr std::size_t kEthernet = 14;
constexpr std::size_t kIpv4 = 20;
constexpr std::size_t kIpv6 = 40;

bool is_for(const std::byte* frame, const MacAddress& us) {
  std::uint32_t a = 0, b = 0;
  std::uint16_t c = 0, d = 0;
  std::memcpy(&a, frame, 4);
  std::memcpy(&b, us.bytes.data(), 4);
  std::memcpy(&c, frame + 4, 2);
  std::memcpy(&d, us.bytes.data() + 4, 2);
  return ((a ^ b) | (c ^ d)) == 0;
}

/// The bytes of a header, as a word to compare with.
constexpr std::uint64_t word_of(std::array<std::uint8_t, 8> bytes) {
  return std::bit_cast<std::uint64_t>(bytes);
}
constexpr std::uint16_t half_word_of(std::array<std::uint8_t, 2> bytes) {
  return std::bit_cast<std::uint16_t>(bytes);
}
template <typename T>
T load_raw(const std::byte* at) {
  T word{};
  std::memcpy(&word, at, sizeof word);
  return word;
}

/// The header from `tcp` on, of a segment of `segment_bytes`; `room` bytes of it are contiguous.
bool recognise_tcp(const std::byte* tcp, std::size_t room, std::uint32_t segment_bytes,
                   PlainTcp& out) {
  if (room < kPlainTcpBytes || segment_bytes < kPlainTcpBytes) return false;
  // Data offset, reserved bits and flags in one word; PSH may be either way.
  constexpr std::uint16_t kPush = tcp_flag::kPsh;
  constexpr std::uint16_t kBare = kPlainTcpBytes / 4 << 12 | tcp_flag::kAck;
  constexpr std::uint16_t kStamped = kStampedTcpBytes / 4 << 12 | tcp_flag::kAck;
  const auto kind = static_cast<std::uint16_t>(load_be<std::uint16_t>(tcp + 12) & ~kPush);
  std::size_t header = kPlainTcpBytes;
  out.has_timestamps = kind == kStamped;
  if (out.has_timestamps) [[likely]] {
    header = kStampedTcpBytes;
    if (room < header || segment_bytes < header) return false;
    if (load_be<std::uint32_t>(tcp + 20) != kTimestampsWord) return false;
    out.timestamps = {load_be<std::uint32_t>(tcp + 24), load_be<std::uint32_t>(tcp + 28)};
  } else if (kind != kBare) {
    return false;
  }
  out.flow.remote.port = load_be<std::uint16_t>(tcp);
  out.flow.local.port = load_be<std::uint16_t>(tcp + 2);
  out.seq = load_be<std::uint32_t>(tcp + 4);
  out.ack = load_be<std::uint32_t>(tcp + 8);
  out.window = load_be<std::uint16_t>(tcp + 14);
  out.header_bytes = static_cast<std::uint16_t>(out.header_bytes + header);
  out.payload_bytes = segment_bytes - static_cast<std::uint32_t>(header);
  return true;
}

bool is_frame_for(const MacAddress& us, std::uint16_t type, std::span<const std::byte> first,
                  std::size_t headers) {
  return first.size() >= headers + kPlainTcpBytes && is_for(first.data(), us) &&
         load_be<std::uint16_t>(first.data() + 12) == type;
}

}  // namespace

bool recognise_plain_tcp_v4(std::span<const std::byte> first, std::uint32_t frame_bytes,
                            const MacAddress& us, Ipv4Checksum checksum, PlainTcp& out) {
  constexpr std::size_t kHeaders = kEthernet + kIpv4;
  // Version and length; the lower bit of ECN, which CE has and ECT(0) has not; more fragments, and
  // the offset.
  constexpr std::uint64_t kLooked = word_of({0xff, 0x01, 0, 0, 0, 0, 0x3f, 0xff});
  constexpr std::uint64_t kPlain = word_of({0x45, 0, 0, 0, 0, 0, 0, 0});
  if (!is_frame_for(us, ether_type::kIpv4, first, kHeaders)) return false;
  const std::byte* const ip = first.data() + kEthernet;
  const std::uint32_t total = load_be<std::uint16_t>(ip + 2);
  if ((load_raw<std::uint64_t>(ip) & kLooked) != kPlain || ip[9] != std::byte{ip_protocol::kTcp} ||
      total + kEthernet != frame_bytes) {
    return false;
  }
  if (checksum == Ipv4Checksum::kUnknown && checksum_finish(checksum_add({ip, kIpv4})) != 0) {
    return false;
  }
  out.flow.remote.address = IpAddress::v4(load_be<std::uint32_t>(ip + 12));
  out.flow.local.address = IpAddress::v4(load_be<std::uint32_t>(ip + 16));
  out.header_bytes = kHeaders;
  return recognise_tcp(ip + kIpv4, first.size() - kHeaders,
                       total - static_cast<std::uint32_t>(kIpv4), out);
}

bool recognise_plain_tcp_v6(std::span<const std::byte> first, std::uint32_t frame_bytes,
                            const MacAddress& us, PlainTcp& out) {
  constexpr std::size_t kHeaders = kEthernet + kIpv6;
  if (!is_frame_for(us, ether_type::kIpv6, first, kHeaders)) return false;
  const std::byte* const ip = first.data() + kEthernet;
  const std::uint32_t payload = load_be<std::uint16_t>(ip + 4);
  // The version, and again the lower bit of ECN.
  constexpr std::uint16_t kLooked = half_word_of({0xf0, 0x10});
  constexpr std::uint16_t kPlain = half_word_of({0x60, 0});
  if ((load_raw<std::uint16_t>(ip) & kLooked) != kPlain || ip[6] != std::byte{ip_protocol::kTcp} ||
      payload + kHeaders != frame_bytes) {
    return false;
  }
  IpAddress::Bytes source, destination;
  std::memcpy(source.data(), ip + 8, source.size());
  std::memcpy(destination.data(), ip + 24, destination.size());
  out.flow.remote.address = IpAddress::v6(source);
  out.flow.local.address = IpAddress::v6(destination);
  // A mapped address on an IPv6 wire is nobody's (RFC 4942 §2.2), least of all an IPv4 flow's.
  if (out.flow.remote.address.is_v4() || out.flow.local.address.is_v4()) return false;
  out.header_bytes = kHeaders;
  return recognise_tcp(ip + kIpv6, first.size() - kHeaders, payload, out);
}

}  // namespace zs::wire
