#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "base/byte_order.hpp"
#include "buf/mbuf.hpp"
#include "dev/queue.hpp"
#include "wire/checksum.hpp"
#include "wire/ethernet.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/protocol.hpp"
#include "wire/tcp.hpp"

namespace zs::dev::test {

using Bytes = std::vector<std::byte>;

inline Bytes pattern(std::size_t n, std::size_t seed = 1) {
  Bytes b(n);
  for (std::size_t i = 0; i < n; ++i) b[i] = static_cast<std::byte>(seed * 31 + i * 7 + (i >> 8));
  return b;
}

inline Bytes bytes_of(const rte_mbuf* m) {
  Bytes b(m->pkt_len);
  buf::copy_out(m, 0, b);
  return b;
}

struct TcpFrame {
  IpFamily family = IpFamily::kV4;
  std::uint32_t seq = 1000;
  std::uint8_t flags = wire::tcp_flag::kAck;
  std::uint16_t identification = 7;
  std::size_t payload = 100;
  std::uint16_t segment_bytes = 0;  ///< not 0: asks for segmentation
};

/// A frame as the stack hands it to a device: every offload asked for, headers with timestamps in
/// the headroom of the first payload buffer.
inline buf::Mbuf make_tcp_frame(const TcpFrame& f, buf::Pool& pool) {
  buf::Mbuf m = *buf::Mbuf::copy_of(pattern(f.payload), pool);
  const bool is_v4 = f.family == IpFamily::kV4;
  wire::TcpHeaderSpec tcp{.src_port = 1234,
                          .dst_port = 80,
                          .seq = f.seq,
                          .ack = 5,
                          .flags = f.flags,
                          .window = 500,
                          .options = {}};
  tcp.options.timestamps = wire::TcpTimestamps{11, 22};
  const auto l4_len = static_cast<std::uint16_t>(tcp.size());
  const std::size_t l4_bytes = l4_len + f.payload;
  const IpAddress src = is_v4 ? IpAddress::v4(10, 0, 0, 1) : *IpAddress::parse("2001:db8::1");
  const IpAddress dst = is_v4 ? IpAddress::v4(10, 0, 0, 2) : *IpAddress::parse("2001:db8::2");
  const auto length = static_cast<std::uint32_t>(f.segment_bytes == 0 ? l4_bytes : 0);
  tcp.checksum =
      wire::checksum_fold(wire::pseudo_header_sum(src, dst, wire::ip_protocol::kTcp, length));
  tcp.write(*m.prepend(l4_len));
  if (is_v4) {
    wire::Ipv4Spec ip{.src = src,
                      .dst = dst,
                      .protocol = wire::ip_protocol::kTcp,
                      .identification = f.identification,
                      .dont_fragment = true,
                      .payload_length = l4_bytes,
                      .options = {}};
    const auto out = *m.prepend(20);
    ip.write(out);
    store_be(&out[10], std::uint16_t{0});
  } else {
    wire::Ipv6Spec{
        .src = src, .dst = dst, .next_header = wire::ip_protocol::kTcp, .payload_length = l4_bytes}
        .write(*m.prepend(40));
  }
  wire::EthernetSpec{.dst = MacAddress::broadcast(),
                     .src = {},
                     .ether_type = is_v4 ? wire::ether_type::kIpv4 : wire::ether_type::kIpv6}
      .write(*m.prepend(14));
  m->l2_len = 14;
  m->l3_len = is_v4 ? 20 : 40;
  m->l4_len = l4_len & 0xff;
  m->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM;
  m->ol_flags |= is_v4 ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM : RTE_MBUF_F_TX_IPV6;
  if (f.segment_bytes != 0) {
    m->ol_flags |= RTE_MBUF_F_TX_TCP_SEG;
    m->tso_segsz = f.segment_bytes;
  }
  return m;
}

/// What a receiver reads from the bytes of a frame.
struct Decoded {
  bool ip_checksum_ok = false;
  bool l4_checksum_ok = false;
  std::uint16_t identification = 0;
  std::uint32_t seq = 0;
  std::uint8_t flags = 0;
  std::optional<wire::TcpTimestamps> timestamps;
  Bytes payload;
};

inline std::optional<Decoded> decode(const rte_mbuf* m) {
  const Bytes frame = bytes_of(m);
  const auto ethernet = wire::EthernetView::parse(frame);
  if (!ethernet) return std::nullopt;
  Decoded d;
  std::span<const std::byte> l4;
  IpAddress src, dst;
  if (ethernet->ether_type() == wire::ether_type::kIpv4) {
    const auto ip = wire::Ipv4View::parse(ethernet->payload());
    if (!ip) return std::nullopt;
    d.ip_checksum_ok = ip->is_checksum_ok();
    d.identification = ip->identification();
    l4 = ip->payload();
    src = ip->src();
    dst = ip->dst();
  } else {
    const auto ip = wire::Ipv6View::parse(ethernet->payload());
    if (!ip) return std::nullopt;
    d.ip_checksum_ok = true;
    l4 = ip->payload();
    src = ip->src();
    dst = ip->dst();
  }
  const auto tcp = wire::TcpView::parse(l4);
  if (!tcp) return std::nullopt;
  const auto pseudo = wire::pseudo_header_sum(src, dst, wire::ip_protocol::kTcp,
                                              static_cast<std::uint32_t>(l4.size()));
  d.l4_checksum_ok = wire::checksum_finish(wire::checksum_add(l4, pseudo)) == 0;
  d.seq = tcp->seq();
  d.flags = tcp->flags();
  if (const auto options = wire::parse_tcp_options(tcp->options())) {
    d.timestamps = options->timestamps;
  }
  const auto payload = l4.subspan(tcp->header_length());
  d.payload.assign(payload.begin(), payload.end());
  return d;
}

/// A device whose appetite a test controls, and that remembers what it was given.
class FakeQueue final : public PacketQueue {
 public:
  explicit FakeQueue(Offload offloads, std::uint16_t max_segments = 1) {
    capabilities_.name = "fake";
    capabilities_.offloads = offloads;
    capabilities_.max_tx_segments = max_segments;
    if (has(offloads, Offload::kTso)) capabilities_.max_tso_bytes = 65'535;
  }
  const Capabilities& capabilities() const noexcept override { return capabilities_; }
  std::size_t rx_burst(std::span<rte_mbuf*> out) noexcept override {
    std::size_t n = 0;
    for (; n < out.size() && !to_receive.empty(); ++n) {
      out[n] = std::move(to_receive.front()).release();
      to_receive.pop_front();
    }
    return n;
  }
  std::size_t tx_burst(std::span<rte_mbuf* const> packets) noexcept override {
    std::size_t n = 0;
    for (; n < packets.size() && room > 0; ++n, --room) {
      sent.push_back(buf::Mbuf::adopt(packets[n]));
    }
    return n;
  }
  QueueStats stats() const noexcept override { return {}; }

