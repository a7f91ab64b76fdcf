#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "base/address.hpp"
#include "wire/tcp.hpp"

struct rte_mbuf;

namespace zs::sim {

/// A TCP segment as somebody on the wire sees it.
struct SeenSegment {
  Endpoint source;
  Endpoint destination;
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 0;
  wire::TcpOptions options;
  std::uint32_t payload_bytes = 0;
  std::uint32_t payload_offset = 0;  ///< in the frame

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
  /// The sequence number behind it.
  std::uint32_t end() const {
    return seq + payload_bytes + (has(wire::tcp_flag::kSyn) ? 1u : 0u) +
           (has(wire::tcp_flag::kFin) ? 1u : 0u);
  }
};

/// nullopt for whatever is no whole TCP segment over plain IP.
std::optional<SeenSegment> see_segment(const rte_mbuf& frame);
/// One line about any frame, in the manner of tcpdump.
std::string describe_frame(const rte_mbuf& frame);

}  // namespace zs::sim
