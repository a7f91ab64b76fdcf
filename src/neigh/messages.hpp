#pragma once

#include "base/address.hpp"
#include "base/result.hpp"
#include "buf/mbuf.hpp"

namespace zs::neigh {

// The packets by which stations find one another, complete from the Ethernet header on. All fail
// with kNoBuffers only.

/// Who asks or answers.
struct Station {
  MacAddress mac;
  IpAddress address;
};

/// ARP request or neighbour solicitation for `target`: to everybody, or to `unicast` as the probe
/// of a known neighbour (RFC 1122 §2.3.2.1, RFC 4861 §7.3.3).
Result<buf::Mbuf> make_solicitation(buf::Pool& pool, const Station& self, const IpAddress& target,
                                    const MacAddress* unicast);

/// Asks whether `address` is somebody else's without claiming it: ARP probe (RFC 5227 §2.1.1) or
/// solicitation from the unspecified address (RFC 4862 §5.4.2).
Result<buf::Mbuf> make_probe(buf::Pool& pool, const Station& self);

/// Tells everybody: ARP announcement, which is a request (RFC 5227 §2.3 and §3), or unsolicited
/// advertisement to all nodes (RFC 4861 §7.2.6).
Result<buf::Mbuf> make_announcement(buf::Pool& pool, const Station& self);

/// Answers an ARP request of `asker`.
Result<buf::Mbuf> make_arp_reply(buf::Pool& pool, const Station& self, const Station& asker);

/// Answers a neighbour solicitation of `asker`; to all nodes when that has no address yet
/// (RFC 4861 §7.2.4).
Result<buf::Mbuf> make_advertisement(buf::Pool& pool, const Station& self, const Station& asker);

/// Asks the routers of the link to say what they are (RFC 4861 §4.1). `self` may have no address
/// yet.
Result<buf::Mbuf> make_router_solicitation(buf::Pool& pool, const Station& self);

}  // namespace zs::neigh
