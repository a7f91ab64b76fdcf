#include "dev/dpdk/ethdev_queue.hpp"

#include <poll.h>
#include <rte_ethdev.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/byte_order.hpp"
#include "buf/mbuf.hpp"

namespace zs::dev {
namespace {

/// Adds the TCP length to the pseudo-header sum of a super-frame, as Linux has it behind a
/// virtio-net header. The headers lie in the first segment (OffloadQueue and the stack see to it);
/// a packet where they don't is left alone.
void add_tcp_length(rte_mbuf* m) noexcept {
  if ((m->ol_flags & RTE_MBUF_F_TX_TCP_SEG) == 0) return;
  constexpr std::uint32_t kTcpChecksumOffset = 16;
  const auto l4 = static_cast<std::uint32_t>(m->l2_len + m->l3_len);
  if (l4 + kTcpChecksumOffset + 2 > m->data_len || l4 > m->pkt_len) return;
  std::byte* const field = buf::data(m) + l4 + kTcpChecksumOffset;
  std::uint32_t sum = load_be<std::uint16_t>(field) + (m->pkt_len - l4);
  sum = (sum & 0xffff) + (sum >> 16);
  sum = (sum & 0xffff) + (sum >> 16);
  store_be(field, static_cast<std::uint16_t>(sum));
}

std::uint64_t bytes_of(std::span<rte_mbuf* const> packets) noexcept {
  std::uint64_t bytes = 0;
  for (const rte_mbuf* const m : packets) bytes += m->pkt_len;
  return bytes;
}

/// Makes `fd` unreadable until the next interrupt.
void take_back_signal(int fd) noexcept {
  pollfd signal{fd, POLLIN, 0};
  if (::poll(&signal, 1, 0) <= 0) return;  // a descriptor that blocks is not read in vain
  std::uint64_t count = 0;
  [[maybe_unused]] const auto n = ::read(fd, &count, sizeof count);
}

}  // namespace

EthdevQueue::~EthdevQueue() {
  for (rte_mbuf* const m : std::span{batch_}.first(pending_)) buf::free_chain(m);
}

std::size_t EthdevQueue::rx_burst(std::span<rte_mbuf*> out) noexcept {
  if (pending_ != 0) flush();
  const auto room = static_cast<std::uint16_t>(std::min<std::size_t>(out.size(), 0x8000));
  const std::uint16_t got = rte_eth_rx_burst(port_, index_, out.data(), room);
  stats_.rx_packets += got;
  stats_.rx_bytes += bytes_of(out.first(got));
  return got;
}

std::size_t EthdevQueue::tx_burst(std::span<rte_mbuf* const> packets) noexcept {
  if (pending_ != 0) flush();
  std::size_t accepted = 0;
  while (pending_ == 0 && accepted < packets.size()) {
    const auto next =
        packets.subspan(accepted, std::min<std::size_t>(packets.size() - accepted, kBatch));
    std::copy(next.begin(), next.end(), batch_.begin());
    pending_ = static_cast<std::uint16_t>(next.size());
    accepted += next.size();
    prepare();
    flush();
  }
  return accepted;
}

/// Lets the driver fix each packet of the batch once; what it refuses is dropped.
void EthdevQueue::prepare() noexcept {
  if (fixup_ == TxFixup::kNone) return;
  if (fixup_ == TxFixup::kVhostTsoLength) {
    for (rte_mbuf* const m : std::span{batch_}.first(pending_)) add_tcp_length(m);
    return;
  }
  std::uint16_t good = 0;
  while (good < pending_) {
    const auto left = static_cast<std::uint16_t>(pending_ - good);
    good = static_cast<std::uint16_t>(
        good + rte_eth_tx_prepare(port_, index_, batch_.data() + good, left));
    if (good == pending_) break;
    buf::free_chain(batch_[good]);
    ++stats_.tx_errors;
    std::copy(batch_.begin() + good + 1, batch_.begin() + pending_, batch_.begin() + good);
    --pending_;
  }
}

void EthdevQueue::flush() noexcept {
  // Sizes first: the driver may free what it takes.
  std::array<std::uint32_t, kBatch> sizes;
  for (std::uint16_t i = 0; i < pending_; ++i) sizes[i] = batch_[i]->pkt_len;
  const std::uint16_t sent = rte_eth_tx_burst(port_, index_, batch_.data(), pending_);
  for (std::uint16_t i = 0; i < sent; ++i) stats_.tx_bytes += sizes[i];
  stats_.tx_packets += sent;
  std::copy(batch_.begin() + sent, batch_.begin() + pending_, batch_.begin());
  pending_ = static_cast<std::uint16_t>(pending_ - sent);
}

int EthdevQueue::interrupt_fd() const noexcept {
  // A virtio wire gets its descriptors from the peer, and DPDK complains of the question before.
  if (!wake_.interrupts || !link_up()) return -1;
  return rte_eth_dev_rx_intr_ctl_q_get_fd(port_, index_);
}

int EthdevQueue::wake_fd() const noexcept {
  if (wake_.socket >= 0) return wake_.socket;
  const int fd = interrupt_fd();
  return fd >= 0 && wake_.stays_readable ? edges_.get() : fd;
}

/// Makes edges_ readable whenever `fd`, which nobody can make unreadable again, gets a signal.
bool EthdevQueue::watch_edges(int fd) noexcept {
  if (!edges_) edges_ = UniqueFd{::epoll_create1(EPOLL_CLOEXEC)};
  epoll_event event{};
  event.events = EPOLLIN | EPOLLET;
  // A peer that came back may have brought another descriptor of the same number.
  if (::epoll_ctl(edges_.get(), EPOLL_CTL_ADD, fd, &event) != 0 && errno != EEXIST) return false;
  take_back_edges();
  return true;
}

void EthdevQueue::take_back_edges() noexcept {
  epoll_event event{};
  static_cast<void>(::epoll_wait(edges_.get(), &event, 1, 0));
}

Wake EthdevQueue::arm_wake() noexcept {
  if (wake_.socket >= 0) return Wake::kWhilePackets;
  const int fd = interrupt_fd();
  if (fd < 0 || (wake_.stays_readable && !watch_edges(fd))) return Wake::kNever;
  const int rc = rte_eth_dev_rx_intr_enable(port_, index_);
  // net_tap has a descriptor and no interrupts: it is that of its packets.
  if (rc == -ENOTSUP) return Wake::kWhilePackets;
  has_armed_ = rc == 0;
  return has_armed_ ? Wake::kOnArrival : Wake::kNever;
}

void EthdevQueue::disarm_wake() noexcept {
  if (!std::exchange(has_armed_, false)) return;
  static_cast<void>(rte_eth_dev_rx_intr_disable(port_, index_));
  if (wake_.stays_readable) {
    take_back_edges();
  } else {
    take_back_signal(interrupt_fd());
  }
}

bool EthdevQueue::link_up() const noexcept {
  rte_eth_link link{};
  if (rte_eth_link_get_nowait(port_, &link) != 0) return true;  // the driver cannot tell
  return link.link_status == RTE_ETH_LINK_UP;
}

QueueStats EthdevQueue::stats() const noexcept {
  QueueStats all = stats_;
  rte_eth_stats port{};
  if (index_ == 0 && rte_eth_stats_get(port_, &port) == 0) {
    all.rx_errors += port.ierrors;
    all.rx_no_buffers += port.imissed + port.rx_nombuf;
    all.tx_errors += port.oerrors;
  }
  return all;
}

}  // namespace zs::dev
