#include "dev/tap.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstring>

#include "base/assert.hpp"
#include "dev/kernel_interface.hpp"
#include "dev/rx_slot.hpp"

namespace zs::dev {
namespace {

constexpr const char* kCloneDevice = "/dev/net/tun";
constexpr const char* kDefaultName = "zs%d";  // the kernel fills in the number
constexpr std::uint16_t kMaxMtu = 65'521;     // 65,535 less the Ethernet header, as tun checks
// A burst of super-frames and the SYNs of 1,000 connections at once; the kernel's default is 500.
constexpr int kKernelQueueLength = 1'024;
// writev() takes IOV_MAX vectors, of which the virtio header and the rewritten headers are two.
constexpr std::uint16_t kMaxTxSegments = 256;

class TapQueue final : public PacketQueue {
 public:
  TapQueue(UniqueFd fd, const KernelInterface& interface, const Capabilities& capabilities,
           buf::Pool& pool)
      : fd_(std::move(fd)),
        interface_(&interface),
        capabilities_(&capabilities),
        pool_(&pool),
        overflow_(make_overflow(1)),
        slot_({overflow_.get(), RxSlot::kOverflowBytes}),
        sizer_(std::uint32_t{capabilities.mtu} + 18) {}

  const Capabilities& capabilities() const noexcept override { return *capabilities_; }
  int wake_fd() const noexcept override { return fd_.get(); }
  bool link_up() const noexcept override { return interface_->link_state() == LinkState::kUp; }
  QueueStats stats() const noexcept override { return stats_; }

  std::size_t rx_burst(std::span<rte_mbuf*> out) noexcept override {
    std::size_t filled = 0;
    // Each turn reads one frame, kept or dropped, so that a flood of bad ones ends as well.
    for (std::size_t turn = 0; turn < out.size(); ++turn) {
      slot_.arm(*pool_, sizer_.expected_bytes());
      const auto vectors = slot_.vectors();
      const ssize_t got = ::readv(fd_.get(), vectors.data(), static_cast<int>(vectors.size()));
      if (got < 0) {
        if (errno == EINTR) continue;
        if (errno == EAGAIN) break;
        ++stats_.rx_errors;
        break;  // the interface is gone (EBADFD), or a frame that the header cannot describe
      }
      const auto bytes = static_cast<std::size_t>(got);
      constexpr std::size_t kHeader = sizeof(VirtioNetHeader);
      if (rte_mbuf* const m = take(bytes < kHeader ? 0 : bytes - kHeader)) {
        out[filled++] = m;
      }
    }
    return filled;
  }

  std::size_t tx_burst(std::span<rte_mbuf* const> packets) noexcept override {
    for (std::size_t i = 0; i < packets.size(); ++i) {
      if (send(*packets[i]) == Sent::kLater) return i;
      buf::free_chain(packets[i]);
    }
    return packets.size();
  }

 private:
  enum class Sent : std::uint8_t { kDone, kLater };

  rte_mbuf* take(std::size_t length) noexcept {
    auto packet = slot_.take(length, *pool_);
    if (!packet) {
      ++(packet.error() == Errc::kNoBuffers ? stats_.rx_no_buffers : stats_.rx_errors);
      return nullptr;
    }
    sizer_.on_frame(static_cast<std::uint32_t>(length));
    ++stats_.rx_packets;
    stats_.rx_bytes += length;
    return *packet;
  }

  Sent send(const rte_mbuf& packet) noexcept {
    VirtioTxFrame frame;
    std::array<iovec, kMaxTxSegments + 2> vectors;
    std::size_t n = 0;
    if (make_virtio_tx(packet, frame)) n = gather(frame, packet, vectors);
    if (n == 0) {
      ++stats_.tx_errors;
      return Sent::kDone;
    }
    ssize_t sent = 0;
    do {
      sent = ::writev(fd_.get(), vectors.data(), static_cast<int>(n));
    } while (sent < 0 && errno == EINTR);
    if (sent < 0 && errno == EAGAIN) return Sent::kLater;
    if (sent < 0) {
      ++stats_.tx_errors;  // EIO: the kernel's side is down; EINVAL: it did not like the frame
      return Sent::kDone;
    }
    ++stats_.tx_packets;
    stats_.tx_bytes += packet.pkt_len;
    return Sent::kDone;
  }

