#include "dev/dpdk/ethdev.hpp"

#include <rte_dev.h>
#include <rte_devargs.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_ether.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include "base/assert.hpp"
#include "dev/dpdk/driver_quirks.hpp"
#include "dev/dpdk/ethdev_queue.hpp"
#include "dev/dpdk/opened_sockets.hpp"
#include "dev/kernel_interface.hpp"

namespace zs::dev {
namespace {

// Checksums, segmentation and chains: what the stack asks for.
constexpr std::uint64_t kWantedRx = RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_CKSUM |
                                    RTE_ETH_RX_OFFLOAD_UDP_CKSUM | RTE_ETH_RX_OFFLOAD_TCP_LRO |
                                    RTE_ETH_RX_OFFLOAD_SCATTER;
constexpr std::uint64_t kRxL4 = RTE_ETH_RX_OFFLOAD_TCP_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM;
// Not MBUF_FAST_FREE: our buffers are shared, and come from several pools.
constexpr std::uint64_t kTxL4 = RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
constexpr std::uint64_t kWantedTx = RTE_ETH_TX_OFFLOAD_IPV4_CKSUM | kTxL4 |
                                    RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
constexpr std::uint64_t kWantedRss = RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP;
constexpr std::uint32_t kMaxTsoBytes = 65'226;  // as measured over virtio; NICs take 64 KB
constexpr std::uint16_t kMaxTxSegments = 128;

/// Those that ethdev knows by other names.
constexpr std::uint64_t rx_bits(Offload offloads) {
  std::uint64_t bits = 0;
  if (overlaps(offloads, Offload::kRxIpChecksum)) bits |= RTE_ETH_RX_OFFLOAD_IPV4_CKSUM;
  if (overlaps(offloads, Offload::kRxL4Checksum)) bits |= kRxL4;
  if (overlaps(offloads, Offload::kLro)) bits |= RTE_ETH_RX_OFFLOAD_TCP_LRO;
  return bits;
}
constexpr std::uint64_t tx_bits(Offload offloads) {
  std::uint64_t bits = 0;
  if (overlaps(offloads, Offload::kTxIpChecksum)) bits |= RTE_ETH_TX_OFFLOAD_IPV4_CKSUM;
  if (overlaps(offloads, Offload::kTxL4Checksum)) bits |= kTxL4;
  if (overlaps(offloads, Offload::kTso)) bits |= RTE_ETH_TX_OFFLOAD_TCP_TSO;
  if (overlaps(offloads, Offload::kMultiSegment)) bits |= RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
  return bits;
}

Errc refuse_dpdk(std::string* why, int rc, const std::string& what) {
  const int error = rc < 0 ? -rc : rc;
  return refuse(why, error == 0 ? Errc::kIo : static_cast<Errc>(error),
                what + ": " + rte_strerror(error));
}

MacAddress mac_from(const rte_ether_addr& address) noexcept {
  MacAddress mac;
  std::memcpy(mac.bytes.data(), address.addr_bytes, mac.bytes.size());
  return mac;
}

/// Whether a PCI device has an interrupt for each queue: uio has one for the device, which drivers
/// use up for the link.
bool is_on_vfio(const std::string& pci_address) noexcept {
  if (pci_address.find('/') != std::string::npos) return false;
  std::array<char, PATH_MAX> target{};
  const std::string link = "/sys/bus/pci/devices/" + pci_address + "/driver";
  const ssize_t n = ::readlink(link.c_str(), target.data(), target.size());
  return n > 0 &&
         std::string_view(target.data(), static_cast<std::size_t>(n)).ends_with("/vfio-pci");
}

}  // namespace

/// Owns the port from the moment that it was found.
struct Ethdev::Impl {
  Impl() = default;
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { close(); }

  Result<void> find(const std::string& device, std::string* why);
  Result<void> claim(std::string* why);
  Result<void> check(const EthdevConfig& config, std::span<const buf::Pools> wanted,
                     std::string* why);
  void choose_offloads(const EthdevConfig& config, std::span<const buf::Pools> wanted);
  Result<void> configure(const EthdevConfig& config, std::size_t count, std::string* why);
  Result<void> set_up_queues(const EthdevConfig& config, std::span<const buf::Pools> wanted,
                             std::string* why);
  Result<void> set_mac(const EthdevConfig& config, std::string* why);
  Result<void> start(const EthdevConfig& config, std::string* why);
  Result<void> bring_up(const EthdevConfig& config, std::span<const buf::Pools> wanted,
                        std::string* why);
  void fill_capabilities(const EthdevConfig& config, std::uint16_t tx_descriptors);
  void make_queues(std::size_t count);
  void close() noexcept;

