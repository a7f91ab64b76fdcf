#include "sim/hand_peer.hpp"

#include "wire/ethernet.hpp"
#include "wire/ipv4.hpp"
#include "wire/protocol.hpp"
#include "wire/tcp.hpp"

namespace zs::sim {

namespace flag = wire::tcp_flag;

Forger::Frame HandPeer::segment(std::uint8_t flags, std::uint32_t seq,
                                std::span<const std::byte> bytes) const {
  wire::TcpHeaderSpec header;
  header.seq = seq;
  header.flags = flags;
  header.window = 60'000;
  if ((flags & flag::kAck) != 0) header.ack = rcv_nxt_;
  if ((flags & flag::kSyn) != 0) header.options.mss = 1'460;
  return forger_.segment(self_, host_, header, bytes);
}

Forger::Frame HandPeer::syn() const { return segment(flag::kSyn, isn_, {}); }
Forger::Frame HandPeer::reset() const { return segment(flag::kRst, snd_nxt_, {}); }

Forger::Frame HandPeer::data(std::span<const std::byte> bytes) {
  const std::uint32_t seq = snd_nxt_;
  snd_nxt_ += static_cast<std::uint32_t>(bytes.size());
  return segment(flag::kAck | flag::kPsh, seq, bytes);
}

Forger::Frame HandPeer::data_ahead(std::uint32_t ahead, std::span<const std::byte> bytes) const {
  return segment(flag::kAck | flag::kPsh, snd_nxt_ + ahead, bytes);
}

std::optional<Forger::Frame> HandPeer::hear(std::span<const std::byte> frame) {
  const auto ethernet = wire::EthernetView::parse(frame);
  if (!ethernet || ethernet->ether_type() != wire::ether_type::kIpv4) return std::nullopt;
  const auto ip = wire::Ipv4View::parse(frame.subspan(wire::EthernetView::kHeader));
  if (!ip || ip->protocol() != wire::ip_protocol::kTcp || ip->dst() != self_.address) {
    return std::nullopt;
  }
  const auto tcp = wire::TcpView::parse(ip->payload());
  if (!tcp || tcp->dst_port() != self_.port || tcp->src_port() != host_.port) return std::nullopt;
  if ((tcp->flags() & flag::kRst) != 0) {
    is_broken_ = true;
    return std::nullopt;
  }
  if ((tcp->flags() & flag::kSyn) != 0) {
    if (tcp->ack() != isn_ + 1) return std::nullopt;
    rcv_nxt_ = tcp->seq() + 1;
    is_open_ = true;
    return segment(flag::kAck, snd_nxt_, {});
  }
  const auto bytes = static_cast<std::uint32_t>(ip->payload().size() - tcp->header_length());
  if (bytes == 0 || tcp->seq() != rcv_nxt_) return std::nullopt;
  rcv_nxt_ += bytes;
  heard_bytes_ += bytes;
  return segment(flag::kAck, snd_nxt_, {});
}

}  // namespace zs::sim
