#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "base/address.hpp"
#include "base/byte_order.hpp"
#include "wire/tcp.hpp"

namespace zs::wire {

/// What a connection in its stride receives: Ethernet without a tag, IP without options, extension
/// headers or fragments and not marked (CE) or ECT(1), and a TCP header with nothing but ACK and
/// PSH set, whose only option may be RFC 7323's timestamps in the layout of its appendix A.
struct PlainTcp {
  FlowKey flow;  ///< local is the destination
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint16_t window = 0;  ///< as on the wire, unscaled
  bool has_timestamps = false;
  TcpTimestamps timestamps;
  std::uint16_t header_bytes = 0;  ///< from the destination MAC address to the payload
  std::uint32_t payload_bytes = 0;
};

/// Whether somebody has verified the IPv4 header's checksum already.
enum class Ipv4Checksum : bool { kUnknown, kGood };

/// Recognises such a frame for station `us` in one look. `first` is its contiguous beginning,
/// `frame_bytes` its whole length. False: it is of another kind, or damaged, or padded; the views
/// of ethernet.hpp, ipv4.hpp, ipv6.hpp and tcp.hpp tell, whose judgement of a frame that this one
/// accepts is the same. What is not looked at: TCP's checksum, and what the addresses mean.
[[nodiscard]] bool recognise_plain_tcp_v4(std::span<const std::byte> first,
                                          std::uint32_t frame_bytes, const MacAddress& us,
                                          Ipv4Checksum checksum, PlainTcp& out);
[[nodiscard]] bool recognise_plain_tcp_v6(std::span<const std::byte> first,
                                          std::uint32_t frame_bytes, const MacAddress& us,
                                          PlainTcp& out);

inline constexpr std::uint8_t kPlainTcpBytes = TcpView::kMinHeader;
inline constexpr std::uint8_t kStampedTcpBytes = TcpView::kMinHeader + kAlignedTimestamps;

/// The header of such a segment, to be written. The fields are those of TcpHeaderSpec.
struct PlainTcpHeader {
  std::uint16_t src_port = 0;
  std::uint16_t dst_port = 0;
  std::uint32_t seq = 0;
  std::uint32_t ack = 0;
  std::uint8_t flags = 0;
  std::uint16_t window = 0;
  std::uint16_t checksum = 0;
  std::uint8_t header_bytes = kPlainTcpBytes;  ///< or kStampedTcpBytes
  TcpTimestamps timestamps;                    ///< for the latter
};

/// Nothing but stores: every data segment passes here. `at` has room for `h.header_bytes`.
inline void write_plain_tcp(std::byte* at, const PlainTcpHeader& h) {
  store_be(at, std::uint32_t{h.src_port} << 16 | h.dst_port);
  store_be(at + 4, h.seq);
  store_be(at + 8, h.ack);
  // The length counts words, and stands in the upper four bits.
  store_be(at + 12, std::uint32_t{h.header_bytes} << 26 | std::uint32_t{h.flags} << 16 |
                        std::uint32_t{h.window});
  store_be(at + 16, std::uint32_t{h.checksum} << 16);
  if (h.header_bytes == kPlainTcpBytes) return;
  store_be(at + 20, kTimestampsWord);
  store_be(at + 24, h.timestamps.value);
  store_be(at + 28, h.timestamps.echo);
}

}  // namespace zs::wire
