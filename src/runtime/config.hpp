#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"
#include "dev/queue.hpp"
#include "neigh/interface_id.hpp"
#include "tcp/config.hpp"

namespace zs::runtime {

using namespace std::chrono_literals;

/// Which of our device families drives the link (src/dev).
enum class DeviceKind : std::uint8_t {
  kTap,     ///< a TAP interface of our own; the kernel is the peer
  kPacket,  ///< AF_PACKET on an interface that exists
  kDpdk,    ///< a PCI NIC or a virtual device, through DPDK's ethdev
};

struct DeviceConfig {
  DeviceKind kind = DeviceKind::kTap;
  /// tap: its name, empty for the next free zsN; packet: the interface; dpdk: PCI address or vdev.
  std::string target;
  std::string arguments;  ///< dpdk: what follows the first comma
  std::uint16_t mtu = 0;  ///< 0: the device's own, 1500 for a tap
  /// Name in /run/netns or a path: where the TAP's other end, or the interface, lives.
  std::string network_namespace;
  dev::Offload without = dev::Offload::kNone;  ///< to be done in software, though the device can
  bool share_mac = false;  ///< packet: use the interface's MAC address instead of one of our own

  /// As the user wrote it: "tap", "packet:veth0", "dpdk:net_af_xdp0,iface=eth1".
  std::string to_string() const;
  bool is_pci() const;
};

struct RouteConfig {
  IpPrefix destination;
  std::optional<IpAddress> gateway;  ///< none: on link
  friend bool operator==(const RouteConfig&, const RouteConfig&) = default;
};

struct InterfaceConfig {
  std::vector<IpPrefix> addresses;
  std::optional<IpAddress> gateway;
  std::optional<MacAddress> mac;  ///< none: the device's own
  bool autoconf = false;          ///< IPv6 routers may tell routes, prefixes and addresses
  neigh::IdentifierKind identifier = neigh::IdentifierKind::kEui64;
  std::uint16_t vlan = 0;  ///< IEEE 802.1Q; 0: frames without a tag
  /// tap: the address that the kernel's side of the cable gets.
  std::optional<IpPrefix> kernel_address;
};

enum class Hugepages : std::uint8_t {
  kAuto,    ///< when enough are free
  kNever,   ///< ordinary memory
  kAlways,  ///< refuse to start without
};

/// What a shard does when there is nothing to do.
enum class IdlePolicy : std::uint8_t {
  kSleep,  ///< poll for `spin`, then sleep until a packet or a deadline, where the device can wake
  kSpin,   ///< poll for ever: the lowest latency for a whole core
};

enum class LogLevel : std::uint8_t { kTrace, kDebug, kInfo, kWarning, kError, kOff };

struct LoopConfig {
  std::vector<unsigned> lcores;  ///< one shard each; empty: the last CPU we may use
  std::uint32_t memory_mb = 0;   ///< of all shards; 0: 256 a shard
  Hugepages hugepages = Hugepages::kAuto;
  LogLevel log_level = LogLevel::kInfo;
  IdlePolicy idle = IdlePolicy::kSleep;
  Duration spin = 100us;  ///< a client of the kernel's takes 20 to 80 us to come again
  Duration nap{};         ///< longest sleep on a device that cannot wake us; 0: it is polled
  Duration drain = 2s;    ///< how long connections may take to close when we are asked to stop
  std::uint16_t burst = 64;
  std::uint32_t descriptors = 65'536;  ///< sockets a shard
  std::uint32_t first_descriptor = 0;  ///< F-Stack's fd_reserve
  std::uint32_t neighbor_entries = 1'024;
  std::uint32_t udp_sockets = 1'024;
};

/// A bad cable on purpose, for tests: dev/fault.hpp. All zero: none.
struct FaultSettings {
  double loss = 0;
  double duplicate = 0;
  double reorder = 0;
  double corrupt = 0;
  double mark = 0;  ///< CE (RFC 3168)
  Duration delay{};
  Duration jitter{};
  std::uint64_t rate_bps = 0;  ///< bits per second; 0: unlimited
  std::uint64_t seed = 1;

  bool any() const {
    return loss > 0 || duplicate > 0 || reorder > 0 || corrupt > 0 || mark > 0 ||
           delay.count() > 0 || jitter.count() > 0 || rate_bps > 0;
  }
};

/// Everything that zstack.toml and the command line can say (docs/configuration.md).
struct Config {
  DeviceConfig device;
  InterfaceConfig interface;
  std::vector<RouteConfig> routes;
  LoopConfig runtime;
  tcp::Config tcp;
  FaultSettings fault;
};

}  // namespace zs::runtime
