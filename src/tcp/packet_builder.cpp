#include "tcp/packet_builder.hpp"

#include "tcp/shared.hpp"
#include "wire/checksum.hpp"
#include "wire/protocol.hpp"

namespace zs::tcp {

namespace flag = wire::tcp_flag;

bool build_packet(OutPacket& out, const FlowKey& flow, wire::TcpHeaderSpec& header,
                  std::size_t header_bytes, std::uint16_t tso_segment) {
  const std::uint32_t payload_bytes = out.packet.length();
  auto room = out.packet.prepend(static_cast<std::uint16_t>(header_bytes));
  if (!room) return false;
  // The device's sum covers each wire segment, whose length only it knows when it cuts.
  const std::uint32_t summed_length =
      tso_segment != 0 ? 0 : static_cast<std::uint32_t>(header_bytes) + payload_bytes;
  header.checksum = wire::checksum_fold(wire::pseudo_header_sum(
      flow.local.address, flow.remote.address, wire::ip_protocol::kTcp, summed_length));
  header.write(*room);
  out.flow = &flow;
  out.header_bytes = static_cast<std::uint8_t>(header_bytes);
  out.tso_segment = tso_segment;
  return true;
}

wire::TcpHeaderSpec control_header(const ControlReply& reply) {
  wire::TcpHeaderSpec header;
  header.src_port = reply.flow.local.port;
  header.dst_port = reply.flow.remote.port;
  header.seq = reply.seq.raw();
  header.ack = reply.ack.raw();
  header.flags = reply.flags;
  header.window = reply.window;
  header.options = reply.options;
  return header;
}

bool build_control(Shared& shared, const ControlReply& reply, OutPacket& out) {
  out.packet = buf::Mbuf::adopt(shared.pools.data->alloc());
  if (!out.packet) {
    ++shared.counters.no_buffers;
    shared.count(Drop::kNoBuffers);
    return false;
  }
  wire::TcpHeaderSpec header = control_header(reply);
  ++shared.counters.segments_out;
  if ((reply.flags & flag::kRst) != 0) ++shared.counters.resets_out;
  out.hint = nullptr;
  out.confirms_neighbor = false;
  out.ecn = reply.ecn;
  out.own_flow = reply.flow;
  if (build_packet(out, out.own_flow, header, header.size())) return true;
  out.packet = {};
  return false;
}

ControlReply reset_for(const Segment& segment) {
  ControlReply reply;
  reply.flow = segment.flow;
  if (segment.has(flag::kAck)) {
    reply.seq = segment.ack;
    reply.flags = flag::kRst;
  } else {
    reply.ack = segment.seq + segment.length();
    reply.flags = flag::kRst | flag::kAck;
  }
  return reply;
}

}  // namespace zs::tcp
