#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.hpp"
#include "base/drop.hpp"
#include "wire/ecn.hpp"

namespace zs::ip {

/// A received packet's network layer, IP version taken away.
struct Incoming {
  IpAddress src;
  IpAddress dst;
  std::uint8_t protocol = 0;
  std::uint8_t hop_limit = 0;
  wire::EcnField ecn = wire::EcnField::kNotEct;
  std::uint16_t header_bytes = 0;     ///< to the transport header: options and extensions included
  std::uint32_t transport_bytes = 0;  ///< transport header and payload, link padding left out
  /// IPv6: the byte that named `protocol`, for a Parameter Problem about it.
  std::uint32_t protocol_pointer = 0;
  /// IPv6: there is a fragment header, though an atomic one (RFC 6946).
  bool has_fragment_header = false;

  std::uint32_t total_bytes() const { return header_bytes + transport_bytes; }
};

/// A part of a packet (RFC 791 §3.2, RFC 8200 §4.5), of a length and in a place that can be.
struct Fragment {
  std::uint32_t identification = 0;
  std::uint32_t offset = 0;  ///< bytes, a multiple of 8
  std::uint32_t part_bytes = 0;
  /// To where the part begins: IPv4's header, or all that ends with IPv6's fragment header.
  std::uint16_t header_bytes = 0;
  /// IPv6: the byte that names the fragment header, which `protocol` will take the place of.
  std::uint32_t protocol_pointer = 0;
  std::uint8_t protocol = 0;  ///< what the part of the first fragment begins with
  std::uint8_t ecn = 0;
  bool more = false;
};

/// An ICMPv6 Parameter Problem that the sender deserves.
struct ParameterProblem {
  std::uint8_t code = 0;
  std::uint32_t pointer = 0;
  bool even_if_multicast = false;  ///< RFC 4443 §2.4(e.3), the exception for options
};

/// Either a packet, or why not.
struct ParseResult {
  std::optional<Incoming> packet;
  Drop drop = Drop::kIpMalformed;           ///< when there is no packet
  std::optional<ParameterProblem> problem;  ///< IPv6 only, beside `drop`
  std::optional<Fragment> fragment;         ///< instead of a packet: a part of one
  Incoming addresses;                       ///< src and dst, set with `problem` and `fragment`
};

enum class HeaderChecksum : std::uint8_t { kVerify, kKnownGood };

/// `first` is the packet's contiguous beginning, `packet_bytes` its whole length in the buffer.
/// Judges structure only; what the addresses mean is AddressTable's.
ParseResult parse_ipv4(std::span<const std::byte> first, std::uint32_t packet_bytes,
                       HeaderChecksum checksum);
ParseResult parse_ipv6(std::span<const std::byte> first, std::uint32_t packet_bytes);

/// How many contiguous bytes the parsers ask for, where a packet has them: a host has no use for
/// longer chains of extension headers (RFC 8504 §5.3 lets it drop them).
inline constexpr std::uint16_t kContiguousV4 = 60;
inline constexpr std::uint16_t kContiguousV6 = 40 + 512;

}  // namespace zs::ip
