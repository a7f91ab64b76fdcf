#include "dev/packet_queue.hpp"

#include <arpa/inet.h>
#include <linux/if_ether.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace zs::dev {

Result<void> bind_to_interface(int fd, int index, const MacAddress& mac) noexcept {
  // Membership instead of promiscuous mode: a NIC that can filter two addresses does so, and Linux
  // turns to promiscuous mode by itself for one that cannot.
  packet_mreq own{};
  own.mr_ifindex = index;
  own.mr_type = PACKET_MR_UNICAST;
  own.mr_alen = static_cast<unsigned short>(mac.bytes.size());
  std::memcpy(own.mr_address, mac.bytes.data(), mac.bytes.size());
  packet_mreq multicast{};
  multicast.mr_ifindex = index;
  multicast.mr_type = PACKET_MR_ALLMULTI;
  for (const packet_mreq& request : {own, multicast}) {
    if (::setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &request, sizeof request) != 0) {
      return static_cast<Errc>(errno);
    }
  }
  sockaddr_ll at{};
  at.sll_family = AF_PACKET;
  at.sll_protocol = htons(ETH_P_ALL);
  at.sll_ifindex = index;
  const void* const address = &at;
  if (::bind(fd, static_cast<const sockaddr*>(address), sizeof at) != 0) {
    return static_cast<Errc>(errno);
  }
  return {};
}

PacketSocketQueue::PacketSocketQueue(UniqueFd fd, int index, const KernelInterface& interface,
                                     const Capabilities& capabilities, buf::Pool& pool)
    : fd_(std::move(fd)),
      index_(index),
      interface_(&interface),
      capabilities_(&capabilities),
      pool_(&pool),
      overflow_(make_overflow(kBatch)),
      sizer_(std::uint32_t{capabilities.mtu} + 18) {
  slots_.reserve(kBatch);
  for (std::size_t i = 0; i < kBatch; ++i) {
    slots_.emplace_back(
        std::span{overflow_.get() + i * RxSlot::kOverflowBytes, RxSlot::kOverflowBytes});
  }
}

std::size_t PacketSocketQueue::arm_slots(std::size_t wanted) noexcept {
  const std::uint32_t expected = sizer_.expected_bytes();
  const std::size_t buffers = expected / pool_->data_room() + 1;
  const std::size_t active = buffers * kBatch <= kPostedBuffers
                                 ? kBatch
                                 : std::max<std::size_t>(kPostedBuffers / buffers, 4);
  if (expected != armed_bytes_) {
    armed_bytes_ = expected;
    used_slots_ = kBatch;
  }
  bool complete = true;
  for (std::size_t i = 0; i < used_slots_; ++i) {
    if (!slots_[i].arm(*pool_, i < active ? expected : 0)) complete = false;
    const auto vectors = slots_[i].vectors();
    msghdr& message = rx_messages_[i].msg_hdr;
    message.msg_iov = vectors.data();
    message.msg_iovlen = vectors.size();
    message.msg_control = rx_controls_[i].bytes.data();
    message.msg_controllen = rx_controls_[i].bytes.size();
  }
  // Slots without buffers are asked again next time, when the pool may have some.
  used_slots_ = complete ? 0 : kBatch;
  return std::min(wanted, active);
}

std::size_t PacketSocketQueue::rx_burst(std::span<rte_mbuf*> out) noexcept {
  if (detached_) reattach();
  std::size_t filled = 0;
  // Two turns, so that a batch that begins with an error is not a batch lost.
  for (int turn = 0; turn < 2 && filled < out.size(); ++turn) {
    const std::size_t wanted = arm_slots(out.size() - filled);
    const int got = ::recvmmsg(fd_.get(), rx_messages_.data(), static_cast<unsigned>(wanted),
                               MSG_DONTWAIT, nullptr);
    if (got < 0) {
      if (errno == EAGAIN) break;
      on_receive_error(errno);
      continue;
    }
    const auto count = static_cast<std::size_t>(got);
    for (std::size_t i = 0; i < count; ++i) {
      if (rte_mbuf* const m = take(i)) out[filled++] = m;
    }
    used_slots_ = std::max(used_slots_, count);
    if (count < wanted) break;  // the socket is empty
  }
  return filled;
}

