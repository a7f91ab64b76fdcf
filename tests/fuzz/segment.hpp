#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/address.hpp"
#include "fuzz/input.hpp"
#include "wire/checksum.hpp"
#include "wire/ethernet.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/protocol.hpp"
#include "wire/tcp.hpp"

// Segments that know where a connection stands: a dozen bytes of input make one that gets far.
namespace zs::fuzz {

using Bytes = std::vector<std::byte>;

/// Where a connection stands, as its peer sees it.
struct Standing {
  Endpoint peer, local;
  std::uint32_t next = 0;      ///< behind what the shard has sent
  std::uint32_t expected = 0;  ///< what the shard acknowledges
};

/// A number near `base`: most often the very one, sometimes off by one, by a few or by far.
inline std::uint32_t near(std::uint32_t base, Input& input) {
  const std::uint8_t how = input.u8() % 8;
  if (how < 4) return base;
  if (how == 4) return base - 1;
  const std::uint32_t distance = input.u16();
  if (how == 5) return base + distance;
  return how == 6 ? base - distance : base + (distance << 16);
}

inline wire::TcpOptions options_from(const Standing& at, Input& input) {
  const std::uint8_t bits = input.u8();
  wire::TcpOptions o;
  if ((bits & 1) != 0) o.mss = input.u16();
  if ((bits & 2) != 0) o.window_scale = input.u8() % 16;
  o.sack_permitted = (bits & 4) != 0;
  if ((bits & 8) != 0) o.timestamps = {input.u16(), input.u16()};
  o.sack_count = bits >> 6;
  for (auto& block : std::span{o.sack}.first(o.sack_count)) {
    block.begin = near(at.next, input) - input.u16();
    block.end = block.begin + input.u16();
  }
  return o;
}

/// TCP header and payload with a true checksum.
inline Bytes segment_from(const Standing& at, Input& input) {
  namespace flag = wire::tcp_flag;
  constexpr std::array<std::uint8_t, 12> kFlags{flag::kAck,
                                                flag::kAck | flag::kPsh,
                                                flag::kSyn,
                                                flag::kSyn | flag::kAck,
                                                flag::kFin | flag::kAck,
                                                flag::kFin | flag::kAck | flag::kPsh,
                                                flag::kRst,
                                                flag::kRst | flag::kAck,
                                                flag::kUrg | flag::kAck,
                                                flag::kSyn | flag::kFin,
                                                flag::kAck | flag::kEce,
                                                0};
  wire::TcpHeaderSpec spec;
  spec.src_port = at.peer.port;
  spec.dst_port = at.local.port;
  spec.flags = kFlags[input.u8() % kFlags.size()];
  spec.seq = near(at.expected, input);
  spec.ack = near(at.next, input);
  spec.window = input.u16();
  spec.options = options_from(at, input);
  const std::size_t header = spec.size();
  Bytes l4(header + input.u16() % 1'300);
  spec.write(std::span{l4}.first(header));
  for (std::size_t i = header; i < l4.size(); ++i) l4[i] = static_cast<std::byte>(spec.seq + i);
  const auto sum =
      wire::pseudo_header_sum(at.peer.address, at.local.address, wire::ip_protocol::kTcp,
                              static_cast<std::uint32_t>(l4.size()));
  store_be(&l4[16], wire::checksum_finish(wire::checksum_add(l4, sum)));
  return l4;
}

/// [begin, end) of a datagram, as a fragment if it is not the whole.
struct Piece {
  std::uint32_t id = 0;
  std::size_t begin = 0, end = 0;
};

/// The frame that carries a piece of `l4` from the peer.
inline Bytes frame_of(const Standing& at, std::span<const std::byte> l4, const Piece& piece,
                      const MacAddress& to, const MacAddress& from) {
  const bool v4 = at.peer.address.is_v4();
  const bool more = piece.end < l4.size();
  const bool whole = piece.begin == 0 && !more;
  const auto part = l4.subspan(piece.begin, piece.end - piece.begin);
  const std::size_t extension = v4 || whole ? 0 : wire::Ipv6Fragment::kHeader;
  const std::size_t ip_bytes = v4 ? wire::Ipv4View::kMinHeader : wire::Ipv6View::kHeader;
  Bytes frame(wire::EthernetView::kHeader + ip_bytes + extension);
  const auto all = std::span{frame};
  wire::EthernetSpec{
      .dst = to, .src = from, .ether_type = v4 ? wire::ether_type::kIpv4 : wire::ether_type::kIpv6}
      .write(all.first(wire::EthernetView::kHeader));
  const auto ip = all.subspan(wire::EthernetView::kHeader, ip_bytes);
  if (v4) {
    wire::Ipv4Spec{.src = at.peer.address,
                   .dst = at.local.address,
                   .protocol = wire::ip_protocol::kTcp,
                   .identification = static_cast<std::uint16_t>(piece.id),
                   .more_fragments = more,
                   .fragment_offset = static_cast<std::uint32_t>(piece.begin),
                   .payload_length = part.size(),
                   .options = {}}
        .write(ip);
  } else {
    wire::Ipv6Spec{.src = at.peer.address,
                   .dst = at.local.address,
                   .next_header = whole ? wire::ip_protocol::kTcp : wire::ip_protocol::kFragment,
                   .hop_limit = 64,
                   .payload_length = part.size() + extension}
        .write(ip);
    if (!whole) {
      wire::Ipv6Fragment{.offset = static_cast<std::uint32_t>(piece.begin),
                         .more = more,
                         .identification = piece.id}
          .write(all.last(extension), wire::ip_protocol::kTcp);
    }
  }
  frame.insert(frame.end(), part.begin(), part.end());
  return frame;
}

}  // namespace zs::fuzz
