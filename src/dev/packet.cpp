#include "dev/packet.hpp"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <sys/socket.h>

#include <cerrno>
#include <vector>

#include "base/assert.hpp"
#include "base/byte_order.hpp"
#include "dev/capabilities.hpp"
#include "dev/kernel_interface.hpp"
#include "dev/packet_queue.hpp"

namespace zs::dev {
namespace {

constexpr int kReceiveBufferBytes = 8 << 20;  // over 100 super-frames, or 10,000 small packets
constexpr int kSendBufferBytes = 4 << 20;

template <typename T>
bool set_option(int fd, int level, int name, const T& value) noexcept {
  return ::setsockopt(fd, level, name, &value, sizeof value) == 0;
}

/// Lets through what is addressed to `mac` or to a group, so that the kernel's own traffic on the
/// interface is not even copied for us.
bool attach_filter(int fd, const MacAddress& mac) noexcept {
  const auto high = load_be<std::uint16_t>(mac.bytes.data());
  const auto low = load_be<std::uint32_t>(mac.bytes.data() + 2);
  std::array<sock_filter, 8> program{{
      BPF_STMT(BPF_LD | BPF_B | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, 1, 4, 0),  // the group bit
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 2),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, low, 0, 3),
      BPF_STMT(BPF_LD | BPF_H | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, high, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, 0xffff'ffff),
      BPF_STMT(BPF_RET | BPF_K, 0),
  }};
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  return set_option(fd, SOL_SOCKET, SO_ATTACH_FILTER, filter);
}

void enlarge_buffers(int fd) noexcept {
  // Beyond the system's limit only with privilege; without it as far as it goes.
  if (!set_option(fd, SOL_SOCKET, SO_RCVBUFFORCE, kReceiveBufferBytes)) {
    static_cast<void>(set_option(fd, SOL_SOCKET, SO_RCVBUF, kReceiveBufferBytes));
  }
  if (!set_option(fd, SOL_SOCKET, SO_SNDBUFFORCE, kSendBufferBytes)) {
    static_cast<void>(set_option(fd, SOL_SOCKET, SO_SNDBUF, kSendBufferBytes));
  }
}

/// PACKET_QDISC_BYPASS stays off on purpose: it drops super-frames on interfaces that cannot cut
/// them in hardware (Linux's __dev_direct_xmit()), which ethtool may change at any time.
Result<UniqueFd> open_socket(int index, const MacAddress& mac, std::string* why) {
  // Protocol 0: nothing is received before the filter stands and the socket is bound.
  UniqueFd fd{::socket(AF_PACKET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
  if (!fd) {
    if (errno == EPERM || errno == EACCES) {
      return refuse(why, Errc::kPermission,
                    "no permission for packet sockets: run as root, with CAP_NET_RAW, or inside "
                    "`unshare -Urn`");
    }
    return refuse_errno(why, errno, "cannot open a packet socket");
  }
  const int on = 1;
  if (!set_option(fd.get(), SOL_PACKET, PACKET_VNET_HDR, on) ||
      !set_option(fd.get(), SOL_PACKET, PACKET_AUXDATA, on) ||
      !set_option(fd.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, on) ||
      !attach_filter(fd.get(), mac)) {
    return refuse_errno(why, errno, "the kernel's packet sockets lack what zstack needs");
  }
  enlarge_buffers(fd.get());
  if (auto r = bind_to_interface(fd.get(), index, mac); !r && r.error() != Errc::kNetDown) {
    return refuse_errno(why, static_cast<int>(r.error()), "cannot bind to the interface");
  }
  return fd;
}

/// Several sockets share the interface's traffic by flow. The first one makes the group.
Result<void> join_group(int fd, int& group, std::string* why) {
  constexpr int kUnique = PACKET_FANOUT_FLAG_UNIQUEID;
  const int request =
      (PACKET_FANOUT_HASH | (group < 0 ? kUnique : 0)) << 16 | (group < 0 ? 0 : group);
  if (!set_option(fd, SOL_PACKET, PACKET_FANOUT, request)) {
    return refuse_errno(why, errno,
                        "cannot share the interface among several queues (it must be up)");
  }
  if (group >= 0) return {};
  int made = 0;
  socklen_t length = sizeof made;
  if (::getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &made, &length) != 0) {
    return refuse_errno(why, errno, "cannot learn the queue group's number");
  }
  group = made & 0xffff;
  return {};
}

Result<void> check(const PacketConfig& config, std::span<const buf::Pools> queues,
                   std::string* why) {
  if (!is_interface_name(config.interface)) {
    return refuse(why, Errc::kInvalid, "\"" + config.interface + "\" cannot name an interface");
  }
  if (config.mac.is_multicast()) {
    return refuse(why, Errc::kInvalid,
                  config.mac.to_string() + " is a multicast address, not a station's");
  }
  if (config.mtu != 0 && config.mtu < kMinMtu) {
    return refuse(why, Errc::kInvalid, "MTU " + std::to_string(config.mtu) + " is below 68");
  }
  // What arrives comes as the kernel has it, which may be whole and not summed yet.
  constexpr Offload kOfTheKernel = Offload::kRxL4Checksum | Offload::kLro;
  if (overlaps(config.without, kOfTheKernel)) {
    return refuse(why, Errc::kInvalid,
                  "a packet device cannot do without " + describe(config.without & kOfTheKernel) +
                      ": it is the kernel that does that; `ethtool -K " + config.interface +
                      " gro off lro off` stops it from joining segments");
  }
  if (queues.empty()) return refuse(why, Errc::kInvalid, "a packet device needs a queue");
  for (const auto& pools : queues) {
    if (pools.data == nullptr || pools.data->data_room() < kMinDataRoom) {
      return refuse(why, Errc::kInvalid,
                    "a packet queue needs a pool with buffers of 256 bytes or more");
    }
  }
  return {};
}

/// What the interface can tell; fails if there is none.
Result<Capabilities> capabilities_of(const KernelInterface& interface, const PacketConfig& config,
                                     std::string* why) {
  const auto ethernet = interface.is_ethernet();
  const auto mtu = interface.mtu();
  const auto mac = interface.mac();
  if (!ethernet || !mtu || !mac) {
    return refuse(why, Errc::kNoDevice,
                  "there is no interface " + interface.name() + " (`ip link` lists them)");
  }
  if (!*ethernet) {
    return refuse(why, Errc::kInvalid, interface.name() + " is not an Ethernet interface");
  }
  if (config.mtu > *mtu) {
    return refuse(why, Errc::kInvalid,
                  "MTU " + std::to_string(config.mtu) + " exceeds that of " + interface.name() +
                      ", " + std::to_string(*mtu) + ": `ip link set " + interface.name() + " mtu " +
                      std::to_string(config.mtu) + "` raises it");
  }
  Capabilities c;
  c.name = "packet:" + interface.name();
  c.mac = config.mac_sharing == MacSharing::kShareInterfaceMac ? *mac : derive_mac(*mac);
  if (!config.mac.is_zero()) c.mac = config.mac;
  c.mtu = config.mtu != 0 ? config.mtu : *mtu;
  c.max_tso_bytes = kMaxKernelFrame;
  c.max_tx_segments = PacketSocketQueue::kMaxTxSegments;
  constexpr Offload kAll = Offload::kRxL4Checksum | Offload::kTxIpChecksum |
                           Offload::kTxL4Checksum | Offload::kTso | Offload::kLro |
                           Offload::kMultiSegment | Offload::kVlan;
  c.offloads = kAll & ~config.without;
  return c;
}

}  // namespace

struct Packet::Impl {
  explicit Impl(KernelInterface opened) : interface(std::move(opened)) {}

