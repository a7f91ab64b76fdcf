#pragma once

#include <cstdint>
#include <string_view>

#include "dev/dpdk/ethdev_queue.hpp"

namespace zs::dev {

inline constexpr std::uint32_t kFrameOverhead = 14 + 4;  ///< Ethernet, a VLAN tag

/// Where a driver does other than it says, as measured with DPDK 22.11. A driver without an entry
/// is believed.
struct DriverQuirks {
  std::uint64_t honoured_tx = 0;   ///< RTE_ETH_TX_OFFLOAD_* that it does without advertising
  std::uint64_t honoured_rx = 0;   ///< RTE_ETH_RX_OFFLOAD_*, likewise
  std::uint64_t broken_tx = 0;     ///< that it advertises and must not be used
  TxFixup fixup = TxFixup::kNone;  ///< beside what tx_prepare does for all
  /// Longest frame to be segmented; 0: what all devices take. One buffer may hold all of it.
  std::uint32_t max_tso_bytes = 0;
  bool mac_is_the_kernels = false;  ///< both ends of the wire would have one address
  /// Where the largest frame is an argument of the device ("framesz") and not what the driver
  /// reports or may be told: the MTU must not be asked of it.
  std::uint32_t largest_frame = 0;  ///< 0: the driver knows
  /// Receive interrupts work in this virtual device. (A NIC is asked on other grounds, see Ethdev.)
  bool has_rx_interrupts = false;
  /// The driver receives from one socket of this family (AF_XDP, AF_PACKET) and keeps it to itself;
  /// 0: it does not.
  int socket_family = 0;
};

/// `arguments`: of the device, as the user gave them ("iface=/x/vh.sock,tso=1"); may be empty.
DriverQuirks quirks_of(std::string_view driver, std::string_view arguments) noexcept;

/// Bytes of packet that each receive buffer must hold for `device` ("net_memif0", or a PCI
/// address): most drivers chain buffers, these need one for a whole frame.
std::uint16_t receive_buffer_bytes(std::string_view device, std::string_view arguments,
                                   std::uint16_t mtu) noexcept;

}  // namespace zs::dev
