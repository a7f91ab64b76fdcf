#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.hpp"

namespace zs::wire {

/// What an ICMP or ICMPv6 error says about the packet that it is about: one that this host once
/// sent, if the peer is honest. src and dst are as they stood in that packet.
struct QuotedPacket {
  IpAddress src;
  IpAddress dst;
  std::uint8_t protocol = 0;
  /// At least kMinTransport bytes: ports and, for TCP, the sequence number.
  std::span<const std::byte> transport;

  /// RFC 792 promises this much behind the IP header.
  static constexpr std::size_t kMinTransport = 8;

  std::uint16_t src_port() const;  ///< TCP and UDP
  std::uint16_t dst_port() const;  ///< TCP and UDP
  std::uint32_t tcp_seq() const;   ///< RFC 5927 §4.1: check that it is in flight
};

/// nullopt when the quote is cut short, not of `family`, or not the first part of a fragmented
/// packet.
std::optional<QuotedPacket> parse_quoted_packet(std::span<const std::byte> quote, IpFamily family);

}  // namespace zs::wire
