#pragma once

#include <cstdint>

#include "base/address.hpp"
#include "base/egress_hint.hpp"
#include "buf/mbuf.hpp"
#include "tcp/seq.hpp"
#include "wire/ecn.hpp"
#include "wire/tcp.hpp"

namespace zs::tcp {

/// A parsed segment in host order, checksum verified, as the stack hands it to TCP.
struct Segment {
  FlowKey flow;  ///< local is the destination that the packet carried
  SeqNum seq;
  SeqNum ack;
  std::uint16_t window = 0;  ///< as on the wire, unscaled
  std::uint8_t flags = 0;    ///< wire::tcp_flag
  wire::TcpOptions options;
  std::uint16_t mtu = 1500;  ///< of the interface that it came in by
  bool congested = false;    ///< marked on its way (CE, RFC 3168)
  /// Payload only, headers trimmed; owned. Empty handle when there is none.
  buf::Mbuf payload;
  std::uint32_t payload_bytes = 0;
  /// Payload of the largest wire segment inside (LRO hands over several at once).
  std::uint16_t segment_size = 0;

  bool has(std::uint8_t flag) const { return (flags & flag) != 0; }
  /// SEG.LEN: payload and the SYN and FIN that occupy sequence space.
  std::uint32_t length() const {
    return payload_bytes + (has(wire::tcp_flag::kSyn) ? 1u : 0u) +
           (has(wire::tcp_flag::kFin) ? 1u : 0u);
  }
};

/// A packet that TCP wants on the wire: begins at its TCP header (checksum field = pseudo-header
/// sum by dev/queue.hpp's transmit contract), with at least kL2L3Room of writable headroom in
/// front.
struct OutPacket {
  OutPacket() = default;
  OutPacket(const OutPacket&) = delete;
  OutPacket& operator=(const OutPacket&) = delete;

  static constexpr std::uint16_t kL2L3Room = 14 + 4 + 40;

  buf::Mbuf packet;
  const FlowKey* flow = nullptr;  ///< of the connection, borrowed, or own_flow
  FlowKey own_flow;               ///< where no connection has it
  std::uint8_t header_bytes = 0;  ///< TCP header with options
  std::uint16_t tso_segment = 0;  ///< payload bytes a wire segment; 0: not to be cut
  wire::EcnField ecn = wire::EcnField::kNotEct;
  EgressHint* hint = nullptr;  ///< borrowed; may be nullptr
  /// The peer has answered lately, so whoever carries packets to it works (RFC 4861 §7.3.1).
  bool confirms_neighbor = false;
};

/// What Connection::poll_steady() gives: one whole buffer of the application's, with the TCP header
/// written in front of the payload, for whoever makes a frame of it to put his own before that. Of
/// the descriptor nothing is set yet but the reference that is the caller's.
struct SteadyPacket {
  rte_mbuf* packet = nullptr;     ///< one reference, the caller's
  std::uint16_t payload_off = 0;  ///< where the payload begins in the buffer
  std::uint16_t payload_bytes = 0;
  std::uint16_t header_bytes = 0;  ///< of TCP; with OutPacket::kL2L3Room in front of them
  std::uint32_t ipv4_start = 0;    ///< wire::ipv4_start(); of an IPv6 packet, what it says of ECN
  bool confirms_neighbor = false;  ///< as in OutPacket
};

}  // namespace zs::tcp
