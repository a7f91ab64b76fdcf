#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

#include "base/address.hpp"

struct rte_mbuf;

namespace zs::dev {

enum class Offload : std::uint32_t {
  kNone = 0,
  kRxIpChecksum = 1,
  kRxL4Checksum = 2,
  kTxIpChecksum = 4,
  kTxL4Checksum = 8,
  kTso = 16,           ///< cuts RTE_MBUF_F_TX_TCP_SEG packets
  kLro = 32,           ///< may hand over TCP packets larger than the MTU
  kMultiSegment = 64,  ///< accepts and delivers mbuf chains
  kVlan = 128,         ///< strips and inserts tags
  kRss = 256,          ///< spreads flows over its queues by a hash; without it the shards relay
};
constexpr Offload operator|(Offload a, Offload b) {
  return static_cast<Offload>(static_cast<std::uint32_t>(a) | static_cast<std::uint32_t>(b));
}
constexpr Offload operator&(Offload a, Offload b) {
  return static_cast<Offload>(static_cast<std::uint32_t>(a) & static_cast<std::uint32_t>(b));
}
constexpr Offload operator~(Offload a) {
  return static_cast<Offload>(~static_cast<std::uint32_t>(a));
}
constexpr bool has(Offload set, Offload bit) { return (set & bit) == bit; }
constexpr bool overlaps(Offload a, Offload b) { return (a & b) != Offload::kNone; }

/// What the stack may rely on. Filled when the device is opened, immutable afterwards.
struct Capabilities {
  std::string name;  ///< as the user knows it: "tap:zs0", "pci:0000:00:05.0"
  MacAddress mac;
  std::uint16_t mtu = 1500;           ///< IP MTU, not frame length
  std::uint32_t max_tso_bytes = 0;    ///< largest frame the device cuts; 0: no TSO
  std::uint16_t max_tx_segments = 1;  ///< mbufs a frame
  Offload offloads = Offload::kNone;
};

/// How a queue wakes whoever sleeps on its wake_fd().
enum class Wake : std::uint8_t {
  kNever,         ///< not at all, or not now: it must be polled
  kWhilePackets,  ///< readable for as long as packets wait
  kOnArrival,     ///< signalled by what arrives from arm_wake() on
};

struct QueueStats {
  std::uint64_t rx_packets = 0, rx_bytes = 0, rx_errors = 0, rx_no_buffers = 0;
  std::uint64_t tx_packets = 0, tx_bytes = 0, tx_errors = 0;
};

/// One queue pair of one device, used by one shard (one thread).
///
/// Receive contract (DPDK's): packets begin at the Ethernet header; ol_flags say what is known of
/// checksums (RTE_MBUF_F_RX_{IP,L4}_CKSUM_*; L4_CKSUM_NONE means "good, but the field is not filled
/// in"); a coalesced packet carries RTE_MBUF_F_RX_LRO and tso_segsz.
///
/// Transmit contract (DPDK's): l2_len, l3_len, l4_len are set; RTE_MBUF_F_TX_{IPV4,IPV6},
/// RTE_MBUF_F_TX_IP_CKSUM, RTE_MBUF_F_TX_{TCP,UDP}_CKSUM and RTE_MBUF_F_TX_TCP_SEG with tso_segsz
/// (payload bytes a segment) ask for offloads; the L4 checksum field then holds the pseudo-header
/// sum, without the length if TCP_SEG is set (as rte_ipv4_phdr_cksum() computes it), and the IPv4
/// checksum field is 0. The stack asks for everything; `OffloadQueue` does in software what the
/// device behind it cannot.
class PacketQueue {
 public:
  virtual ~PacketQueue() = default;
  virtual const Capabilities& capabilities() const noexcept = 0;
  /// Fills a prefix of `out`; ownership of each packet passes to the caller.
  virtual std::size_t rx_burst(std::span<rte_mbuf*> out) noexcept = 0;
  /// Takes ownership of the accepted prefix; the rest stays with the caller, who tries again later.
  virtual std::size_t tx_burst(std::span<rte_mbuf* const> packets) noexcept = 0;
  /// True while packets that were accepted wait for room in the device: any further call of
  /// tx_burst() (an empty one too) or rx_burst() moves them on, so whoever drives the queue must
  /// not go to sleep.
  virtual bool tx_pending() const noexcept { return false; }
  /// A descriptor that polls readable as arm_wake() says, or -1: the device must be polled. It may
  /// change whenever the queue is not armed.
  virtual int wake_fd() const noexcept { return -1; }
  /// Before each sleep: asks the device to signal wake_fd(). After kOnArrival the caller looks at
  /// rx_burst() once more before it sleeps, since what came earlier signals nothing.
  virtual Wake arm_wake() noexcept { return wake_fd() < 0 ? Wake::kNever : Wake::kWhilePackets; }
  /// After it, or instead of it: signals cost the sender, and are not wanted while we poll.
  virtual void disarm_wake() noexcept {}
  virtual bool link_up() const noexcept { return true; }
  virtual QueueStats stats() const noexcept = 0;
};

}  // namespace zs::dev
