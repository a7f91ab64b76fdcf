#include "sim/forgery.hpp"

#include <algorithm>

#include "base/byte_order.hpp"
#include "wire/checksum.hpp"
#include "wire/ethernet.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/protocol.hpp"

namespace zs::sim {

namespace {

using Frame = Forger::Frame;

void append(Frame& frame, std::span<const std::byte> bytes) {
  frame.insert(frame.end(), bytes.begin(), bytes.end());
}

/// Room for a header at the end of `frame`.
std::span<std::byte> grow(Frame& frame, std::size_t bytes) {
  frame.resize(frame.size() + bytes);
  return std::span{frame}.last(bytes);
}

void append_ip(Frame& frame, const IpAddress& source, const IpAddress& destination,
               std::uint8_t protocol, std::size_t payload_bytes) {
  if (source.family() == IpFamily::kV4) {
    wire::Ipv4Spec{.src = source,
                   .dst = destination,
                   .protocol = protocol,
                   .payload_length = payload_bytes,
                   .options = {}}
        .write(grow(frame, wire::Ipv4View::kMinHeader));
  } else {
    wire::Ipv6Spec{.src = source,
                   .dst = destination,
                   .next_header = protocol,
                   .hop_limit = 64,
                   .payload_length = payload_bytes}
        .write(grow(frame, wire::Ipv6View::kHeader));
  }
}

std::uint16_t ether_type_of(const IpAddress& address) {
  return address.family() == IpFamily::kV4 ? wire::ether_type::kIpv4 : wire::ether_type::kIpv6;
}

}  // namespace

Frame Forger::garbage(std::uint16_t ether_type, std::span<const std::byte> bytes) const {
  Frame frame;
  wire::EthernetSpec{.dst = to_, .src = from_, .ether_type = ether_type}.write(
      grow(frame, wire::EthernetView::kHeader));
  append(frame, bytes);
  return frame;
}

Frame Forger::packet(const IpAddress& source, const IpAddress& destination, std::uint8_t protocol,
                     std::span<const std::byte> payload) const {
  Frame frame = garbage(ether_type_of(source), {});
  append_ip(frame, source, destination, protocol, payload.size());
  append(frame, payload);
  return frame;
}

Frame Forger::segment(const Endpoint& source, const Endpoint& destination,
                      const wire::TcpHeaderSpec& header, std::span<const std::byte> payload) const {
  wire::TcpHeaderSpec spec = header;
  spec.src_port = source.port;
  spec.dst_port = destination.port;
  spec.checksum = 0;
  Frame l4(spec.size());
  spec.write(l4);
  append(l4, payload);
  const auto sum =
      wire::pseudo_header_sum(source.address, destination.address, wire::ip_protocol::kTcp,
                              static_cast<std::uint32_t>(l4.size()));
  store_be(&l4[16], wire::checksum_finish(wire::checksum_add(l4, sum)));
  return packet(source.address, destination.address, wire::ip_protocol::kTcp, l4);
}

Frame Forger::fragment(const IpAddress& source, const IpAddress& destination, std::uint32_t id,
                       std::uint32_t offset, bool more, std::span<const std::byte> piece) const {
  Frame frame = garbage(ether_type_of(source), {});
  if (source.family() == IpFamily::kV4) {
    wire::Ipv4Spec{.src = source,
                   .dst = destination,
                   .protocol = wire::ip_protocol::kTcp,
                   .identification = static_cast<std::uint16_t>(id),
                   .more_fragments = more,
                   .fragment_offset = offset,
                   .payload_length = piece.size(),
                   .options = {}}
        .write(grow(frame, wire::Ipv4View::kMinHeader));
  } else {
    append_ip(frame, source, destination, wire::ip_protocol::kFragment,
              wire::Ipv6Fragment::kHeader + piece.size());
    wire::Ipv6Fragment{.offset = offset, .more = more, .identification = id}.write(
        grow(frame, wire::Ipv6Fragment::kHeader), wire::ip_protocol::kTcp);
  }
  append(frame, piece);
  return frame;
}

Frame Forger::icmp(const IpAddress& source, const IpAddress& destination, std::uint8_t type,
                   std::uint8_t code, std::uint32_t rest, std::span<const std::byte> body) const {
  const bool v4 = source.family() == IpFamily::kV4;
  const std::uint8_t protocol = v4 ? wire::ip_protocol::kIcmp : wire::ip_protocol::kIcmpv6;
  Frame message(8);
  message[0] = std::byte{type};
  message[1] = std::byte{code};
  store_be(&message[4], rest);
  append(message, body);
  const auto sum = v4 ? 0
                      : wire::pseudo_header_sum(source, destination, protocol,
                                                static_cast<std::uint32_t>(message.size()));
  store_be(&message[2], wire::checksum_finish(wire::checksum_add(message, sum)));
  return packet(source, destination, protocol, message);
}

Frame Forger::quotation(const Endpoint& source, const Endpoint& destination, std::uint32_t seq) {
  constexpr std::size_t kSegment = 20;
  Frame quoted;
  append_ip(quoted, source.address, destination.address, wire::ip_protocol::kTcp, kSegment);
  wire::TcpHeaderSpec{.src_port = source.port,
                      .dst_port = destination.port,
                      .seq = seq,
                      .flags = wire::tcp_flag::kAck,
                      .options = {}}
      .write(grow(quoted, kSegment));
  return quoted;
}

}  // namespace zs::sim
