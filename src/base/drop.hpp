#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace zs {

// One line per reason a packet can die. The list generates the enum, the counter and the text that
// `zstack show` prints: no drop is silent and no counter is undocumented.
#define ZS_DROP_REASONS(X)                                                                        \
  X(kEthTruncated, "eth.truncated", "frame shorter than its Ethernet or VLAN header")             \
  X(kEthNotForUs, "eth.not_for_us", "unicast frame for another MAC address")                      \
  X(kEthUnknownType, "eth.unknown_type", "EtherType that the stack does not speak")               \
  X(kVlanUnknown, "vlan.unknown", "VLAN tag that no interface carries")                           \
  X(kArpMalformed, "arp.malformed", "ARP packet truncated or not Ethernet/IPv4")                  \
  X(kArpIgnored, "arp.ignored", "ARP packet that concerns nobody here")                           \
  X(kNeighborQueueFull, "neigh.queue_full", "packet waited for a neighbour and was displaced")    \
  X(kNeighborFailed, "neigh.failed", "neighbour did not answer")                                  \
  X(kNeighborTableFull, "neigh.table_full", "neighbour table full of fresh entries")              \
  X(kIpMalformed, "ip.malformed", "IP header truncated, wrong version or inconsistent length")    \
  X(kIpBadChecksum, "ip.bad_checksum", "IPv4 header checksum mismatch")                           \
  X(kIpBadSource, "ip.bad_source", "source address that cannot be a source")                      \
  X(kIpNotForUs, "ip.not_for_us", "destination is not an address of ours")                        \
  X(kIpSourceRoute, "ip.source_route", "IPv4 source route option (RFC 7126)")                     \
  X(kFragmentMalformed, "frag.malformed", "fragment of impossible length, place or marks")        \
  X(kFragmentOverlap, "frag.overlap", "of a datagram with overlapping fragments (RFC 5722)")      \
  X(kFragmentDuplicate, "frag.duplicate", "fragment that was there already")                      \
  X(kFragmentTooMany, "frag.too_many", "of a datagram in more fragments than are allowed")        \
  X(kFragmentDisplaced, "frag.displaced", "fragment gave way to newer ones: reassembly is full")  \
  X(kFragmentTimeout, "frag.timeout", "the rest of its datagram did not come in time")            \
  X(kIpNoProtocol, "ip.no_protocol", "transport protocol that nobody speaks")                     \
  X(kIpNoRoute, "ip.no_route", "no route to the destination")                                     \
  X(kIpTooBig, "ip.too_big", "packet larger than the route's MTU")                                \
  X(kIcmpMalformed, "icmp.malformed", "ICMP message truncated")                                   \
  X(kIcmpBadChecksum, "icmp.bad_checksum", "ICMP checksum mismatch")                              \
  X(kIcmpIgnored, "icmp.ignored", "ICMP message of no use here")                                  \
  X(kIcmpRateLimited, "icmp.rate_limited", "ICMP reply withheld by the rate limit")               \
  X(kIgmpMalformed, "igmp.malformed", "IGMP message truncated, damaged or from afar")             \
  X(kIgmpIgnored, "igmp.ignored", "IGMP message of no use here")                                  \
  X(kUdpMalformed, "udp.malformed", "UDP length outside the packet")                              \
  X(kUdpBadChecksum, "udp.bad_checksum", "UDP checksum mismatch")                                 \
  X(kUdpNoSocket, "udp.no_socket", "no socket on the port")                                       \
  X(kUdpQueueFull, "udp.queue_full", "datagram socket's receive queue is full")                   \
  X(kTcpMalformed, "tcp.malformed", "TCP data offset or option list outside the segment")         \
  X(kTcpBadChecksum, "tcp.bad_checksum", "TCP checksum mismatch")                                 \
  X(kTcpNoListener, "tcp.no_listener", "no socket for the 4-tuple; answered with RST")            \
  X(kTcpBadFlags, "tcp.bad_flags", "combination of flags that no state accepts")                  \
  X(kTcpOutOfWindow, "tcp.out_of_window", "outside RCV.NXT .. RCV.NXT+RCV.WND")                   \
  X(kTcpPaws, "tcp.paws", "old timestamp (RFC 7323 PAWS)")                                        \
  X(kTcpBadAck, "tcp.bad_ack", "acknowledges what was never sent (RFC 5961)")                     \
  X(kTcpSynFlood, "tcp.syn_cache_full", "SYN displaced another from the full SYN cache")          \
  X(kTcpAcceptQueueFull, "tcp.accept_queue_full", "handshake done but the backlog is full")       \
  X(kTcpTableFull, "tcp.table_full", "connection table full")                                     \
  X(kTcpReceiveQueueFull, "tcp.receive_queue_full", "payload beyond the receive buffer")          \
  X(kTcpAfterClose, "tcp.after_close", "payload for a socket that was closed; answered with RST") \
  X(kTcpReassemblyFull, "tcp.reassembly_full", "out-of-order payload beyond the bound")           \
  X(kNoBuffers, "buf.exhausted", "no mbuf left")                                                  \
  X(kBuffersScarce, "buf.scarce", "payload refused, not acknowledged: buffers run low")           \
  X(kTxQueueFull, "tx.queue_full", "control packet queue full")                                   \
  X(kTxDeviceError, "tx.device_error", "the device refused the packet")

enum class Drop : std::uint8_t {
#define X(id, name, text) id,
  ZS_DROP_REASONS(X)
#undef X
      kCount
};

inline constexpr std::size_t kDropCount = static_cast<std::size_t>(Drop::kCount);

struct DropText {
  std::string_view name;
  std::string_view text;
};
inline constexpr std::array<DropText, kDropCount> kDropTexts{{
#define X(id, name, text) {name, text},
    ZS_DROP_REASONS(X)
#undef X
}};

/// Per shard, single writer: plain increments, read by the control plane as a racy snapshot.
struct DropCounters {
  std::array<std::uint64_t, kDropCount> by_reason{};
  void operator+=(Drop d) { ++by_reason[static_cast<std::size_t>(d)]; }
  std::uint64_t operator[](Drop d) const { return by_reason[static_cast<std::size_t>(d)]; }
  std::uint64_t total() const {
    std::uint64_t sum = 0;
    for (const auto n : by_reason) sum += n;
    return sum;
  }
};

}  // namespace zs
