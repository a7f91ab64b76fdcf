#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>

#include "base/address.hpp"
#include "base/result.hpp"
#include "buf/pool.hpp"
#include "dev/device.hpp"

namespace zs::dev {

enum class Promiscuous : std::uint8_t { kOff, kOn };

struct EthdevConfig {
  /// A port that EAL knows ("net_ring0", "0000:00:05.0"), or a device to probe, with its arguments:
  /// "net_null0,size=64", "net_af_xdp0,iface=veth1". What was probed here is removed at the end.
  std::string device{};
  std::uint16_t mtu = 1500;             ///< IP MTU; a driver that refuses it is an error
  MacAddress mac{};                     ///< zero: the driver's
  std::uint16_t rx_descriptors = 1024;  ///< adjusted to the driver's limits
  std::uint16_t tx_descriptors = 1024;
  Promiscuous promiscuous = Promiscuous::kOff;
  /// Ask for tags to be stripped and inserted (Offload::kVlan, if the device does both).
  bool vlan = false;
  Offload without = Offload::kNone;  ///< not to be used, though it is there
};

/// Everything that DPDK's ethdev drives. EAL must be running, the pools must be DPDK's.
class Ethdev final : public Device {
 public:
  /// One queue pair for each element of `queues`, drawing buffers from these pools. When it is
  /// refused, `*why` (if given) says to the user in one sentence what is wrong and what to do.
  /// Errors: kNoDevice, kBusy (already opened), kInvalid (MTU, queues), kIo, others of the driver.
  static Result<std::unique_ptr<Ethdev>> open(const EthdevConfig& config,
                                              std::span<const buf::Pools> queues, std::string* why);
  ~Ethdev() override;

  const Capabilities& capabilities() const noexcept override;
  std::size_t queue_count() const noexcept override;
  PacketQueue& queue(std::size_t index) noexcept override;

  std::uint16_t port_id() const noexcept;      ///< DPDK's
  const std::string& driver() const noexcept;  ///< "net_virtio_user"
  Result<void> set_promiscuous(Promiscuous mode) noexcept;

  struct Impl;
  explicit Ethdev(std::unique_ptr<Impl> impl) noexcept;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace zs::dev
