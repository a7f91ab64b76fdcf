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

/// Whose Ethernet address the stack answers to on an interface that the kernel has as well.
enum class MacSharing : std::uint8_t {
  kOwn,               ///< one of its own: the kernel's stack and ours live side by side
  kShareInterfaceMac  ///< the interface's: for networks that accept one address a port only
};

struct PacketConfig {
  std::string interface = {};       ///< an existing Ethernet-like interface: "eth0", "veth1"
  std::string network_namespace{};  ///< name in /run/netns or a path with '/'; empty: the caller's
  std::uint16_t mtu = 0;            ///< 0: the interface's; must not exceed it
  MacAddress mac{};                 ///< the stack's; zero: as `mac_sharing` says
  MacSharing mac_sharing = MacSharing::kOwn;
  Offload without =
      Offload::kNone;  ///< not to be used, though it is there; kInvalid for the kernel's
};

/// An interface that the kernel drives, through AF_PACKET sockets with virtio-net headers:
/// super-frames and checksums as with `Tap`, in batches of one system call.
class Packet final : public Device {
 public:
  /// One queue pair for each element of `queues`, drawing buffers from these pools; several share
  /// the traffic by flow. When it is refused, `*why` (if given) says to the user in one sentence
  /// what is wrong and what to do. Errors: kNoDevice, kPermission, kInvalid, kNotFound (namespace).
  /// An interface that is down, or goes away, is no error: link_up() is false until it is back.
  static Result<std::unique_ptr<Packet>> open(const PacketConfig& config,
                                              std::span<const buf::Pools> queues, std::string* why);
  ~Packet() override;

  const Capabilities& capabilities() const noexcept override;
  std::size_t queue_count() const noexcept override;
  PacketQueue& queue(std::size_t index) noexcept override;

  struct Impl;
  explicit Packet(std::unique_ptr<Impl> impl) noexcept;

 private:
  std::unique_ptr<Impl> impl_;
};

}  // namespace zs::dev
