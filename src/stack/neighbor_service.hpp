#pragma once

#include <cstdint>

#include "buf/mbuf.hpp"
#include "stack/arrival.hpp"
#include "stack/core.hpp"

namespace zs::stack {

/// Speaks ARP and Neighbour Discovery for the shard: what arrives goes into the cache and the
/// claims, and what these want to say goes into the ready queues.
class NeighborService {
 public:
  explicit NeighborService(Core& core) : core_(core) {}

  /// `packet` begins at the ARP header (RFC 826).
  void on_arp(std::uint16_t interface, buf::Mbuf packet);
  /// An ICMPv6 message that is a neighbour solicitation or advertisement and passed what RFC 4861
  /// asks of both (checksum, hop limit, code);
  /// `message` is its contiguous beginning.
  void on_discovery(const Received& received, std::span<const std::byte> message);

  /// Tells source selection which of our addresses somebody else has too.
  void note_duplicates();
  /// Sends what became due: solicitations, probes, announcements, released packets.
  void flush();

 private:
  void on_solicitation(const Received& received, std::span<const std::byte> message);
  void on_advertisement(const Received& received, std::span<const std::byte> message);
  void on_rival(std::uint16_t interface, const IpAddress& address, neigh::Rival rival);
  void answer_arp(std::uint16_t interface, const IpAddress& ours, const MacAddress& mac,
                  const IpAddress& asker);
  /// Into the ready queue; kNoBuffers is counted.
  void push(std::uint16_t interface, Result<buf::Mbuf> frame);

  Core& core_;
};

}  // namespace zs::stack
