#include "dev/dpdk/driver_quirks.hpp"

#include <rte_ethdev.h>
#include <sys/socket.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace zs::dev {
namespace {

constexpr std::uint16_t kUsualBuffer = 2'048;
constexpr std::uint32_t kMaxBuffer = 65'280;  // what an mbuf's 16-bit length leaves beside headroom
constexpr std::uint32_t kRingHeader = 64;     // what the kernel's packet ring puts before a frame
constexpr std::uint32_t kDefaultFrameSize = 2'048;  // of net_af_packet's framesz

/// The value of "name=value"; nullopt without it.
std::optional<std::string_view> argument(std::string_view arguments,
                                         std::string_view name) noexcept {
  while (!arguments.empty()) {
    const auto comma = arguments.find(',');
    const std::string_view one = arguments.substr(0, comma);
    if (one.starts_with(name) && one.substr(name.size()).starts_with('=')) {
      return one.substr(name.size() + 1);
    }
    if (comma == std::string_view::npos) break;
    arguments.remove_prefix(comma + 1);
  }
  return std::nullopt;
}

std::uint32_t frame_size(std::string_view arguments) noexcept {
  const auto text = argument(arguments, "framesz");
  std::uint32_t size = kDefaultFrameSize;
  if (text) std::from_chars(text->data(), text->data() + text->size(), size);
  return size;
}

/// With rte_vlan_insert(), which refuses a buffer that has another holder; the driver then drops
/// the packet without a word. Our payload always has one: the send buffer.
bool inserts_tags_in_software(std::string_view driver) noexcept {
  return driver.starts_with("net_virtio") || driver == "net_vhost" || driver == "eth_vhost" ||
         driver == "net_af_packet";
}

}  // namespace

DriverQuirks quirks_of(std::string_view driver, std::string_view arguments) noexcept {
  DriverQuirks q;
  q.has_rx_interrupts = driver == "net_vhost" || driver == "net_virtio_user" || driver == "net_tap";
  if (driver == "net_af_xdp") q.socket_family = AF_XDP;
  if (driver == "net_af_packet") q.socket_family = AF_PACKET;
  if (driver == "net_vhost" || driver == "eth_vhost") {
    // Segmentation is a matter of the virtio features, which ethdev's offload bits don't show.
    if (argument(arguments, "tso") == "1") {
      q.honoured_tx =
          RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
      q.honoured_rx = RTE_ETH_RX_OFFLOAD_TCP_LRO;
      q.fixup = TxFixup::kVhostTsoLength;
    }
  } else if (driver == "net_memif") {
    // Chains arrive corrupted under load: OffloadQueue makes them linear.
    q.broken_tx = RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
  } else if (driver == "net_vmxnet3") {
    // A descriptor's length has 14 bits, and a longer buffer is not spread over several.
    q.max_tso_bytes = 16'383;
  } else if (driver == "net_tap") {
    q.mac_is_the_kernels = true;
  } else if (driver == "net_af_packet") {
    q.largest_frame = frame_size(arguments) - std::min(frame_size(arguments), kRingHeader);
  }
  if (inserts_tags_in_software(driver)) q.broken_tx |= RTE_ETH_TX_OFFLOAD_VLAN_INSERT;
  return q;
}

std::uint16_t receive_buffer_bytes(std::string_view device, std::string_view arguments,
                                   std::uint16_t mtu) noexcept {
  std::uint32_t bytes = 0;
  if (device.starts_with("net_memif")) bytes = mtu + kFrameOverhead;
  if (device.starts_with("net_af_packet")) bytes = frame_size(arguments);
  if (bytes <= kUsualBuffer) return kUsualBuffer;
  return static_cast<std::uint16_t>((std::min(bytes, kMaxBuffer) + 63) / 64 * 64);
}

}  // namespace zs::dev