  UniqueFd fd_;
  const KernelInterface* interface_;
  const Capabilities* capabilities_;
  buf::Pool* pool_;
  QueueStats stats_;
  std::unique_ptr<std::byte[]> overflow_;
  RxSlot slot_;
  RxSizer sizer_;
};
static_assert(kMaxTxSegments + 2 <= IOV_MAX);

/// Opens one queue of the interface; the first one creates it and learns its name.
/// What the kernel may leave to us: it cuts nothing whose checksum it must finish.
unsigned kernel_offloads(Offload without) {
  if (overlaps(without, Offload::kRxL4Checksum)) return 0;
  if (overlaps(without, Offload::kLro)) return TUN_F_CSUM;
  return TUN_F_CSUM | TUN_F_TSO4 | TUN_F_TSO6 | TUN_F_TSO_ECN;
}

Result<UniqueFd> open_queue(std::string& name, int extra_flags, Offload without, std::string* why) {
  UniqueFd fd{::open(kCloneDevice, O_RDWR | O_NONBLOCK | O_CLOEXEC)};
  if (!fd) {
    const int error = errno;
    if (error == ENOENT || error == ENODEV || error == ENXIO) {
      return refuse(why, Errc::kNotFound,
                    "there is no /dev/net/tun here: load the kernel module with `modprobe tun`, or "
                    "start the container with --device /dev/net/tun");
    }
    return refuse_errno(why, error, "cannot open /dev/net/tun");
  }
  ifreq request{};
  std::memcpy(request.ifr_name, name.data(), name.size());
  request.ifr_flags = static_cast<short>(IFF_TAP | IFF_NO_PI | IFF_VNET_HDR | extra_flags);
  if (::ioctl(fd.get(), TUNSETIFF, &request) != 0) {
    const int error = errno;
    if (error == EPERM) {
      return refuse(why, Errc::kPermission,
                    "no permission to create a TAP interface: run as root, with CAP_NET_ADMIN, or "
                    "inside `unshare -Urn`");
    }
    if (error == EBUSY || error == EINVAL || error == EEXIST) {
      return refuse(why, Errc::kBusy,
                    "the interface name " + name +
                        " is in use, and not by a free TAP interface: "
                        "choose another one, or leave it out");
    }
    return refuse_errno(why, error, "cannot create TAP interface " + name);
  }
  name = request.ifr_name;
  int header_bytes = sizeof(VirtioNetHeader);
  if (::ioctl(fd.get(), TUNSETVNETHDRSZ, &header_bytes) != 0 ||
      ::ioctl(fd.get(), TUNSETOFFLOAD, kernel_offloads(without)) != 0) {
    return refuse_errno(why, errno, "the kernel's TAP driver refuses virtio-net offloads");
  }
  return fd;
}

Result<void> check(const TapConfig& config, std::span<const buf::Pools> queues, std::string* why) {
  if (!config.name.empty() && !is_interface_name(config.name)) {
    return refuse(why, Errc::kInvalid,
                  "\"" + config.name +
                      "\" cannot name an interface: 1 to 15 characters without "
                      "spaces, '/', ':' and '%'");
  }
  if (config.mtu < kMinMtu || config.mtu > kMaxMtu) {
    return refuse(why, Errc::kInvalid,
                  "MTU " + std::to_string(config.mtu) + " is outside 68..65521");
  }
  for (const MacAddress& mac : {config.mac, config.kernel_mac}) {
    if (!mac.is_multicast()) continue;
    return refuse(why, Errc::kInvalid,
                  mac.to_string() + " is a multicast address, not a station's");
  }
  if (!config.mac.is_zero() && config.mac == config.kernel_mac) {
    return refuse(
        why, Errc::kInvalid,
        "the stack and the kernel cannot share the MAC address " + config.mac.to_string());
  }
  if (queues.empty()) return refuse(why, Errc::kInvalid, "a TAP device needs at least one queue");
  for (const auto& pools : queues) {
    if (pools.data == nullptr || pools.data->data_room() < kMinDataRoom) {
      return refuse(why, Errc::kInvalid,
                    "a TAP queue needs a pool with buffers of 256 bytes or more");
    }
  }
  return {};
}

}  // namespace

struct Tap::Impl {
  explicit Impl(KernelInterface opened) : interface(std::move(opened)) {}

  Result<void> configure(const TapConfig& config, std::string* why);
  Result<void> learn_macs(const TapConfig& config, std::string* why);