  std::string name;
  std::string driver;
  std::uint16_t port = RTE_MAX_ETHPORTS;
  std::uint64_t owner = 0;
  bool probed_here = false, claimed = false, started = false, filter_by_software = false;
  bool rx_interrupts = false;  ///< asked of the driver
  OpenedSockets sockets;
  bool spreads = false;
  rte_eth_dev_info info{};
  DriverQuirks quirks;
  std::uint64_t rx_offloads = 0, tx_offloads = 0;
  std::uint16_t tx_descriptors = 0;
  Capabilities capabilities;
  std::vector<std::unique_ptr<EthdevQueue>> queues;
};

Result<void> Ethdev::Impl::find(const std::string& device, std::string* why) {
  name = device.substr(0, device.find(','));
  if (name.empty()) return refuse(why, Errc::kInvalid, "no DPDK device is named");
  if (rte_eth_dev_get_port_by_name(name.c_str(), &port) == 0) return {};
  if (const int rc = rte_dev_probe(device.c_str()); rc != 0) {
    return refuse(why, Errc::kNoDevice,
                  "DPDK finds no device \"" + device + "\" (" + rte_strerror(-rc) +
                      "): name a virtual one (net_af_xdp0,iface=eth0) or the PCI address of a NIC "
                      "that is bound to a DPDK driver (dpdk-devbind.py -s)");
  }
  if (rte_eth_dev_get_port_by_name(name.c_str(), &port) != 0) {
    port = RTE_MAX_ETHPORTS;
    return refuse(why, Errc::kNoDevice, "the device " + name + " is not a network port");
  }
  probed_here = true;
  return {};
}

Result<void> Ethdev::Impl::claim(std::string* why) {
  rte_eth_dev_owner mine{};
  int rc = rte_eth_dev_owner_new(&owner);
  if (rc != 0) return refuse_dpdk(why, rc, "cannot claim " + name);
  mine.id = owner;
  std::strncpy(mine.name, "zstack", sizeof mine.name - 1);
  if (rte_eth_dev_owner_set(port, &mine) != 0) {
    return refuse(why, Errc::kBusy, "the port " + name + " is already in use in this process");
  }
  claimed = true;
  rc = rte_eth_dev_info_get(port, &info);
  if (rc != 0) return refuse_dpdk(why, rc, "cannot ask " + name + " what it can do");
  driver = info.driver_name;
  const rte_devargs* const arguments = rte_dev_devargs(info.device);
  quirks =
      quirks_of(driver, arguments != nullptr && arguments->args != nullptr ? arguments->args : "");
  rx_interrupts = quirks.has_rx_interrupts || is_on_vfio(name);
  return {};
}

Result<void> Ethdev::Impl::check(const EthdevConfig& config, std::span<const buf::Pools> wanted,
                                 std::string* why) {
  if (wanted.empty()) return refuse(why, Errc::kInvalid, "a port needs at least one queue");
  const std::size_t most = std::min(info.max_rx_queues, info.max_tx_queues);
  if (wanted.size() > most) {
    return refuse(why, Errc::kInvalid,
                  name + " (" + driver + ") has " + std::to_string(most) + " queues, not " +
                      std::to_string(wanted.size()) + ": use fewer lcores");
  }
  for (const auto& pools : wanted) {
    if (pools.data == nullptr || pools.data->mempool() == nullptr) {
      return refuse(why, Errc::kInvalid, "a DPDK port needs pools of DPDK");
    }
    const std::uint32_t frame = config.mtu + kFrameOverhead;
    if (frame > pools.data->data_room() &&
        (info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER) == 0 && driver == "net_memif") {
      return refuse(why, Errc::kInvalid,
                    "net_memif receives no chains: MTU " + std::to_string(config.mtu) +
                        " does not fit buffers of " + std::to_string(pools.data->data_room()));
    }
  }
  if (config.mac.is_multicast()) {
    return refuse(why, Errc::kInvalid,
                  config.mac.to_string() + " is a multicast address, not a station's");
  }
  if (quirks.largest_frame != 0 && config.mtu + kFrameOverhead > quirks.largest_frame) {
    return refuse(why, Errc::kInvalid,
                  name + " (" + driver + ") carries frames of " +
                      std::to_string(quirks.largest_frame) + " bytes, too few for an MTU of " +
                      std::to_string(config.mtu) + ": add \",framesz=16384,blocksz=65536\"");
  }
  if (config.mtu < info.min_mtu || config.mtu > info.max_mtu) {
    return refuse(why, Errc::kInvalid,
                  name + " (" + driver + ") takes an MTU of " + std::to_string(info.min_mtu) +
                      " to " + std::to_string(info.max_mtu) + ", not " +
                      std::to_string(config.mtu));
  }
  return {};
}

void Ethdev::Impl::choose_offloads(const EthdevConfig& config, std::span<const buf::Pools> wanted) {
  quirks.honoured_rx &= ~rx_bits(config.without);
  quirks.honoured_tx &= ~tx_bits(config.without);
  rx_offloads = kWantedRx & info.rx_offload_capa & ~rx_bits(config.without);
  tx_offloads = kWantedTx & info.tx_offload_capa & ~quirks.broken_tx & ~tx_bits(config.without);
  // Scattering costs a slower receive function; without need and LRO it stays off.
  const bool fits = std::all_of(wanted.begin(), wanted.end(), [&](const buf::Pools& p) {
    return config.mtu + kFrameOverhead <= p.data->data_room();
  });
  if (fits && (rx_offloads & RTE_ETH_RX_OFFLOAD_TCP_LRO) == 0) {
    rx_offloads &= ~std::uint64_t{RTE_ETH_RX_OFFLOAD_SCATTER};
  }
  // Both or neither, and only where a VLAN is: with it some drivers transmit by a slower function.
  const bool strips = (info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_VLAN_STRIP) != 0;
  const std::uint64_t inserts =
      info.tx_offload_capa & ~quirks.broken_tx & RTE_ETH_TX_OFFLOAD_VLAN_INSERT;
  if (config.vlan && strips && inserts != 0 && !overlaps(config.without, Offload::kVlan)) {
    rx_offloads |= RTE_ETH_RX_OFFLOAD_VLAN_STRIP;
    tx_offloads |= inserts;
  }
}

Result<void> Ethdev::Impl::configure(const EthdevConfig& config, std::size_t count,
                                     std::string* why) {
  rte_eth_conf conf{};
  conf.rxmode.offloads = rx_offloads;
  conf.rxmode.mtu = quirks.largest_frame != 0 ? std::uint16_t{RTE_ETHER_MTU} : config.mtu;
  // Stays 0 where the driver names no size: ethdev then takes what fits, and refuses all else.
  const bool lro = (rx_offloads & RTE_ETH_RX_OFFLOAD_TCP_LRO) != 0;
  if (lro && driver.find("virtio") == std::string::npos) {
    conf.rxmode.max_lro_pkt_size = info.max_lro_pkt_size;
  }
  conf.txmode.offloads = tx_offloads;
  conf.intr_conf.rxq = rx_interrupts ? 1 : 0;
  const std::uint64_t rss = kWantedRss & info.flow_type_rss_offloads;
  if (count > 1 && rss != 0 && !overlaps(config.without, Offload::kRss)) {
    conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf.rx_adv_conf.rss_conf.rss_hf = rss;
    spreads = true;
  }
  const auto n = static_cast<std::uint16_t>(count);
  if (const int rc = rte_eth_dev_configure(port, n, n, &conf); rc != 0) {
    return refuse_dpdk(why, rc, name + " (" + driver + ") refuses its configuration");
  }
  if (quirks.largest_frame != 0) return {};
  // Drivers without a call for it took the MTU from the configuration.
  if (const int rc = rte_eth_dev_set_mtu(port, config.mtu); rc != 0 && rc != -ENOTSUP) {
    return refuse_dpdk(why, rc, name + " refuses MTU " + std::to_string(config.mtu));
  }
  return {};
}

Result<void> Ethdev::Impl::set_up_queues(const EthdevConfig& config,
                                         std::span<const buf::Pools> wanted, std::string* why) {
  std::uint16_t rx = config.rx_descriptors, tx = config.tx_descriptors;
  if (const int rc = rte_eth_dev_adjust_nb_rx_tx_desc(port, &rx, &tx); rc != 0) {
    return refuse_dpdk(why, rc, name + " refuses its number of descriptors");
  }
  tx_descriptors = tx;
  rte_eth_rxconf rx_conf = info.default_rxconf;
  rx_conf.offloads = rx_offloads;
  rte_eth_txconf tx_conf = info.default_txconf;
  tx_conf.offloads = tx_offloads;
  const int socket = rte_eth_dev_socket_id(port);
  const auto node = static_cast<unsigned>(socket < 0 ? SOCKET_ID_ANY : socket);
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const auto queue = static_cast<std::uint16_t>(i);
    int rc = rte_eth_rx_queue_setup(port, queue, rx, node, &rx_conf, wanted[i].data->mempool());
    if (rc == 0) rc = rte_eth_tx_queue_setup(port, queue, tx, node, &tx_conf);
    if (rc != 0) {
      return refuse_dpdk(why, rc, "cannot set up queue " + std::to_string(i) + " of " + name);
    }
  }
  return {};
}

