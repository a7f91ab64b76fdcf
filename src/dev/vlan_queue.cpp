#include "dev/vlan_queue.hpp"

#include <cstring>
#include <utility>

#include "base/byte_order.hpp"
#include "buf/mbuf.hpp"
#include "dev/checksum_offload.hpp"
#include "wire/ethernet.hpp"
#include "wire/vlan.hpp"

namespace zs::dev {
namespace {

constexpr std::uint16_t kAddresses = 12;
constexpr std::uint16_t kTag = wire::VlanView::kTag;
constexpr std::uint16_t kTaggedHeader = wire::EthernetView::kHeader + kTag;
constexpr std::uint16_t kIdMask = 0x0fff;
constexpr std::uint64_t kSaysVlan = RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;

/// Gives to the header, or takes from it, without a look at who else holds the buffer: what is in
/// front of a packet's data is the sender's to write.
void move_front(rte_mbuf& m, int bytes) noexcept {
  m.data_off = static_cast<std::uint16_t>(m.data_off - bytes);
  m.data_len = static_cast<std::uint16_t>(m.data_len + bytes);
  m.pkt_len = static_cast<std::uint32_t>(static_cast<std::int64_t>(m.pkt_len) + bytes);
}

}  // namespace

VlanQueue::VlanQueue(PacketQueue& inner, std::uint16_t id, buf::Pools pools)
    : inner_(inner),
      pools_(pools),
      id_(id),
      by_device_(has(inner.capabilities().offloads, Offload::kVlan)) {
  ZS_ASSERT(id >= 1 && id <= kMaxId);
}

QueueStats VlanQueue::stats() const noexcept {
  QueueStats s = inner_.stats();
  s.rx_errors += foreign_;
  s.rx_no_buffers += no_buffers_;
  return s;
}

std::size_t VlanQueue::rx_burst(std::span<rte_mbuf*> out) noexcept {
  const std::size_t arrived = inner_.rx_burst(out);
  std::size_t kept = 0;
  for (rte_mbuf* frame : out.first(arrived)) {
    const bool ours = is_ours(*frame);
    if (!ours) ++foreign_;
    if (ours && strip(frame)) {
      out[kept++] = frame;
    } else {
      buf::free_chain(frame);
    }
  }
  return kept;
}

bool VlanQueue::is_ours(const rte_mbuf& frame) const noexcept {
  if ((frame.ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) != 0) {
    return (frame.vlan_tci & kIdMask) == id_;
  }
  // Whoever splits frames leaves the link's header whole.
  if (frame.data_len < kTaggedHeader) return false;
  const std::byte* const header = buf::data(&frame);
  return load_be<std::uint16_t>(header + kAddresses) == wire::ether_type::kVlan &&
         (load_be<std::uint16_t>(header + kAddresses + 2) & kIdMask) == id_;
}

/// False: it is to be freed, for want of a buffer. `frame` may become another one.
bool VlanQueue::strip(rte_mbuf*& frame) noexcept {
  if ((frame->ol_flags & RTE_MBUF_F_RX_VLAN_STRIPPED) == 0) {
    buf::Mbuf ours = buf::Mbuf::adopt(frame);
    const bool is_private = make_headers_private(ours, kTaggedHeader, pools_).has_value();
    frame = std::move(ours).release();
    if (!is_private) {
      ++no_buffers_;
      return false;
    }
    std::memmove(buf::data(frame) + kTag, buf::data(frame), kAddresses);
    move_front(*frame, -int{kTag});
  }
  frame->ol_flags &= ~kSaysVlan;
  frame->vlan_tci = 0;
  return true;
}

std::size_t VlanQueue::tx_burst(std::span<rte_mbuf* const> packets) noexcept {
  std::size_t tagged = 0;
  while (tagged < packets.size() && tag(*packets[tagged])) ++tagged;
  const std::size_t taken = inner_.tx_burst(packets.first(tagged));
  // The rest is the caller's again, as it was.
  for (rte_mbuf* const packet : packets.subspan(taken, tagged - taken)) untag(*packet);
  return taken;
}

/// False without the headroom, which every packet of the stack has (OutPacket::kL2L3Room).
bool VlanQueue::tag(rte_mbuf& packet) const noexcept {
  if (by_device_) {
    packet.ol_flags |= RTE_MBUF_F_TX_VLAN;
    packet.vlan_tci = id_;
    return true;
  }
  if (!buf::is_direct(&packet) || buf::headroom(&packet) < kTag || packet.data_len < kAddresses) {
    ZS_ASSERT(false && "a packet without headroom for its tag");
    return false;
  }
  move_front(packet, kTag);
  std::memmove(buf::data(&packet), buf::data(&packet) + kTag, kAddresses);
  store_be(buf::data(&packet) + kAddresses, wire::ether_type::kVlan);
  store_be(buf::data(&packet) + kAddresses + 2, id_);
  if (packet.l2_len != 0) packet.l2_len = (packet.l2_len + kTag) & 0x7f;
  return true;
}

void VlanQueue::untag(rte_mbuf& packet) const noexcept {
  if (by_device_) {
    packet.ol_flags &= ~RTE_MBUF_F_TX_VLAN;
    return;
  }
  std::memmove(buf::data(&packet) + kTag, buf::data(&packet), kAddresses);
  move_front(packet, -int{kTag});
  if (packet.l2_len != 0) packet.l2_len = (packet.l2_len - kTag) & 0x7f;
}

}  // namespace zs::dev
