// F-Stack's calls below IP: whole frames, and the queue's figures.
#include <ff_api.h>

#include <cstring>

#include "api/call.hpp"
#include "buf/mbuf.hpp"
#include "wire/ethernet.hpp"

namespace {

using zs::Errc;
using zs::Result;
using zs::api::Instance;

constexpr std::size_t kEthernetHeader = zs::wire::EthernetView::kHeader;

}  // namespace

int ff_dpdk_raw_packet_send(void* data, int total, uint16_t port_id) {
  return zs::api::call<int>([=](Instance& here) -> Result<void> {
    if (data == nullptr) return Errc{EFAULT};
    if (here.link == nullptr || port_id != 0) return Errc::kNoDevice;
    const std::size_t most = kEthernetHeader + here.link->mtu();
    if (total < static_cast<int>(kEthernetHeader) || static_cast<std::size_t>(total) > most) {
      return Errc::kInvalid;
    }
    const std::span frame(static_cast<const std::byte*>(data), static_cast<std::size_t>(total));
    auto copy = zs::buf::Mbuf::copy_of(frame, *here.pools.data);
    if (!copy) return Errc::kNoBuffers;
    rte_mbuf* packet = std::move(*copy).release();
    if (here.link->send(packet)) return {};
    zs::buf::free_chain(packet);
    return Errc::kNoBuffers;
  });
}

void ff_get_traffic(void* buffer) {
  if (buffer == nullptr) return;
  ff_traffic_args traffic{};
  const Instance* const here = zs::api::current();
  if (here != nullptr && here->link != nullptr) {
    traffic = here->link->traffic();
  }
  std::memcpy(buffer, &traffic, sizeof(traffic));
}
