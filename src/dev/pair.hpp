#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/address.hpp"
#include "base/result.hpp"
#include "buf/pool.hpp"
#include "dev/queue.hpp"

namespace zs::dev {

inline constexpr Offload kAllPairOffloads = Offload::kRxIpChecksum | Offload::kRxL4Checksum |
                                            Offload::kTxIpChecksum | Offload::kTxL4Checksum |
                                            Offload::kTso | Offload::kLro | Offload::kMultiSegment;

enum class PairSide : std::uint8_t { kA, kB };
enum class Link : std::uint8_t { kDown, kUp };
enum class Delivery : std::uint8_t {
  kBuffers,  ///< the buffers themselves pass: nothing is copied
  /// As a NIC's DMA has it: a frame arrives in fresh buffers of the receiving end, as few as hold
  /// it, and the sender's come back when it has. Both ends belong to one thread then.
  kCopies,
};

struct PairEndConfig {
  std::string name;  ///< "pair:a"
  MacAddress mac;
  buf::Pools pools;  ///< used by this end's thread only
  /// What this end offers to its stack. kMultiSegment is always there, kVlan never.
  Offload offloads = kAllPairOffloads;
};

struct PairConfig {
  PairEndConfig a;
  PairEndConfig b;
  std::uint16_t mtu = 1500;
  std::uint32_t max_tso_bytes = 65'535;
  std::uint32_t ring_frames = 1024;  ///< each way; rounded up to a power of two
  Delivery delivery = Delivery::kBuffers;
};

/// A cable between two queues in one process. Unless it is told to copy, the buffers themselves
/// pass: a descriptor that its sender keeps (until the peer acknowledges) is cloned, one that
/// nobody else holds moves as it is.
///
/// Checksums that the sender left to its device count as good at the far end if that offers receive
/// checksums, else they are computed there. A super-frame passes whole to an end with kLro, else it
/// is cut there. A frame beyond the MTU that is not to be cut is lost and counted (tx_errors).
///
/// Thread rule: each end belongs to one thread, and the two may differ if the pools are DPDK's; the
/// link switch may be used from any.
class Pair {
 public:
  /// kInvalid: a pool is missing, no room in the ring, or an MTU below IPv4's 68 bytes.
  static Result<std::unique_ptr<Pair>> create(const PairConfig& config);
  /// Frees what is on the cable.
  ~Pair();
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;

  /// Borrowed; lives as long as the pair.
  PacketQueue& end(PairSide side) noexcept;
  PacketQueue& a() noexcept { return end(PairSide::kA); }
  PacketQueue& b() noexcept { return end(PairSide::kB); }

  /// Down: both ends say so, and whatever is sent is lost (and counted in tx_errors).
  void set_link(Link link) noexcept;

  struct Impl;
  explicit Pair(std::unique_ptr<Impl> impl) noexcept;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace zs::dev
