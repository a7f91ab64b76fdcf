#pragma once

#include "buf/mbuf.hpp"
#include "stack/arrival.hpp"
#include "stack/core.hpp"
#include "stack/egress.hpp"
#include "stack/multicast_service.hpp"
#include "stack/neighbor_service.hpp"
#include "stack/router_service.hpp"

namespace zs::stack {

/// ICMP and ICMPv6 of the shard: answers pings, tells transports what went wrong elsewhere, and
/// tells others what went wrong here.
class IcmpService {
 public:
  IcmpService(Core& core, Egress& egress, NeighborService& neighbors, RouterService& routers,
              MulticastService& multicast)
      : core_(core),
        egress_(egress),
        neighbors_(neighbors),
        routers_(routers),
        multicast_(multicast) {}

  /// A message of either version; `packet` begins at its IP header.
  void on_message(const Received& received, buf::Mbuf packet);
  /// Answers `packet` with an error where that is allowed and within the rate limit.
  void send_error(const Received& received, const buf::Mbuf& packet, ip::ErrorKind kind,
                  const ip::ParameterProblem& problem = {});
  /// Hands a failure to the transport whose packet it was.
  void report(const ip::ErrorReport& report);
  /// Reports the packets that the neighbour cache gave up.
  void report_undeliverable();

 private:
  void on_discovery(const Received& received, std::span<const std::byte> message);
  void on_echo(const Received& received, buf::Mbuf packet);
  void on_error(const Received& received, std::span<const std::byte> message);

  Core& core_;
  Egress& egress_;
  NeighborService& neighbors_;
  RouterService& routers_;
  MulticastService& multicast_;
};

}  // namespace zs::stack
