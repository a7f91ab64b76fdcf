#include "dev/checksum_offload.hpp"

#include <algorithm>
#include <array>

#include "base/byte_order.hpp"
#include "wire/checksum.hpp"
#include "wire/protocol.hpp"

namespace zs::dev {
namespace {

constexpr std::uint16_t kIpv4Checksum = 10;
constexpr std::uint16_t kTcpChecksum = 16;
constexpr std::uint16_t kUdpChecksum = 6;

bool has_l4_checksum(const FrameLayout& at) noexcept {
  return !at.is_fragment && (at.protocol == wire::ip_protocol::kTcp ||
                             (at.protocol == wire::ip_protocol::kUdp && at.payload > at.l4));
}

std::byte* l4_field(rte_mbuf& frame, const FrameLayout& at) noexcept {
  const std::uint16_t field = at.protocol == wire::ip_protocol::kTcp ? kTcpChecksum : kUdpChecksum;
  return buf::data(&frame) + at.l4 + field;
}

// Straight from the header's bytes: no question of what kind of address they are.
std::uint64_t pseudo_header_sum(const rte_mbuf& frame, const FrameLayout& at) noexcept {
  const bool is_v4 = at.family == IpFamily::kV4;
  const std::byte* const ip = buf::data(&frame) + at.l3;
  const std::span addresses{ip + (is_v4 ? 12 : 8), is_v4 ? std::size_t{8} : std::size_t{32}};
  std::array<std::byte, 8> numbers{};
  store_be(&numbers[0], at.l4_bytes());
  numbers[7] = std::byte{at.protocol};
  return wire::checksum_add(numbers, wire::checksum_add(addresses));
}

/// Over header and payload, with whatever the checksum field holds.
std::uint16_t l4_checksum(const rte_mbuf& frame, const FrameLayout& at) noexcept {
  wire::ChecksumAccumulator sum{pseudo_header_sum(frame, at)};
  std::uint32_t skip = at.l4;
  std::uint32_t left = at.l4_bytes();
  for (const rte_mbuf* m = &frame; m != nullptr && left > 0; m = m->next) {
    const auto part = buf::bytes(m);
    const auto from = std::min<std::uint32_t>(skip, m->data_len);
    const auto n = std::min<std::uint32_t>(left, m->data_len - from);
    sum.add(part.subspan(from, n));
    skip -= from;
    left -= n;
  }
  return sum.finish();
}

std::uint16_t header_bytes(const rte_mbuf& frame, const FrameLayout& at) noexcept {
  return static_cast<std::uint16_t>(std::min<std::uint32_t>(at.payload, frame.pkt_len));
}

}  // namespace

Result<void> make_headers_private(buf::Mbuf& frame, std::uint16_t bytes,
                                  buf::Pools pools) noexcept {
  if (buf::is_exclusive(frame.get()) && frame->data_len >= bytes) return {};
  if (bytes > pools.data->data_room()) return Errc::kMessageSize;
  buf::Mbuf fresh = buf::Mbuf::adopt(pools.data->alloc());
  if (!fresh) return Errc::kNoBuffers;
  const auto room = fresh.append(bytes);
  ZS_ASSERT(room.has_value());
  frame.copy_out(0, *room);
  buf::copy_metadata(fresh.get(), frame.get());

  // Segments that were copied whole go, the one that was copied in part is shared, the rest moves.
  std::uint32_t skip = bytes;
  std::uint16_t whole = 0;
  rte_mbuf* m = frame.get();
  for (; m != nullptr && skip >= m->data_len; m = m->next, ++whole) skip -= m->data_len;
  rte_mbuf* rest = m;
  if (skip > 0) {
    rest = buf::make_indirect(*pools.indirect, m, skip, m->data_len - skip);
    if (rest == nullptr) return Errc::kNoBuffers;
    rest->next = m->next;
    ++whole;
  }
  fresh->pkt_len = frame->pkt_len;
  fresh->nb_segs = static_cast<std::uint16_t>(frame->nb_segs - whole + (skip > 0 ? 2 : 1));
  fresh->next = rest;
  for (rte_mbuf* old = std::move(frame).release(); whole > 0; --whole) {
    rte_mbuf* const next = old->next;
    buf::free_segment(old);
    old = next;
  }
  frame = std::move(fresh);
  return {};
}

void store_ip_checksum(rte_mbuf& frame, const FrameLayout& at) noexcept {
  if (at.family != IpFamily::kV4) return;
  std::byte* const ip = buf::data(&frame) + at.l3;
  const std::size_t length = (std::to_integer<std::size_t>(ip[0]) & 0xf) * 4;
  store_be(ip + kIpv4Checksum, std::uint16_t{0});
  const std::span header{ip, std::min<std::size_t>(length, at.l4 - at.l3)};
  store_be(ip + kIpv4Checksum, wire::checksum_finish(wire::checksum_add(header)));
}

void store_l4_checksum(rte_mbuf& frame, const FrameLayout& at) noexcept {
  std::byte* const field = l4_field(frame, at);
  store_be(field, std::uint16_t{0});
  std::uint16_t checksum = l4_checksum(frame, at);
  // A UDP checksum of 0 would say that there is none (RFC 768).
  if (checksum == 0 && at.protocol == wire::ip_protocol::kUdp) checksum = 0xffff;
  store_be(field, checksum);
}

bool is_l4_checksum_ok(const rte_mbuf& frame, const FrameLayout& at) noexcept {
  return l4_checksum(frame, at) == 0;
}

bool is_ip_checksum_ok(const rte_mbuf& frame, const FrameLayout& at) noexcept {
  if (at.family != IpFamily::kV4) return true;
  const std::span header{buf::data(&frame) + at.l3, static_cast<std::size_t>(at.l4 - at.l3)};
  return wire::checksum_finish(wire::checksum_add(header)) == 0;
}

void store_pseudo_header_sum(rte_mbuf& frame, const FrameLayout& at) noexcept {
  store_be(l4_field(frame, at), wire::checksum_fold(pseudo_header_sum(frame, at)));
}

Result<void> complete_tx_checksums(buf::Mbuf& frame, Offload by_device, buf::Pools pools) noexcept {
  const std::uint64_t flags = frame->ol_flags;
  const bool ip = (flags & RTE_MBUF_F_TX_IP_CKSUM) != 0 && !has(by_device, Offload::kTxIpChecksum);
  const bool l4 = (flags & RTE_MBUF_F_TX_L4_MASK) != 0 && !has(by_device, Offload::kTxL4Checksum);
  if (!ip && !l4) return {};
  const auto at = layout_of_tx(*frame.get());
  if (!at || (l4 && !has_l4_checksum(*at))) return Errc::kInvalid;
  ZS_TRY(make_headers_private(frame, header_bytes(*frame.get(), *at), pools));
  if (ip) {
    store_ip_checksum(*frame.get(), *at);
    frame->ol_flags &= ~RTE_MBUF_F_TX_IP_CKSUM;
  }
  if (l4) {
    store_l4_checksum(*frame.get(), *at);
    frame->ol_flags &= ~RTE_MBUF_F_TX_L4_MASK;
  }
  return {};
}

Result<void> complete_rx_checksums(buf::Mbuf& frame, buf::Pools pools) noexcept {
  const std::uint64_t ip_says = frame->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
  const std::uint64_t l4_says = frame->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
  const bool ip = ip_says == RTE_MBUF_F_RX_IP_CKSUM_GOOD || ip_says == RTE_MBUF_F_RX_IP_CKSUM_NONE;
  const bool l4 = l4_says == RTE_MBUF_F_RX_L4_CKSUM_GOOD || l4_says == RTE_MBUF_F_RX_L4_CKSUM_NONE;
  if (ip || l4) {
    const auto at = parse_layout(*frame.get());
    if (!at) return Errc::kInvalid;
    ZS_TRY(make_headers_private(frame, at->payload, pools));
    if (ip) store_ip_checksum(*frame.get(), *at);
    if (l4 && has_l4_checksum(*at)) store_l4_checksum(*frame.get(), *at);
  }
  frame->ol_flags &= ~(RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK);
  return {};
}

}  // namespace zs::dev
