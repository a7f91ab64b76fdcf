#include "dev/dpdk/driver_quirks.hpp"

#include <rte_ethdev.h>

namespace zs::dev {
namespace {

bool has_argument(std::string_view arguments, std::string_view wanted) noexcept {
  while (!arguments.empty()) {
    const auto comma = arguments.find(',');
    if (arguments.substr(0, comma) == wanted) return true;
    if (comma == std::string_view::npos) break;
    arguments.remove_prefix(comma + 1);
  }
  return false;
}

}  // namespace

DriverQuirks quirks_of(std::string_view driver, std::string_view arguments) noexcept {
  DriverQuirks q;
  if (driver == "net_vhost" || driver == "eth_vhost") {
    // Segmentation is a matter of the virtio features, which ethdev's offload bits don't show.
    if (has_argument(arguments, "tso=1")) {
      q.honoured_tx =
          RTE_ETH_TX_OFFLOAD_TCP_TSO | RTE_ETH_TX_OFFLOAD_TCP_CKSUM | RTE_ETH_TX_OFFLOAD_UDP_CKSUM;
      q.honoured_rx = RTE_ETH_RX_OFFLOAD_TCP_LRO;
      q.fixup = TxFixup::kVhostTsoLength;
    }
  } else if (driver == "net_memif") {
    // Chains arrive corrupted under load: OffloadQueue makes them linear.
    q.broken_tx = RTE_ETH_TX_OFFLOAD_MULTI_SEGS;
  } else if (driver == "net_tap") {
    q.mac_is_the_kernels = true;
  }
  return q;
}

}  // namespace zs::dev
