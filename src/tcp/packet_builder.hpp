#pragma once

#include <cstddef>
#include <cstdint>

#include "tcp/segment.hpp"

namespace zs::tcp {

struct Shared;
struct ControlReply;

/// Prepends the TCP header, of header_bytes = header.size(), to `out.packet` (a payload that may be
/// empty, but has the headroom) and fills in the rest of `out` but its hint, and what the transmit
/// contract of dev/queue.hpp asks of TCP: the pseudo-header sum (also in `header`), and the size to
/// cut to (`tso_segment`, 0: whole). False without the headroom.
[[nodiscard]] bool build_packet(OutPacket& out, const FlowKey& flow, wire::TcpHeaderSpec& header,
                                std::size_t header_bytes, std::uint16_t tso_segment = 0);

wire::TcpHeaderSpec control_header(const ControlReply& reply);

/// A packet without payload. False (counted) without a buffer.
[[nodiscard, gnu::noinline]] bool build_control(Shared& shared, const ControlReply& reply,
                                                OutPacket& out);

/// RFC 9293 §3.5.2: the reset that answers `segment` when nobody here knows its connection.
ControlReply reset_for(const Segment& segment);

}  // namespace zs::tcp
