#include "runtime/dispatch.hpp"

#include <rte_mbuf.h>

#include "buf/mbuf.hpp"

namespace zs::runtime {
namespace {

/// The first buffer of the packet has this length from now on. False: it has no room for that.
bool set_length(rte_mbuf& packet, std::uint16_t length) {
  if (length > packet.buf_len - packet.data_off) return false;
  packet.pkt_len = packet.pkt_len - packet.data_len + length;
  packet.data_len = length;
  return true;
}

/// As it came: what the device knew of it is not for the way out.
void send_back(rte_mbuf* packet, dev::PacketQueue& queue) {
  packet->ol_flags = 0;
  packet->tx_offload = 0;
  if (queue.tx_burst({&packet, 1}) == 0) buf::free_chain(packet);
}

}  // namespace

std::size_t dispatch(Dispatcher dispatcher, std::size_t from, std::span<rte_mbuf*> packets,
                     Relay& relay, dev::PacketQueue& queue) {
  std::size_t kept = 0;
  for (rte_mbuf* packet : packets) {
    std::uint16_t length = packet->data_len;
    const int to =
        dispatcher(rte_pktmbuf_mtod(packet, void*), &length, static_cast<std::uint16_t>(from),
                   static_cast<std::uint16_t>(relay.shards()));
    const bool is_shard = to >= 0 && static_cast<std::size_t>(to) < relay.shards();
    if (!set_length(*packet, length) || (!is_shard && to != kDispatchAnswer)) {
      buf::free_chain(packet);
    } else if (to == kDispatchAnswer) {
      send_back(packet, queue);
    } else if (static_cast<std::size_t>(to) != from) {
      relay.pass(from, static_cast<std::size_t>(to), packet);
    } else {
      packets[kept++] = packet;
    }
  }
  return kept;
}

}  // namespace zs::runtime
