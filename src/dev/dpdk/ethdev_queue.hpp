#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dev/queue.hpp"
#include "dev/unique_fd.hpp"

namespace zs::dev {

/// What a driver needs done to a packet before rte_eth_tx_burst().
enum class TxFixup : std::uint8_t {
  kNone,
  kDriver,          ///< rte_eth_tx_prepare()
  kVhostTsoLength,  ///< net_vhost passes the pseudo-header sum on as it is, its guest wants a
                    ///< length
};

/// What can wake a sleeper when a queue of a port receives.
struct EthdevWake {
  int socket = -1;          ///< the driver's own: readable while packets wait
  bool interrupts = false;  ///< receive interrupts were asked for, and the driver did not refuse
  /// net_vhost's descriptor is an epoll instance around the guest's, which it does not show.
  bool stays_readable = false;
};

/// One queue pair of an `Ethdev`.
class EthdevQueue final : public PacketQueue {
 public:
  /// Borrows the capabilities. The port runs for as long as this lives.
  EthdevQueue(std::uint16_t port, std::uint16_t index, const Capabilities& capabilities,
              TxFixup fixup, EthdevWake wake) noexcept
      : capabilities_(&capabilities), port_(port), index_(index), fixup_(fixup), wake_(wake) {}
  ~EthdevQueue() override;
  EthdevQueue(const EthdevQueue&) = delete;
  EthdevQueue& operator=(const EthdevQueue&) = delete;

  const Capabilities& capabilities() const noexcept override { return *capabilities_; }
  std::size_t rx_burst(std::span<rte_mbuf*> out) noexcept override;
  std::size_t tx_burst(std::span<rte_mbuf* const> packets) noexcept override;
  bool tx_pending() const noexcept override { return pending_ != 0; }
  int wake_fd() const noexcept override;
  Wake arm_wake() noexcept override;
  void disarm_wake() noexcept override;
  bool link_up() const noexcept override;
  /// The port's own counters of errors and missed packets are in those of its first queue.
  QueueStats stats() const noexcept override;

 private:
  static constexpr std::uint16_t kBatch = 32;

  int interrupt_fd() const noexcept;
  bool watch_edges(int fd) noexcept;
  void take_back_edges() noexcept;
  void prepare() noexcept;
  void flush() noexcept;

  const Capabilities* capabilities_;
  std::uint16_t port_, index_;
  TxFixup fixup_;
  EthdevWake wake_;
  bool has_armed_ = false;  ///< an interrupt, to be taken back
  UniqueFd edges_;          ///< an epoll instance, where wake_.stays_readable
  // A fix-up changes the packet and must not happen twice, so a packet that was fixed is ours even
  // when the driver has no room for it.
  std::array<rte_mbuf*, kBatch> batch_{};
  std::uint16_t pending_ = 0;
  QueueStats stats_;
};

}  // namespace zs::dev