Result<void> Ethdev::Impl::set_mac(const EthdevConfig& config, std::string* why) {
  rte_ether_addr address{};
  if (const int rc = rte_eth_macaddr_get(port, &address); rc != 0) {
    return refuse_dpdk(why, rc, "cannot read the MAC address of " + name);
  }
  const MacAddress given = mac_from(address);
  MacAddress wanted = config.mac;
  if (wanted.is_zero()) wanted = quirks.mac_is_the_kernels ? derive_mac(given) : given;
  if (wanted.is_zero() || wanted.is_multicast()) {
    rte_eth_random_addr(address.addr_bytes);  // net_null and its like have none
    wanted = mac_from(address);
  }
  capabilities.mac = wanted;
  if (wanted == given) return {};
  std::memcpy(address.addr_bytes, wanted.bytes.data(), wanted.bytes.size());
  // On net_tap the call would change the kernel's side as well.
  filter_by_software =
      quirks.mac_is_the_kernels || rte_eth_dev_default_mac_addr_set(port, &address) != 0;
  return {};
}

Result<void> Ethdev::Impl::start(const EthdevConfig& config, std::string* why) {
  if (const int rc = rte_eth_dev_start(port); rc != 0) {
    return refuse_dpdk(why, rc, "cannot start " + name + " (" + driver + ")");
  }
  started = true;
  // A device that cannot filter by address delivers everything anyway, so refusals don't matter.
  const bool everything = config.promiscuous == Promiscuous::kOn || filter_by_software;
  static_cast<void>(everything ? rte_eth_promiscuous_enable(port)
                               : rte_eth_promiscuous_disable(port));
  static_cast<void>(rte_eth_allmulticast_enable(port));  // neighbour discovery
  return {};
}

