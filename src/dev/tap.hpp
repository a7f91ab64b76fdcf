#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "base/result.hpp"
#include "buf/pool.hpp"
#include "dev/device.hpp"

namespace zs::dev {

struct TapConfig {
  std::string name{};  ///< of the kernel's interface; empty: the first free "zs0", "zs1", ...
  std::string network_namespace{};  ///< name in /run/netns or a path with '/'; empty: the caller's
  std::uint16_t mtu = 1500;
  MacAddress mac{};         ///< the stack's; zero: derived from the kernel's, never equal to it
  MacAddress kernel_mac{};  ///< the kernel's; zero: the kernel's choice
  Offload without = Offload::kNone;          ///< not to be used, though it is there
  std::vector<IpPrefix> kernel_addresses{};  ///< configured on the kernel's side, e.g. 10.99.0.1/24
};

/// A cable into this machine's kernel: a TAP interface with virtio-net headers, so that 64 KB
/// super-frames and unfinished checksums pass both ways. Needs no hugepages and no DPDK; wakes a
/// sleeping shard through its descriptor. The interface vanishes with the device.
class Tap final : public Device {
 public:
  /// One queue pair for each element of `queues`, drawing buffers from these pools. When it is
  /// refused, `*why` (if given) says to the user in one sentence what is wrong and what to do.
  /// Errors: kNotFound (no /dev/net/tun, no such namespace), kPermission, kBusy (name in use),
  /// kInvalid (name, MTU, address), kNoBuffers, others from the kernel.
  static Result<std::unique_ptr<Tap>> open(const TapConfig& config,
                                           std::span<const buf::Pools> queues, std::string* why);
  ~Tap() override;

  const Capabilities& capabilities() const noexcept override;
  std::size_t queue_count() const noexcept override;
  PacketQueue& queue(std::size_t index) noexcept override;

  const std::string& interface_name() const noexcept;  ///< the kernel's name, e.g. "zs0"
  MacAddress kernel_mac() const noexcept;

  struct Impl;
  explicit Tap(std::unique_ptr<Impl> impl) noexcept;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace zs::dev
