#include "dev/frame_layout.hpp"

#include <algorithm>
#include <array>
#include <span>

#include "buf/mbuf.hpp"
#include "wire/ethernet.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/protocol.hpp"
#include "wire/tcp.hpp"
#include "wire/vlan.hpp"

namespace zs::dev {
namespace {

constexpr std::uint16_t kUdpHeader = 8;

/// IEEE 802.1ad stacks two tags; nobody stacks more.
constexpr int kMaxTags = 2;

struct L3Start {
  std::uint16_t offset = 0;
  std::uint16_t ether_type = 0;
};

std::optional<L3Start> skip_link_headers(std::span<const std::byte> bytes) noexcept {
  const auto ethernet = wire::EthernetView::parse(bytes);
  if (!ethernet) return std::nullopt;
  L3Start at{wire::EthernetView::kHeader, ethernet->ether_type()};
  for (int tags = 0; tags < kMaxTags && (at.ether_type == wire::ether_type::kVlan ||
                                         at.ether_type == wire::ether_type::kServiceVlan);
       ++tags) {
    const auto vlan = wire::VlanView::parse(bytes.subspan(at.offset));
    if (!vlan) return std::nullopt;
    at = {static_cast<std::uint16_t>(at.offset + wire::VlanView::kTag), vlan->ether_type()};
  }
  return at;
}

bool locate_ipv4(std::span<const std::byte> bytes, FrameLayout& at) noexcept {
  const auto ip = wire::Ipv4View::parse_quoted(bytes.subspan(at.l3));
  if (!ip) return false;
  at.family = IpFamily::kV4;
  at.protocol = ip->protocol();
  at.is_fragment = ip->is_fragment();
  at.l4 = static_cast<std::uint16_t>(at.l3 + ip->header_length());
  at.end = std::uint32_t{at.l3} + ip->total_length();
  return true;
}

bool locate_ipv6(std::span<const std::byte> bytes, FrameLayout& at) noexcept {
  const auto ip = wire::Ipv6View::parse_quoted(bytes.subspan(at.l3));
  if (!ip) return false;
  const auto upper = wire::walk_ipv6_extensions(ip->next_header(), ip->payload());
  at.is_fragment = upper.end == wire::Ipv6WalkEnd::kFragment;
  if (upper.end != wire::Ipv6WalkEnd::kUpperLayer && !at.is_fragment) return false;
  at.family = IpFamily::kV6;
  at.protocol = upper.protocol;
  at.l4 = static_cast<std::uint16_t>(at.l3 + wire::Ipv6View::kHeader + upper.offset);
  at.end = static_cast<std::uint32_t>(at.l3 + wire::Ipv6View::kHeader + ip->payload_length());
  return true;
}

bool locate_payload(std::span<const std::byte> bytes, FrameLayout& at) noexcept {
  at.payload = at.l4;
  if (at.is_fragment || at.l4 > bytes.size()) return at.is_fragment;
  if (at.protocol == wire::ip_protocol::kTcp) {
    const auto tcp = wire::TcpView::parse(bytes.subspan(at.l4));
    if (!tcp) return false;
    at.payload = static_cast<std::uint16_t>(at.l4 + tcp->header_length());
  } else if (at.protocol == wire::ip_protocol::kUdp) {
    at.payload = static_cast<std::uint16_t>(at.l4 + kUdpHeader);
  }
  return true;
}

}  // namespace

std::optional<FrameLayout> layout_of_tx(const rte_mbuf& frame) noexcept {
  FrameLayout at;
  const std::uint64_t l4_request = frame.ol_flags & RTE_MBUF_F_TX_L4_MASK;
  std::uint32_t l4_header = 0;
  if (asks_for(frame, RTE_MBUF_F_TX_TCP_SEG) || l4_request == RTE_MBUF_F_TX_TCP_CKSUM) {
    at.protocol = wire::ip_protocol::kTcp;
    l4_header = frame.l4_len == 0 ? wire::TcpView::kMinHeader : frame.l4_len;
    if (l4_header < wire::TcpView::kMinHeader) return std::nullopt;
  } else if (l4_request == RTE_MBUF_F_TX_UDP_CKSUM) {
    at.protocol = wire::ip_protocol::kUdp;
    l4_header = kUdpHeader;
  } else if (!asks_for(frame, RTE_MBUF_F_TX_IP_CKSUM)) {
    return std::nullopt;
  }
  const bool is_v6 = asks_for(frame, RTE_MBUF_F_TX_IPV6);
  at.family = is_v6 ? IpFamily::kV6 : IpFamily::kV4;
  const std::uint32_t l3_minimum = is_v6 ? wire::Ipv6View::kHeader : wire::Ipv4View::kMinHeader;
  const std::uint32_t payload = frame.l2_len + frame.l3_len + l4_header;
  if (frame.l2_len < wire::EthernetView::kHeader || frame.l3_len < l3_minimum ||
      payload > kMaxHeaderBytes || payload > frame.pkt_len) {
    return std::nullopt;
  }
  at.l3 = frame.l2_len;
  at.l4 = static_cast<std::uint16_t>(frame.l2_len + frame.l3_len);
  at.payload = static_cast<std::uint16_t>(payload);
  at.end = frame.pkt_len;
  return at;
}

std::optional<FrameLayout> parse_layout(const rte_mbuf& frame) noexcept {
  std::array<std::byte, kMaxHeaderBytes> copied;  // not initialised: filled when it is needed
  std::span<const std::byte> bytes = buf::bytes(&frame);
  const auto wanted = std::min<std::uint32_t>(kMaxHeaderBytes, frame.pkt_len);
  if (bytes.size() < wanted) {
    buf::copy_out(&frame, 0, std::span{copied}.first(wanted));
    bytes = std::span{copied}.first(wanted);
  }
  bytes = bytes.first(wanted);
  const auto start = skip_link_headers(bytes);
  if (!start) return std::nullopt;
  FrameLayout at;
  at.l3 = start->offset;
  const bool is_ip = start->ether_type == wire::ether_type::kIpv4   ? locate_ipv4(bytes, at)
                     : start->ether_type == wire::ether_type::kIpv6 ? locate_ipv6(bytes, at)
                                                                    : false;
  if (!is_ip || !locate_payload(bytes, at)) return std::nullopt;
  if (at.payload > at.end || at.payload > wanted || at.end > frame.pkt_len) return std::nullopt;
  return at;
}

}  // namespace zs::dev
