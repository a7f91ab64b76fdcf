#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "buf/mbuf.hpp"
#include "buf/pool.hpp"
#include "stack/shard.hpp"
#include "tcp/engine.hpp"
#include "udp/table.hpp"
#include "wire/arp.hpp"
#include "wire/checksum.hpp"
#include "wire/ethernet.hpp"
#include "wire/icmp.hpp"
#include "wire/icmpv6.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/nd.hpp"
#include "wire/tcp.hpp"
#include "wire/udp.hpp"

namespace zs::stack::test {

using namespace std::chrono_literals;
using Bytes = std::vector<std::byte>;

inline const MacAddress kOurMac{{std::byte{2}, {}, {}, {}, {}, std::byte{1}}};
inline const MacAddress kPeerMac{{std::byte{2}, {}, {}, {}, {}, std::byte{2}}};
inline const IpAddress kOurs = IpAddress::v4(10, 0, 0, 1);
inline const IpAddress kPeer = IpAddress::v4(10, 0, 0, 2);
inline const IpAddress kOurs6 = *IpAddress::parse("2001:db8::1");
inline const IpAddress kPeer6 = *IpAddress::parse("2001:db8::2");

inline Bytes text(std::string_view s) {
  Bytes b(s.size());
  for (std::size_t i = 0; i < s.size(); ++i) b[i] = static_cast<std::byte>(s[i]);
  return b;
}

/// One shard on one link, with a peer whose frames the test writes by hand.
class World {
 public:
  explicit World(ShardConfig config = default_config())
      : data(*buf::Pool::create({.name = "data", .count = 4'096, .data_room = 2'048})),
        indirect(*buf::Pool::create({.name = "indirect", .count = 1'024, .data_room = 0})) {
    std::string why;
    auto made = Shard::create(config, pools(), now, &why);
    if (made) shard = std::move(*made);
  }
  ~World() {
    drain();
    take_events();
  }
  /// What the socket layer would look at.
  void take_events() {
    if (shard == nullptr) return;
    while (shard->tcp().take_changed() != nullptr) {
    }
    while (shard->tcp().take_changed_listener() != nullptr) {
    }
  }

  static ShardConfig default_config() {
    ShardConfig c;
    InterfaceConfig i;
    i.name = "lan";
    i.device.name = "test";
    i.device.mac = kOurMac;
    i.device.mtu = 1'500;
    i.addresses = {*IpPrefix::parse("10.0.0.1/24"), *IpPrefix::parse("2001:db8::1/64")};
    c.interfaces.push_back(i);
    c.tcp.max_connections = 64;
    c.tcp.syn_cache_entries = 64;
    c.tcp.time_wait_entries = 64;
    c.neighbor_entries = 64;
    c.udp_sockets = 16;
    c.address_probes = 0;
    c.secret = {1, 2};
    return c;
  }
  buf::Pools pools() const { return {data.get(), indirect.get()}; }

  /// `split`: bytes in the first segment; 0 for one segment.
  void give(const Bytes& frame, std::uint64_t flags = 0, std::size_t split = 0) {
    auto m = *buf::Mbuf::copy_of(std::span{frame}.first(split == 0 ? frame.size() : split), *data);
    if (split != 0 && split < frame.size()) {
      m.append_chain(*buf::Mbuf::copy_of(std::span{frame}.subspan(split), *data));
    }
    m->ol_flags |= flags;
    rte_mbuf* raw = std::move(m).release();
    shard->on_burst(0, {&raw, 1}, now);
  }
  struct Sent {
    Bytes bytes;
    std::uint64_t flags = 0;
    std::uint16_t tso_segment = 0;
  };
  std::vector<Sent> drain() {
    std::vector<Sent> out;
    std::array<rte_mbuf*, 32> burst{};
    if (shard == nullptr) return out;
    while (const std::size_t n = shard->poll_transmit(0, burst, now)) {
      for (std::size_t i = 0; i < n; ++i) {
        auto m = buf::Mbuf::adopt(burst[i]);
        Bytes b(m.length());
        m.copy_out(0, b);
        const auto segment = static_cast<std::uint16_t>(m->tso_segsz);
        out.push_back({std::move(b), m->ol_flags, segment});
      }
    }
    return out;
  }
  void pass(Duration d) {
    const Instant end = now + d;
    while (shard->next_deadline() <= end) {
      now = std::max(now, shard->next_deadline());
      shard->on_deadline(now);
      for (auto& s : drain()) heard.push_back(std::move(s));
    }
    now = end;
    shard->on_deadline(now);
    for (auto& s : drain()) heard.push_back(std::move(s));
  }
  std::uint64_t drops(Drop d) const { return shard->drops()[d]; }
  /// The peer's MAC becomes known.
  void introduce() {
    give(arp(wire::arp_operation::kRequest, kPeerMac, kPeer, kOurs));
    drain();
  }

  static Bytes ethernet(const MacAddress& dst, std::uint16_t type, const Bytes& payload) {
    Bytes f(14);
    wire::EthernetSpec{.dst = dst, .src = kPeerMac, .ether_type = type}.write(f);
    f.insert(f.end(), payload.begin(), payload.end());
    return f;
  }
  static Bytes arp(std::uint16_t operation, const MacAddress& mac, const IpAddress& sender,
                   const IpAddress& target) {
    Bytes p(wire::ArpSpec::size());
    wire::ArpSpec{.operation = operation,
                  .sender_mac = mac,
                  .sender_ip = sender,
                  .target_mac = {},
                  .target_ip = target}
        .write(p);
    const bool request = operation == wire::arp_operation::kRequest;
    return ethernet(request ? MacAddress::broadcast() : kOurMac, wire::ether_type::kArp, p);
  }
  static Bytes ip(std::uint8_t protocol, const Bytes& l4, const IpAddress& src = kPeer,
                  const IpAddress& dst = kOurs, std::uint8_t hops = 64) {
    Bytes p(src.is_v4() ? 20 : 40);
    if (src.is_v4()) {
      wire::Ipv4Spec{.src = src,
                     .dst = dst,
                     .protocol = protocol,
                     .ttl = hops,
                     .payload_length = l4.size(),
                     .options = {}}
          .write(p);
    } else {
      wire::Ipv6Spec{.src = src,
                     .dst = dst,
                     .next_header = protocol,
                     .hop_limit = hops,
                     .payload_length = l4.size()}
          .write(p);
    }
    p.insert(p.end(), l4.begin(), l4.end());
    const MacAddress mac = dst.is_multicast() ? wire::multicast_mac(dst) : kOurMac;
    return ethernet(mac, src.is_v4() ? wire::ether_type::kIpv4 : wire::ether_type::kIpv6, p);
  }
  static Bytes ping(const Bytes& body, const IpAddress& src = kPeer, const IpAddress& dst = kOurs) {
    Bytes m(8);
    if (src.is_v4()) {
      wire::IcmpSpec::echo(7, 9).write(m);
      m.insert(m.end(), body.begin(), body.end());
      wire::fill_icmp_checksum(m);
      return ip(wire::ip_protocol::kIcmp, m, src, dst);
    }
    wire::Icmpv6Spec::echo(7, 9).write(m);
    m.insert(m.end(), body.begin(), body.end());
    wire::fill_icmpv6_checksum(src, dst, m);
    return ip(wire::ip_protocol::kIcmpv6, m, src, dst);
  }
  static Bytes udp(std::uint16_t to, const Bytes& body, const IpAddress& src = kPeer,
                   const IpAddress& dst = kOurs) {
    Bytes d(8);
    const auto length = static_cast<std::uint16_t>(8 + body.size());
    wire::UdpSpec{.src_port = 5'000, .dst_port = to, .length = length}.write(d);
    d.insert(d.end(), body.begin(), body.end());
    seal(d, 6, wire::ip_protocol::kUdp, src, dst);
    return ip(wire::ip_protocol::kUdp, d, src, dst);
  }
  static Bytes syn(std::uint16_t to, const IpAddress& src = kPeer, const IpAddress& dst = kOurs) {
    wire::TcpHeaderSpec spec;
    spec.src_port = 5'000;
    spec.dst_port = to;
    spec.seq = 100;
    spec.flags = wire::tcp_flag::kSyn;
    spec.window = 65'535;
    spec.options.mss = 1'460;
    Bytes t(spec.size());
    spec.write(t);
    seal(t, 16, wire::ip_protocol::kTcp, src, dst);
    return ip(wire::ip_protocol::kTcp, t, src, dst);
  }
  static Bytes solicitation(const IpAddress& target) {
    const wire::NeighborSolicitationSpec spec{.target = target, .source_link_layer = kPeerMac};
    Bytes m(spec.size());
    spec.write(m);
    const IpAddress group = wire::solicited_node_multicast(target);
    wire::fill_icmpv6_checksum(kPeer6, group, m);
    return ip(wire::ip_protocol::kIcmpv6, m, kPeer6, group, 255);
  }
  static void seal(Bytes& l4, std::size_t at, std::uint8_t protocol, const IpAddress& src,
                   const IpAddress& dst) {
    const auto pseudo =
        wire::pseudo_header_sum(src, dst, protocol, static_cast<std::uint32_t>(l4.size()));
    store_be(&l4[at], wire::checksum_finish(wire::checksum_add(l4, pseudo)));
  }

  Instant now = Instant::from_ns(1'000'000'000);
  std::unique_ptr<buf::Pool> data;
  std::unique_ptr<buf::Pool> indirect;
  std::unique_ptr<Shard> shard;
  std::vector<Sent> heard;
};

inline std::uint16_t ether_type(const Bytes& frame) { return load_be<std::uint16_t>(&frame[12]); }

}  // namespace zs::stack::test
