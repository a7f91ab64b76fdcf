#include "dev/virtio_net.hpp"

#include <cstring>

#include "base/byte_order.hpp"
#include "dev/frame_layout.hpp"
#include "wire/checksum.hpp"

namespace zs::dev {
namespace {

constexpr std::uint16_t kEthernetAddresses = 12;
constexpr std::uint16_t kMinEthernetHeader = 14;
constexpr std::uint16_t kVlanTag = 4;
constexpr std::uint16_t kVlanType = 0x8100;
constexpr std::uint16_t kMinIpv4Header = 20;
constexpr std::uint16_t kIpv4ChecksumOffset = 10;
constexpr std::uint16_t kTcpChecksumOffset = 16;
constexpr std::uint16_t kTcpFlagsOffset = 13;
constexpr std::uint16_t kMinTcpHeader = 20;
constexpr std::uint16_t kUdpChecksumOffset = 6;
constexpr std::uint16_t kMinUdpHeader = 8;
constexpr std::byte kTcpCwr{0x80};

/// Where the headers of one packet begin and end, checked against its length.
struct Layout {
  std::uint16_t l3 = 0, l4 = 0, payload = 0;
  std::uint16_t checksum_offset = 0;  ///< in the transport header; 0: nothing is asked for
  bool is_tcp = false;
};

Result<Layout> layout_of(const rte_mbuf& m) noexcept {
  Layout at;
  at.l3 = m.l2_len;
  at.l4 = static_cast<std::uint16_t>(at.l3 + m.l3_len);
  at.payload = at.l4;
  const std::uint64_t l4_request = m.ol_flags & RTE_MBUF_F_TX_L4_MASK;
  std::uint16_t l4_minimum = 0;
  if (l4_request == RTE_MBUF_F_TX_TCP_CKSUM || asks_for(m, RTE_MBUF_F_TX_TCP_SEG)) {
    at.is_tcp = true;
    at.checksum_offset = kTcpChecksumOffset;
    l4_minimum = kMinTcpHeader;
    // l4_len is only required with segmentation; without it the fixed header is all we touch.
    if (m.l4_len != 0 && m.l4_len < kMinTcpHeader) return Errc::kInvalid;
  } else if (l4_request == RTE_MBUF_F_TX_UDP_CKSUM) {
    at.checksum_offset = kUdpChecksumOffset;
    l4_minimum = kMinUdpHeader;
  } else if (l4_request != 0) {
    return Errc::kInvalid;  // SCTP: nobody here speaks it
  }
  if (at.checksum_offset != 0) {
    const std::uint16_t l4_bytes = at.is_tcp && m.l4_len != 0 ? m.l4_len : l4_minimum;
    at.payload = static_cast<std::uint16_t>(at.l4 + l4_bytes);
  }
  if (at.l3 < kMinEthernetHeader || at.payload > m.pkt_len ||
      at.payload > VirtioTxFrame::kMaxHeaderBytes - kVlanTag) {
    return Errc::kInvalid;
  }
  return at;
}

/// Copies the first `n` bytes, which may be spread over segments. False if the chain is shorter
/// than it says.
bool copy_front(const rte_mbuf& packet, std::span<std::byte> out) noexcept {
  const rte_mbuf* m = &packet;
  while (!out.empty()) {
    if (m == nullptr) return false;
    const auto take = std::min<std::size_t>(out.size(), m->data_len);
    std::memcpy(out.data(), buf::data(m), take);
    out = out.subspan(take);
    m = m->next;
  }
  return true;
}

Result<void> fill_ip_checksum(const rte_mbuf& m, const Layout& at,
                              std::span<std::byte> headers) noexcept {
  if (m.l3_len < kMinIpv4Header) return Errc::kInvalid;
  const auto ip = headers.subspan(at.l3, m.l3_len);
  store_be(&ip[kIpv4ChecksumOffset], std::uint16_t{0});
  store_be(&ip[kIpv4ChecksumOffset], wire::checksum_finish(wire::checksum_add(ip)));
  return {};
}

Result<void> request_segmentation(const rte_mbuf& m, const Layout& at, std::span<std::byte> headers,
                                  VirtioNetHeader& virtio) noexcept {
  if (m.tso_segsz == 0 || m.l4_len == 0) return Errc::kInvalid;
  // DPDK leaves the length out of the pseudo-header, since each segment has its own; Linux wants
  // that of the whole, and corrects it as it cuts (its tcp_gso_segment()).
  const auto field = &headers[at.l4 + kTcpChecksumOffset];
  std::uint32_t sum = std::uint32_t{load_be<std::uint16_t>(field)} + (m.pkt_len - at.l4);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  store_be(field, static_cast<std::uint16_t>(sum));
  // What fits into one segment is not to be cut: the kernel refuses some of these.
  if (m.pkt_len - at.payload <= m.tso_segsz) return {};
  if (asks_for(m, RTE_MBUF_F_TX_IPV4) == asks_for(m, RTE_MBUF_F_TX_IPV6)) return Errc::kInvalid;
  virtio.gso_type =
      asks_for(m, RTE_MBUF_F_TX_IPV4) ? VirtioNetHeader::kGsoTcpV4 : VirtioNetHeader::kGsoTcpV6;
  if ((headers[at.l4 + kTcpFlagsOffset] & kTcpCwr) != std::byte{0}) {
    virtio.gso_type |= VirtioNetHeader::kGsoEcn;
  }
  virtio.gso_size = m.tso_segsz;
  return {};
}

void insert_vlan_tag(const rte_mbuf& m, VirtioTxFrame& out) noexcept {
  std::byte* const tag = out.headers.data() + kEthernetAddresses;
  std::memmove(tag + kVlanTag, tag, out.headers_length - std::size_t{kEthernetAddresses});
  store_be(tag, kVlanType);
  store_be(tag + 2, m.vlan_tci);
  out.headers_length = static_cast<std::uint16_t>(out.headers_length + kVlanTag);
  if (out.virtio.flags != 0) {
    out.virtio.checksum_start = static_cast<std::uint16_t>(out.virtio.checksum_start + kVlanTag);
    out.virtio.header_bytes = static_cast<std::uint16_t>(out.virtio.header_bytes + kVlanTag);
  }
}

}  // namespace

Result<void> make_virtio_tx(const rte_mbuf& m, VirtioTxFrame& out) noexcept {
  out.virtio = {};
  out.replaced_bytes = out.headers_length = 0;
  if (m.pkt_len < kMinEthernetHeader) return Errc::kInvalid;
  constexpr std::uint64_t kL3AndL4 =
      RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_TX_TCP_SEG;
  if (asks_for(m, kL3AndL4)) {
    ZS_TRY_ASSIGN(const Layout at, layout_of(m));
    out.replaced_bytes = out.headers_length = at.payload;
    const auto headers = std::span{out.headers}.first(at.payload);
    if (!copy_front(m, headers)) return Errc::kInvalid;
    if (asks_for(m, RTE_MBUF_F_TX_IP_CKSUM)) ZS_TRY(fill_ip_checksum(m, at, headers));
    if (at.checksum_offset != 0) {
      out.virtio.flags = VirtioNetHeader::kNeedsChecksum;
      out.virtio.header_bytes = at.payload;
      out.virtio.checksum_start = at.l4;
      out.virtio.checksum_offset = at.checksum_offset;
    }
    if (asks_for(m, RTE_MBUF_F_TX_TCP_SEG)) {
      ZS_TRY(request_segmentation(m, at, headers, out.virtio));
    }
  }
  if (asks_for(m, RTE_MBUF_F_TX_VLAN)) {
    if (out.headers_length == 0) {
      out.replaced_bytes = out.headers_length = kMinEthernetHeader;
      if (!copy_front(m, std::span{out.headers}.first(kMinEthernetHeader))) return Errc::kInvalid;
    }
    insert_vlan_tag(m, out);
  }
  return {};
}

Result<void> apply_virtio_rx(const VirtioNetHeader& h, rte_mbuf& m) noexcept {
  if (m.pkt_len < kMinEthernetHeader) return Errc::kInvalid;
  if ((h.flags & VirtioNetHeader::kNeedsChecksum) != 0) {
    const std::uint32_t end = std::uint32_t{h.checksum_start} + h.checksum_offset + 2;
    if (h.checksum_start < kMinEthernetHeader || end > m.pkt_len) return Errc::kInvalid;
    // Other offsets are checksums of protocols that we don't speak, or of a tunnel's inside: of
    // the field that the stack looks at nothing is known then.
    if (h.checksum_offset == kTcpChecksumOffset || h.checksum_offset == kUdpChecksumOffset) {
      m.ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
    }
  } else if ((h.flags & VirtioNetHeader::kDataValid) != 0) {
    m.ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_GOOD;
  }
  const auto gso_type = static_cast<std::uint8_t>(h.gso_type & ~VirtioNetHeader::kGsoEcn);
  if (gso_type == VirtioNetHeader::kGsoNone) return {};
  if (gso_type != VirtioNetHeader::kGsoTcpV4 && gso_type != VirtioNetHeader::kGsoTcpV6) {
    return Errc::kInvalid;
  }
  if (h.gso_size == 0) return Errc::kInvalid;
  m.ol_flags |= RTE_MBUF_F_RX_LRO;
  m.tso_segsz = h.gso_size;
  return {};
}

}  // namespace zs::dev