/// With receive interrupts if the driver takes them.
Result<void> Ethdev::Impl::bring_up(const EthdevConfig& config, std::span<const buf::Pools> wanted,
                                    std::string* why) {
  const auto all = [&]() -> Result<void> {
    ZS_TRY(configure(config, wanted.size(), why));
    ZS_TRY(set_up_queues(config, wanted, why));
    ZS_TRY(set_mac(config, why));
    return start(config, why);
  };
  Result<void> done = all();
  if (!done && std::exchange(rx_interrupts, false)) done = all();
  return done;
}

void Ethdev::Impl::make_queues(std::size_t count) {
  TxFixup fixup = quirks.fixup;
  if (fixup == TxFixup::kNone && tx_offloads != 0) fixup = TxFixup::kDriver;
  EthdevWake wake{.interrupts = rx_interrupts, .stays_readable = driver == "net_vhost"};
  if (quirks.socket_family != 0) {
    // Which of several belongs to which queue nobody tells.
    const auto opened = sockets.find(quirks.socket_family);
    if (opened.size() == 1 && count == 1) wake.socket = opened.front();
  }
  for (std::size_t i = 0; i < count; ++i) {
    queues.push_back(std::make_unique<EthdevQueue>(port, static_cast<std::uint16_t>(i),
                                                   capabilities, fixup, wake));
  }
}

