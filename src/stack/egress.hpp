#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/byte_order.hpp"
#include "buf/mbuf.hpp"
#include "ip/flow_label.hpp"
#include "ip/output.hpp"
#include "stack/core.hpp"
#include "tcp/segment.hpp"
#include "udp/table.hpp"

namespace zs::stack {

/// A whole frame and the interface whose device takes it.
struct Frame {
  std::uint16_t interface = 0;
  buf::Mbuf packet;
};

/// From a transport's packet to a frame: route, IP header, neighbour, Ethernet header.
///
/// Each call answers with the frame, or with nothing when the packet went elsewhere: it waits for
/// its neighbour, goes round to ourselves, or was dropped and counted.
class Egress {
 public:
  explicit Egress(Core& core) : core_(core) {}

  /// Frames for the interface from connections in their stride, as long as those are next in turn:
  /// nearly all packets leave here. Returns how many.
  std::size_t pull_steady(std::uint16_t interface, std::span<rte_mbuf*> out);
  /// Makes a frame of `out.packet` where it is. False: it went elsewhere. (Every data packet passes
  /// here, and a packet costs less where it stays.)
  [[nodiscard]] bool frame(tcp::OutPacket& out, std::uint16_t& interface);
  [[gnu::noinline]] std::optional<Frame> frame(udp::OutPacket&& out);
  /// A transport packet whose checksum is done (ICMP); by way of the ready queue.
  void send(buf::Mbuf transport, ip::HeaderSpec spec);

 private:
  /// What a hint's interface says when packets to the address never leave the host.
  static constexpr std::uint16_t kLoopback = UINT16_MAX;

  /// How a datagram goes to a group, as its sender chose.
  struct GroupManner {
    bool loops = false;
    std::optional<std::uint16_t> interface;
  };

  /// Datagrams and ICMP: they may go to a group, and keep no hint.
  std::optional<Frame> transmit_datagram(buf::Mbuf transport, const ip::HeaderSpec& spec,
                                         const GroupManner& manner);
  /// A datagram longer than the path carries. `group`: where its frames go if it is for many.
  void transmit_in_fragments(buf::Mbuf transport, const ip::HeaderSpec& spec, const NextHop& hop,
                             const std::optional<MacAddress>& group, bool loops);
  /// What IPv6 headers say beside addresses. `ports`: source's, destination's.
  void label(ip::HeaderSpec& spec, std::uint32_t ports) const {
    spec.hop_limit = core_.ipv6_hop_limit;
    spec.flow_label = ip::flow_label(core_.flow_label_key, spec.src, spec.dst, ports);
  }
  ip::HeaderSpec spec_of(const FlowKey& flow) const;
  /// Makes a frame of what poll_steady() has given: all that the descriptor says, and the headers
  /// in front of TCP's.
  void write_headers(const tcp::SteadyPacket& packet, const FlowKey& flow, const MacAddress& dst,
                     const MacAddress& src);
  /// The same, of one family: asked once, it costs less than at each place.
  template <IpFamily kFamily>
  void write_headers_of(const tcp::SteadyPacket& packet, const FlowKey& flow, const MacAddress& dst,
                        const MacAddress& src);
  /// Fills in the hint. False: no route, or no place for the neighbour (counted).
  [[gnu::noinline]] bool resolve(const IpAddress& remote, EgressHint& hint);
  /// Makes a frame of the packet where it is. False: it went elsewhere.
  bool transmit(buf::Mbuf& packet, const ip::HeaderSpec& spec, EgressHint hint);
  /// The packet waits for the neighbour's address.
  [[gnu::noinline]] void wait_for_neighbor(buf::Mbuf packet, const ip::HeaderSpec& spec,
                                           EgressHint hint);
  [[gnu::noinline]] void loop_back(buf::Mbuf transport, const ip::HeaderSpec& spec);
  /// A copy by reference of a packet, which begins at its IP header, goes round to ourselves.
  void push_looped(const buf::Mbuf& packet);

  Core& core_;
};

/// Puts the Ethernet header in front of an IP packet. False without the headroom.
[[nodiscard]] bool prepend_ethernet(buf::Mbuf& packet, const MacAddress& dst, const MacAddress& src,
                                    IpFamily family);

}  // namespace zs::stack
