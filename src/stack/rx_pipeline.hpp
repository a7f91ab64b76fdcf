#pragma once

#include <cstdint>
#include <span>

#include "buf/mbuf.hpp"
#include "stack/arrival.hpp"
#include "stack/core.hpp"
#include "stack/icmp_service.hpp"
#include "stack/multicast_service.hpp"
#include "stack/neighbor_service.hpp"
#include "wire/plain_tcp.hpp"

namespace zs::stack {

/// From a frame to the transport that it is for. Each step either hands on or drops and counts;
/// none looks further than the bytes that it has made contiguous.
class RxPipeline {
 public:
  RxPipeline(Core& core, NeighborService& neighbors, IcmpService& icmp, MulticastService& multicast)
      : core_(core), neighbors_(neighbors), icmp_(icmp), multicast_(multicast) {}

  /// Frames from the interface's device; takes them over.
  void on_burst(std::uint16_t interface, std::span<rte_mbuf* const> frames);
  /// A packet from ourselves; begins at its IP header.
  void on_looped(buf::Mbuf packet);
  /// Drops, and reports to their senders, what did not become whole in time.
  void expire_fragments();

 private:
  /// The short way for most frames. True: `frame` was taken over. False: nothing was done,
  /// on_frame() decides.
  bool take_plain_tcp(const Interface& self, rte_mbuf* frame);
  [[gnu::noinline, gnu::flatten]] bool take_plain_ipv6(const Interface& self, rte_mbuf* frame);
  bool hand_over(const Interface& self, rte_mbuf* frame, const wire::PlainTcp& segment);
  [[gnu::noinline]] void on_frame(std::uint16_t interface, buf::Mbuf frame);
  void on_ip(const Arrival& arrival, buf::Mbuf packet, IpFamily family);
  ip::ParseResult parse(const buf::Mbuf& packet, IpFamily family) const;
  void on_bad_packet(const Arrival& arrival, const buf::Mbuf& packet,
                     const ip::ParseResult& result);
  void on_fragment(const Arrival& arrival, buf::Mbuf packet, const ip::ParseResult& result);
  /// False (counted) when the packet must not go further; else fills in `received.delivery`.
  bool check_addresses(Received& received);
  void dispatch(const Received& received, buf::Mbuf packet);

  // rx_transport.cpp
  void on_tcp(const Received& received, buf::Mbuf packet);
  void on_udp(const Received& received, buf::Mbuf packet);
  bool pull_up(buf::Mbuf& packet, std::size_t bytes);

  Core& core_;
  NeighborService& neighbors_;
  IcmpService& icmp_;
  MulticastService& multicast_;
};

}  // namespace zs::stack
