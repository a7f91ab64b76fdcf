#include "sim/seen_segment.hpp"

#include <algorithm>
#include <array>

#include "base/byte_order.hpp"
#include "buf/mbuf.hpp"
#include "wire/ethernet.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/protocol.hpp"
#include "wire/vlan.hpp"

namespace zs::sim {

namespace {

namespace flag = wire::tcp_flag;

constexpr std::size_t kMostHeaders = 14 + 4 + 60 + 60;
constexpr std::size_t kTypeAt = 12;

/// The first bytes of a frame, contiguous whatever segments they lie in.
struct Front {
  explicit Front(const rte_mbuf& frame) : size(std::min<std::size_t>(kMostHeaders, frame.pkt_len)) {
    buf::copy_out(&frame, 0, std::span{bytes}.first(size));
    if (size < wire::EthernetView::kHeader) return;
    type = load_be<std::uint16_t>(&bytes[kTypeAt]);
    l3 = wire::EthernetView::kHeader;
    if (type == wire::ether_type::kVlan && size >= l3 + wire::VlanView::kTag) {
      type = load_be<std::uint16_t>(&bytes[l3 + 2]);
      l3 += wire::VlanView::kTag;
    }
  }
  std::span<const std::byte> from(std::size_t offset) const {
    return std::span{bytes}.first(size).subspan(std::min(offset, size));
  }

  std::array<std::byte, kMostHeaders> bytes{};
  std::size_t size;
  std::size_t l3 = 0;
  std::uint16_t type = 0;
};

std::string flags_text(std::uint8_t flags) {
  constexpr std::array<std::pair<std::uint8_t, char>, 6> kNames{{{flag::kSyn, 'S'},
                                                                 {flag::kFin, 'F'},
                                                                 {flag::kRst, 'R'},
                                                                 {flag::kPsh, 'P'},
                                                                 {flag::kUrg, 'U'},
                                                                 {flag::kAck, '.'}}};
  std::string text;
  for (const auto& [bit, name] : kNames) {
    if ((flags & bit) != 0) text += name;
  }
  return text.empty() ? "-" : text;
}

std::string options_text(const wire::TcpOptions& o) {
  std::string text;
  if (o.mss) text += " mss " + std::to_string(*o.mss);
  if (o.window_scale) text += " wscale " + std::to_string(*o.window_scale);
  if (o.sack_permitted) text += " sackOK";
  if (o.timestamps) {
    text += " TS " + std::to_string(o.timestamps->value) + '/' + std::to_string(o.timestamps->echo);
  }
  for (const auto& block : o.sack_blocks()) {
    text += " sack " + std::to_string(block.begin) + '-' + std::to_string(block.end);
  }
  return text;
}

}  // namespace

std::optional<SeenSegment> see_segment(const rte_mbuf& frame) {
  const Front front{frame};
  SeenSegment seen;
  std::size_t l4 = 0;
  std::size_t l4_bytes = 0;
  if (front.type == wire::ether_type::kIpv4) {
    const auto ip = wire::Ipv4View::parse_quoted(front.from(front.l3));
    if (!ip || ip->is_fragment() || ip->protocol() != wire::ip_protocol::kTcp) return std::nullopt;
    seen.source.address = ip->src();
    seen.destination.address = ip->dst();
    l4 = front.l3 + ip->header().size();
    if (ip->total_length() < ip->header().size()) return std::nullopt;
    l4_bytes = ip->total_length() - ip->header().size();
  } else if (front.type == wire::ether_type::kIpv6) {
    const auto ip = wire::Ipv6View::parse_quoted(front.from(front.l3));
    if (!ip || ip->next_header() != wire::ip_protocol::kTcp) return std::nullopt;
    seen.source.address = ip->src();
    seen.destination.address = ip->dst();
    l4 = front.l3 + wire::Ipv6View::kHeader;
    l4_bytes = ip->payload_length();
  } else {
    return std::nullopt;
  }
  const auto tcp = wire::TcpView::parse(front.from(l4));
  if (!tcp || l4_bytes < tcp->header_length() || l4 + l4_bytes > frame.pkt_len) return std::nullopt;
  const auto options = wire::parse_tcp_options(tcp->options());
  if (!options) return std::nullopt;
  seen.source.port = tcp->src_port();
  seen.destination.port = tcp->dst_port();
  seen.seq = tcp->seq();
  seen.ack = tcp->ack();
  seen.flags = tcp->flags();
  seen.window = tcp->window();
  seen.options = *options;
  seen.payload_bytes = static_cast<std::uint32_t>(l4_bytes - tcp->header_length());
  seen.payload_offset = static_cast<std::uint32_t>(l4 + tcp->header_length());
  return seen;
}

std::string describe_frame(const rte_mbuf& frame) {
  const auto seen = see_segment(frame);
  if (!seen) {
    return "ether type " + std::to_string(Front{frame}.type) + ", " +
           std::to_string(frame.pkt_len) + " bytes";
  }
  std::string text = seen->source.to_string() + " > " + seen->destination.to_string() + ' ' +
                     flags_text(seen->flags) + ' ' + std::to_string(seen->seq) + ':' +
                     std::to_string(seen->seq + seen->payload_bytes) + '(' +
                     std::to_string(seen->payload_bytes) + ')';
  if (seen->has(flag::kAck)) text += " ack " + std::to_string(seen->ack);
  return text + " win " + std::to_string(seen->window) + options_text(seen->options);
}

}  // namespace zs::sim
