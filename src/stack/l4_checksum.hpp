#pragma once

#include <cstdint>

#include "buf/mbuf.hpp"
#include "ip/incoming.hpp"

namespace zs::stack {

enum class ChecksumVerdict : std::uint8_t { kGood, kBad };

/// Judges the checksum of a packet's transport layer: by what the device said, else by adding it
/// up, over however many segments. `packet` begins at its IP header.
/// Precondition: ip.total_bytes() == packet.length().
ChecksumVerdict verify_l4_checksum(const buf::Mbuf& packet, const ip::Incoming& ip);

}  // namespace zs::stack