  std::size_t room = SIZE_MAX;
  std::vector<buf::Mbuf> sent;
  std::deque<buf::Mbuf> to_receive;

 private:
  Capabilities capabilities_;
};

/// Sends one packet; true if it was accepted. Frees it if not.
inline bool send(PacketQueue& queue, buf::Mbuf packet) {
  rte_mbuf* const raw = std::move(packet).release();
  if (queue.tx_burst({&raw, 1}) == 1) return true;
  buf::free_chain(raw);
  return false;
}

inline std::vector<buf::Mbuf> receive_all(PacketQueue& queue) {
  std::vector<buf::Mbuf> all;
  std::array<rte_mbuf*, 16> burst{};
  while (const std::size_t n = queue.rx_burst(burst)) {
    for (std::size_t i = 0; i < n; ++i) all.push_back(buf::Mbuf::adopt(burst[i]));
  }
  return all;
}

/// The payload of a run of frames that follow one another; empty if one does not, or is damaged.
inline Bytes joined(std::span<const buf::Mbuf> frames, std::uint32_t seq) {
  Bytes all;
  for (const auto& frame : frames) {
    const auto d = decode(frame.get());
    if (!d || !d->ip_checksum_ok || !d->l4_checksum_ok || d->seq != seq + all.size()) return {};
    all.insert(all.end(), d->payload.begin(), d->payload.end());
  }
  return all;
}

}  // namespace zs::dev::test