  KernelInterface interface;
  Capabilities capabilities;
  std::vector<std::unique_ptr<PacketSocketQueue>> queues;
};

Result<std::unique_ptr<Packet>> Packet::open(const PacketConfig& config,
                                             std::span<const buf::Pools> queues, std::string* why) {
  ZS_TRY(check(config, queues, why));
  ZS_TRY_ASSIGN(const auto scope, NamespaceScope::enter(config.network_namespace, why));
  auto interface = KernelInterface::open(config.interface);
  if (!interface) {
    return refuse_errno(why, static_cast<int>(interface.error()), "cannot open a control socket");
  }
  auto impl = std::make_unique<Impl>(std::move(*interface));
  ZS_TRY_ASSIGN(impl->capabilities, capabilities_of(impl->interface, config, why));
  const auto index = impl->interface.index();
  if (!index) return refuse(why, Errc::kNoDevice, config.interface + " has just gone away");
  int group = -1;
  for (const auto& pools : queues) {
    ZS_TRY_ASSIGN(auto fd, open_socket(*index, impl->capabilities.mac, why));
    if (queues.size() > 1) ZS_TRY(join_group(fd.get(), group, why));
    impl->queues.push_back(std::make_unique<PacketSocketQueue>(
        std::move(fd), *index, impl->interface, impl->capabilities, *pools.data));
  }
  return std::make_unique<Packet>(std::move(impl));
}

Packet::Packet(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Packet::~Packet() = default;

const Capabilities& Packet::capabilities() const noexcept { return impl_->capabilities; }
std::size_t Packet::queue_count() const noexcept { return impl_->queues.size(); }
PacketQueue& Packet::queue(std::size_t index) noexcept {
  ZS_ASSERT(index < impl_->queues.size());
  return *impl_->queues[index];
}

}  // namespace zs::dev