void Ethdev::Impl::fill_capabilities(const EthdevConfig& config, std::uint16_t descriptors) {
  Capabilities& c = capabilities;
  const std::uint64_t rx = rx_offloads | quirks.honoured_rx;
  const std::uint64_t tx = tx_offloads | quirks.honoured_tx;
  const auto offer = [&c](bool condition, Offload offload) {
    if (condition) c.offloads = c.offloads | offload;
  };
  c.name = (name.find(':') != std::string::npos ? "pci:" : "dpdk:") + name;
  c.mtu = config.mtu;
  const bool chains = (tx & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0;
  const bool tso = chains && (tx & RTE_ETH_TX_OFFLOAD_TCP_TSO) != 0;
  offer((rx & RTE_ETH_RX_OFFLOAD_IPV4_CKSUM) != 0, Offload::kRxIpChecksum);
  offer((rx & kRxL4) == kRxL4, Offload::kRxL4Checksum);
  offer((tx & RTE_ETH_TX_OFFLOAD_IPV4_CKSUM) != 0, Offload::kTxIpChecksum);
  offer((tx & kTxL4) == kTxL4, Offload::kTxL4Checksum);
  offer((rx & RTE_ETH_RX_OFFLOAD_TCP_LRO) != 0, Offload::kLro);
  // Asked again: the port may not have turned on what it was configured for.
  const int vlan = rte_eth_dev_get_vlan_offload(port);
  offer((tx & RTE_ETH_TX_OFFLOAD_VLAN_INSERT) != 0 && vlan >= 0 &&
            (vlan & RTE_ETH_VLAN_STRIP_OFFLOAD) != 0,
        Offload::kVlan);
  offer(spreads, Offload::kRss);
  offer(chains, Offload::kMultiSegment);
  offer(tso, Offload::kTso);
  if (tso) c.max_tso_bytes = quirks.max_tso_bytes != 0 ? quirks.max_tso_bytes : kMaxTsoBytes;
  c.max_tx_segments = 1;
  if (!chains) return;
  std::uint16_t most = kMaxTxSegments;
  for (const std::uint16_t limit : {info.tx_desc_lim.nb_seg_max, info.tx_desc_lim.nb_mtu_seg_max,
                                    static_cast<std::uint16_t>(descriptors / 4)}) {
    if (limit != 0) most = std::min(most, limit);
  }
  c.max_tx_segments = most;
}

void Ethdev::Impl::close() noexcept {
  queues.clear();
  if (port == RTE_MAX_ETHPORTS) return;
  if (started) static_cast<void>(rte_eth_dev_stop(port));
  if (claimed) {
    static_cast<void>(rte_eth_dev_owner_unset(port, owner));
    static_cast<void>(rte_eth_dev_close(port));
  }
  if (probed_here && info.device != nullptr) static_cast<void>(rte_dev_remove(info.device));
  port = RTE_MAX_ETHPORTS;
}

Result<std::unique_ptr<Ethdev>> Ethdev::open(const EthdevConfig& config,
                                             std::span<const buf::Pools> queues, std::string* why) {
  auto impl = std::make_unique<Impl>();
  ZS_TRY(impl->find(config.device, why));
  ZS_TRY(impl->claim(why));
  ZS_TRY(impl->check(config, queues, why));
  impl->choose_offloads(config, queues);
  ZS_TRY(impl->bring_up(config, queues, why));
  impl->fill_capabilities(config, impl->tx_descriptors);
  impl->make_queues(queues.size());
  return std::make_unique<Ethdev>(std::move(impl));
}

Ethdev::Ethdev(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Ethdev::~Ethdev() = default;

const Capabilities& Ethdev::capabilities() const noexcept { return impl_->capabilities; }
std::size_t Ethdev::queue_count() const noexcept { return impl_->queues.size(); }
PacketQueue& Ethdev::queue(std::size_t index) noexcept {
  ZS_ASSERT(index < impl_->queues.size());
  return *impl_->queues[index];
}
std::uint16_t Ethdev::port_id() const noexcept { return impl_->port; }
const std::string& Ethdev::driver() const noexcept { return impl_->driver; }

Result<void> Ethdev::set_promiscuous(Promiscuous mode) noexcept {
  const bool everything = mode == Promiscuous::kOn || impl_->filter_by_software;
  const int rc = everything ? rte_eth_promiscuous_enable(impl_->port)
                            : rte_eth_promiscuous_disable(impl_->port);
  if (rc != 0) return static_cast<Errc>(-rc);
  return {};
}

}  // namespace zs::dev
