#pragma once

#include <optional>

#include "tcp/segment.hpp"

namespace zs::tcp {

struct Shared;
struct ControlReply;

/// Prepends the TCP header, of header_bytes = header.size(), to `payload` (which may be empty, but
/// has the headroom) and fills in what the transmit contract of dev/queue.hpp asks of TCP: the
/// pseudo-header sum (also in `header`), and the size to cut to (`tso_segment`, 0: whole). nullopt
/// without the headroom.
std::optional<OutPacket> build_packet(buf::Mbuf payload, const FlowKey& flow,
                                      wire::TcpHeaderSpec& header, std::size_t header_bytes,
                                      std::uint16_t tso_segment = 0);

/// A packet without payload. nullopt (counted) without a buffer.
std::optional<OutPacket> build_control(Shared& shared, const ControlReply& reply);

/// RFC 9293 §3.5.2: the reset that answers `segment` when nobody here knows its connection.
ControlReply reset_for(const Segment& segment);

}  // namespace zs::tcp