rte_mbuf* PacketSocketQueue::take(std::size_t i) noexcept {
  const mmsghdr& message = rx_messages_[i];
  const bool whole =
      message.msg_len >= sizeof(VirtioNetHeader) && (message.msg_hdr.msg_flags & MSG_TRUNC) == 0;
  const std::size_t length = whole ? message.msg_len - sizeof(VirtioNetHeader) : 0;
  auto packet = slots_[i].take(length, *pool_);
  if (!packet) {
    ++(packet.error() == Errc::kNoBuffers ? stats_.rx_no_buffers : stats_.rx_errors);
    return nullptr;
  }
  rte_mbuf* const m = *packet;
  sizer_.on_frame(m->pkt_len);
  ++stats_.rx_packets;
  stats_.rx_bytes += m->pkt_len;
  const cmsghdr* const control = CMSG_FIRSTHDR(&message.msg_hdr);
  if (control == nullptr || control->cmsg_level != SOL_PACKET ||
      control->cmsg_type != PACKET_AUXDATA ||
      control->cmsg_len < CMSG_LEN(sizeof(tpacket_auxdata))) {
    return m;
  }
  tpacket_auxdata about;
  std::memcpy(&about, CMSG_DATA(control), sizeof about);
  if ((about.tp_status & TP_STATUS_VLAN_VALID) != 0) {
    m->vlan_tci = about.tp_vlan_tci;
    m->ol_flags |= RTE_MBUF_F_RX_VLAN | RTE_MBUF_F_RX_VLAN_STRIPPED;
  }
  return m;
}

void PacketSocketQueue::on_receive_error(int error) noexcept {
  if (error == EINTR) return;
  if (error == ENETDOWN || error == ENODEV || error == ENXIO) {
    detached_ = true;
    return;
  }
  ++stats_.rx_errors;  // EINVAL: a frame that a virtio header cannot describe; it is gone
}

void PacketSocketQueue::reattach() noexcept {
  const auto index = interface_->index();
  if (!index) return;  // not back yet
  // The kernel itself reconnects the socket to an interface that only went down. One that was
  // removed comes back as another one, by the same name.
  if (*index != index_) {
    if (!bind_to_interface(fd_.get(), *index, capabilities_->mac)) return;
    index_ = *index;
  }
  detached_ = false;
}

std::size_t PacketSocketQueue::tx_burst(std::span<rte_mbuf* const> packets) noexcept {
  if (detached_) reattach();
  std::size_t done = 0;
  while (done < packets.size()) {
    const auto rest = packets.subspan(done);
    const std::size_t messages = fill_batch(rest);
    if (messages == 0) {  // the first one cannot be sent at all
      on_refused(rest[0]);
      ++done;
      continue;
    }
    const std::size_t consumed = send_batch(rest, messages);
    done += consumed;
    if (consumed == 0) break;
  }
  return done;
}

/// Prepares messages for a prefix of the packets, up to the first one that cannot be sent.
std::size_t PacketSocketQueue::fill_batch(std::span<rte_mbuf* const> packets) noexcept {
  std::span<iovec> free_vectors{tx_vectors_};
  const std::size_t limit = std::min(packets.size(), kBatch);
  for (std::size_t i = 0; i < limit; ++i) {
    if (!make_virtio_tx(*packets[i], tx_frames_[i])) return i;
    const std::size_t room = std::min<std::size_t>(free_vectors.size(), kMaxTxSegments + 2);
    const std::size_t n = gather(tx_frames_[i], *packets[i], free_vectors.first(room));
    if (n == 0) return i;
    tx_messages_[i].msg_hdr.msg_iov = free_vectors.data();
    tx_messages_[i].msg_hdr.msg_iovlen = n;
    free_vectors = free_vectors.subspan(n);
  }
  return limit;
}

/// How many packets were consumed, sent or refused; 0 when the kernel takes none for now.
std::size_t PacketSocketQueue::send_batch(std::span<rte_mbuf* const> packets,
                                          std::size_t messages) noexcept {
  int sent = 0;
  do {
    sent =
        ::sendmmsg(fd_.get(), tx_messages_.data(), static_cast<unsigned>(messages), MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) {
    if (errno == EAGAIN) return 0;
    if (errno == ENETDOWN || errno == ENXIO) detached_ = true;
    on_refused(packets[0]);
    return 1;
  }
  for (rte_mbuf* const m : packets.first(static_cast<std::size_t>(sent))) on_sent(m);
  return static_cast<std::size_t>(sent);
}

void PacketSocketQueue::on_sent(rte_mbuf* packet) noexcept {
  ++stats_.tx_packets;
  stats_.tx_bytes += packet->pkt_len;
  buf::free_chain(packet);
}

void PacketSocketQueue::on_refused(rte_mbuf* packet) noexcept {
  ++stats_.tx_errors;
  buf::free_chain(packet);
}

QueueStats PacketSocketQueue::stats() const noexcept {
  tpacket_stats kernel{};
  socklen_t length = sizeof kernel;
  if (::getsockopt(fd_.get(), SOL_PACKET, PACKET_STATISTICS, &kernel, &length) == 0) {
    kernel_drops_ += kernel.tp_drops;
  }
  QueueStats all = stats_;
  all.rx_no_buffers += kernel_drops_;
  return all;
}

}  // namespace zs::dev
