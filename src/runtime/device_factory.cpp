#include "runtime/device_factory.hpp"

#include "dev/dpdk/driver_quirks.hpp"
#include "dev/dpdk/ethdev.hpp"
#include "dev/packet.hpp"
#include "dev/tap.hpp"
#include "runtime/eal.hpp"

namespace zs::runtime {
namespace {

constexpr std::uint16_t kEthernetMtu = 1500;

template <typename T>
Result<std::unique_ptr<dev::Device>> as_device(Result<std::unique_ptr<T>> opened) {
  if (!opened) return opened.error();
  return std::unique_ptr<dev::Device>(std::move(*opened));
}

Result<std::unique_ptr<dev::Device>> open_tap(const Config& config,
                                              std::span<const buf::Pools> queues,
                                              std::string& why) {
  dev::TapConfig tap;
  tap.name = config.device.target;
  tap.network_namespace = config.device.network_namespace;
  tap.mtu = config.device.mtu != 0 ? config.device.mtu : kEthernetMtu;
  if (config.interface.mac) tap.mac = *config.interface.mac;
  tap.without = config.device.without;
  if (config.interface.kernel_address) {
    tap.kernel_addresses.push_back(*config.interface.kernel_address);
  }
  return as_device(dev::Tap::open(tap, queues, &why));
}

Result<std::unique_ptr<dev::Device>> open_packet(const Config& config,
                                                 std::span<const buf::Pools> queues,
                                                 std::string& why) {
  dev::PacketConfig packet;
  packet.interface = config.device.target;
  packet.network_namespace = config.device.network_namespace;
  packet.mtu = config.device.mtu;
  if (config.interface.mac) packet.mac = *config.interface.mac;
  packet.without = config.device.without;
  if (config.device.share_mac) packet.mac_sharing = dev::MacSharing::kShareInterfaceMac;
  return as_device(dev::Packet::open(packet, queues, &why));
}

Result<std::unique_ptr<dev::Device>> open_ethdev(const Config& config,
                                                 std::span<const buf::Pools> queues,
                                                 std::string& why) {
  dev::EthdevConfig ethdev;
  ethdev.device = config.device.target;
  if (config.device.is_pci()) {
    // EAL probed it already, arguments included.
    ethdev.device = full_pci_address(config.device.target);
  } else if (!config.device.arguments.empty()) {
    ethdev.device += "," + config.device.arguments;
  }
  ethdev.mtu = config.device.mtu != 0 ? config.device.mtu : kEthernetMtu;
  if (config.interface.mac) ethdev.mac = *config.interface.mac;
  ethdev.vlan = config.interface.vlan != 0;
  ethdev.without = config.device.without;
  return as_device(dev::Ethdev::open(ethdev, queues, &why));
}

}  // namespace

Result<std::unique_ptr<dev::Device>> open_device(const Config& config,
                                                 std::span<const buf::Pools> queues,
                                                 std::string& why) {
  switch (config.device.kind) {
    case DeviceKind::kTap:
      return open_tap(config, queues, why);
    case DeviceKind::kPacket:
      return open_packet(config, queues, why);
    case DeviceKind::kDpdk:
      return open_ethdev(config, queues, why);
  }
  return Errc::kInvalid;
}

std::uint16_t receive_buffer_bytes(const DeviceConfig& device) {
  if (device.kind != DeviceKind::kDpdk) return dev::receive_buffer_bytes({}, {}, kEthernetMtu);
  const std::uint16_t mtu = device.mtu != 0 ? device.mtu : kEthernetMtu;
  return dev::receive_buffer_bytes(device.target, device.arguments, mtu);
}

bool needs_offload_queue(const dev::Capabilities& capabilities) {
  using dev::Offload;
  constexpr Offload kAsked =
      Offload::kTxIpChecksum | Offload::kTxL4Checksum | Offload::kTso | Offload::kMultiSegment;
  // The stack builds super-frames of up to 64 KB from 2 KB buffers.
  constexpr std::uint16_t kAskedSegments = 64;
  return !dev::has(capabilities.offloads, kAsked) || capabilities.max_tx_segments < kAskedSegments;
}

}  // namespace zs::runtime
