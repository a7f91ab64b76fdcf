#pragma once

#include <gtest/gtest.h>

#include <optional>

#include "unit/stack/world.hpp"

namespace zs::stack::test {

/// The network and transport layer of a frame that the shard sent.
struct SentTcp {
  wire::TcpView tcp;
  IpAddress dst;
  std::size_t payload = 0;
};
inline std::optional<SentTcp> sent_tcp(const Bytes& frame) {
  const auto l3 = std::span{frame}.subspan(14);
  if (ether_type(frame) == wire::ether_type::kIpv6) {
    const auto ip = wire::Ipv6View::parse(l3);
    const auto tcp = ip ? wire::TcpView::parse(ip->payload()) : std::nullopt;
    if (!tcp || ip->next_header() != wire::ip_protocol::kTcp) return std::nullopt;
    return SentTcp{*tcp, ip->dst(), ip->payload().size() - tcp->header_length()};
  }
  const auto ip = wire::Ipv4View::parse(l3);
  const auto tcp = ip ? wire::TcpView::parse(ip->payload()) : std::nullopt;
  if (!tcp || ip->protocol() != wire::ip_protocol::kTcp) return std::nullopt;
  return SentTcp{*tcp, ip->dst(), ip->payload().size() - tcp->header_length()};
}

/// The peer's end of one connection, written by hand.
class TcpPeer {
 public:
  explicit TcpPeer(World& world, IpAddress peer = kPeer, IpAddress ours = kOurs)
      : w_(world), peer_(peer), ours_(ours) {}

  /// Lets the shard connect to port 80 of the peer and answers. nullptr if no SYN came.
  tcp::Connection* accept_connect() {
    tcp::Connection* const c = start_connect();
    if (c == nullptr) return nullptr;
    w_.give(segment(wire::tcp_flag::kSyn | wire::tcp_flag::kAck, {}, 1'460));
    ++seq;
    w_.drain();
    return c;
  }
  tcp::Connection* start_connect() {
    auto& tcp = w_.shard->tcp();
    const auto c = tcp.connect({ours_, 0}, {peer_, 80}, 1'500,
                               tcp::ConnectionOptions::from(tcp.config()), w_.now);
    if (!c) return nullptr;
    port = (*c)->flow().local.port;
    for (World::Sent& s : w_.drain()) {
      if (const auto t = sent_tcp(s.bytes)) {
        ack = t->tcp.seq() + 1;
        syn = std::move(s.bytes);
      }
    }
    return *c;
  }
  /// A frame to the connection.
  Bytes segment(std::uint8_t flags, const Bytes& payload = {}, std::uint16_t mss = 0) {
    wire::TcpHeaderSpec spec;
    spec.src_port = 80;
    spec.dst_port = port;
    spec.seq = seq;
    spec.ack = ack;
    spec.flags = flags;
    spec.window = 65'535;
    if (mss != 0) spec.options.mss = mss;
    Bytes t(spec.size());
    spec.write(t);
    t.insert(t.end(), payload.begin(), payload.end());
    World::seal(t, 16, wire::ip_protocol::kTcp, peer_, ours_);
    return World::ip(wire::ip_protocol::kTcp, t, peer_, ours_);
  }
  /// An ICMP error of either version about `frame`, which the shard sent.
  template <typename Spec>
  Bytes error(const Spec& spec, const Bytes& frame) {
    Bytes m(8);
    spec.write(m);
    const std::size_t quote = std::min<std::size_t>(frame.size() - 14, 512);
    m.insert(m.end(), frame.begin() + 14, frame.begin() + 14 + static_cast<long>(quote));
    if (peer_.is_v4()) {
      wire::fill_icmp_checksum(m);
      return World::ip(wire::ip_protocol::kIcmp, m, peer_, ours_);
    }
    wire::fill_icmpv6_checksum(peer_, ours_, m);
    return World::ip(wire::ip_protocol::kIcmpv6, m, peer_, ours_);
  }

  std::uint16_t port = 0;
  std::uint32_t seq = 5'000;  ///< the next that the peer sends
  std::uint32_t ack = 0;
  Bytes syn;  ///< the shard's, as a frame

 private:
  World& w_;
  IpAddress peer_;
  IpAddress ours_;
};

}  // namespace zs::stack::test