  KernelInterface interface;
  MacAddress kernel_mac;
  Capabilities capabilities;
  std::vector<std::unique_ptr<TapQueue>> queues;
};

Result<void> Tap::Impl::learn_macs(const TapConfig& config, std::string* why) {
  if (!config.kernel_mac.is_zero()) {
    if (auto r = interface.set_mac(config.kernel_mac); !r) {
      return refuse_errno(
          why, static_cast<int>(r.error()),
          "cannot give " + interface.name() + " the MAC address " + config.kernel_mac.to_string());
    }
  }
  const auto mac = interface.mac();
  if (!mac) return refuse_errno(why, static_cast<int>(mac.error()), "cannot read the MAC address");
  kernel_mac = *mac;
  capabilities.mac = config.mac.is_zero() ? derive_mac(kernel_mac) : config.mac;
  if (capabilities.mac == kernel_mac) {
    return refuse(
        why, Errc::kInvalid,
        "the stack and the kernel cannot share the MAC address " + kernel_mac.to_string());
  }
  return {};
}

Result<void> Tap::Impl::configure(const TapConfig& config, std::string* why) {
  const std::string& name = interface.name();
  ZS_TRY(learn_macs(config, why));
  // An interface made beforehand for a user without privileges may be right as it is.
  if (const auto mtu = interface.mtu(); !mtu || *mtu != config.mtu) {
    if (auto r = interface.set_mtu(config.mtu); !r) {
      return refuse_errno(why, static_cast<int>(r.error()),
                          "cannot set the MTU of " + name + " to " + std::to_string(config.mtu));
    }
  }
  static_cast<void>(interface.set_queue_length(kKernelQueueLength).has_value());  // only for speed
  for (const IpPrefix& prefix : config.kernel_addresses) {
    if (auto r = interface.add_address(prefix); !r) {
      return refuse_errno(why, static_cast<int>(r.error()),
                          "cannot give " + name + " the address " + prefix.to_string());
    }
  }
  if (interface.link_state() != LinkState::kUp) {
    if (auto r = interface.set_up(); !r) {
      return refuse_errno(why, static_cast<int>(r.error()), "cannot bring up " + name);
    }
  }
  capabilities.name = "tap:" + name;
  capabilities.mtu = config.mtu;
  capabilities.max_tso_bytes = kMaxKernelFrame;
  capabilities.max_tx_segments = kMaxTxSegments;
  constexpr Offload kAll = Offload::kRxL4Checksum | Offload::kTxIpChecksum |
                           Offload::kTxL4Checksum | Offload::kTso | Offload::kLro |
                           Offload::kMultiSegment;
  capabilities.offloads = kAll & ~config.without;
  if (overlaps(config.without, Offload::kRxL4Checksum)) {
    capabilities.offloads = capabilities.offloads & ~Offload::kLro;
  }
  return {};
}

Result<std::unique_ptr<Tap>> Tap::open(const TapConfig& config, std::span<const buf::Pools> queues,
                                       std::string* why) {
  ZS_TRY(check(config, queues, why));
  ZS_TRY_ASSIGN(const auto scope, NamespaceScope::enter(config.network_namespace, why));
  const int flags = queues.size() > 1 ? IFF_MULTI_QUEUE : 0;
  std::string name = config.name.empty() ? kDefaultName : config.name;
  std::vector<UniqueFd> descriptors;
  for (std::size_t i = 0; i < queues.size(); ++i) {
    ZS_TRY_ASSIGN(auto fd, open_queue(name, flags, config.without, why));
    descriptors.push_back(std::move(fd));
  }
  auto interface = KernelInterface::open(name);
  if (!interface) {
    return refuse_errno(why, static_cast<int>(interface.error()), "cannot open a control socket");
  }
  auto impl = std::make_unique<Impl>(std::move(*interface));
  ZS_TRY(impl->configure(config, why));
  for (std::size_t i = 0; i < queues.size(); ++i) {
    impl->queues.push_back(std::make_unique<TapQueue>(std::move(descriptors[i]), impl->interface,
                                                      impl->capabilities, *queues[i].data));
  }
  return std::make_unique<Tap>(std::move(impl));
}

Tap::Tap(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Tap::~Tap() = default;

const Capabilities& Tap::capabilities() const noexcept { return impl_->capabilities; }
std::size_t Tap::queue_count() const noexcept { return impl_->queues.size(); }
PacketQueue& Tap::queue(std::size_t index) noexcept {
  ZS_ASSERT(index < impl_->queues.size());
  return *impl_->queues[index];
}
const std::string& Tap::interface_name() const noexcept { return impl_->interface.name(); }
MacAddress Tap::kernel_mac() const noexcept { return impl_->kernel_mac; }

}  // namespace zs::dev
