#pragma once

#include <cstdint>

#include "buf/mbuf.hpp"
#include "stack/core.hpp"

namespace zs::stack {

/// Fills in the UDP checksum that a device was to compute: it could not, of a datagram that it sees
/// in pieces. `transport` begins at its UDP header. Does nothing to other packets.
void finish_checksum(buf::Mbuf& transport);

/// Whether a packet that waited for its neighbour, and begins at its IP header, has to be cut. TCP
/// never has: it keeps to the path's MTU by itself, and its packets say "don't fragment".
bool is_for_fragments(const Core& core, std::uint16_t interface, const buf::Mbuf& packet);

/// Sends a packet, which begins at its IP header, in pieces to one station or group, by way of the
/// ready queue. What there is no buffer for is dropped and counted.
void send_in_fragments(Core& core, std::uint16_t interface, const MacAddress& mac,
                       buf::Mbuf packet);

}  // namespace zs::stack
