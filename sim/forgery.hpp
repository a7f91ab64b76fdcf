#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/address.hpp"
#include "wire/tcp.hpp"

namespace zs::sim {

/// Writes frames with true checksums and false claims.
class Forger {
 public:
  using Frame = std::vector<std::byte>;

  Forger(const MacAddress& from, const MacAddress& to) : from_(from), to_(to) {}

  Frame segment(const Endpoint& source, const Endpoint& destination,
                const wire::TcpHeaderSpec& header, std::span<const std::byte> payload) const;
  /// One piece of a datagram; `offset` is in bytes, a multiple of 8.
  Frame fragment(const IpAddress& source, const IpAddress& destination, std::uint32_t id,
                 std::uint32_t offset, bool more, std::span<const std::byte> piece) const;
  /// An ICMP or ICMPv6 message; `rest` is what its bytes 4 to 7 say.
  Frame icmp(const IpAddress& source, const IpAddress& destination, std::uint8_t type,
             std::uint8_t code, std::uint32_t rest, std::span<const std::byte> body) const;
  /// The IP header and the first bytes of a segment of `flow` that goes from `source` to
  /// `destination`, as an ICMP error quotes it.
  static Frame quotation(const Endpoint& source, const Endpoint& destination, std::uint32_t seq);
  Frame garbage(std::uint16_t ether_type, std::span<const std::byte> bytes) const;

 private:
  Frame packet(const IpAddress& source, const IpAddress& destination, std::uint8_t protocol,
               std::span<const std::byte> payload) const;

  MacAddress from_;
  MacAddress to_;
};

}  // namespace zs::sim
