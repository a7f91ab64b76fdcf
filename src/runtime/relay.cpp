#include "runtime/relay.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

#include "base/byte_order.hpp"
#include "buf/mbuf.hpp"
#include "wire/ethernet.hpp"

namespace zs::runtime {
namespace {

constexpr std::size_t kRingFrames = 256;
constexpr std::size_t kEthernet = wire::EthernetView::kHeader;

bool is_icmp_error(std::uint8_t type) {
  // RFC 792: unreachable, source quench, redirect, time exceeded, parameter problem.
  return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}
bool is_shared_icmpv6(std::uint8_t type) {
  // RFC 4443 §2.1: errors are below 128. RFC 4861: 133 to 137 are neighbour discovery.
  return type < 128 || (type >= 133 && type <= 137);
}

/// MLD behind its router alert (RFC 3810 §5): each shard has groups of its own to report.
bool is_mld(std::span<const std::byte> frame) {
  constexpr std::size_t kAlert = kEthernet + 40;
  constexpr std::size_t kMessage = kAlert + 8;
  const auto byte = [&](std::size_t at) { return std::to_integer<std::uint8_t>(frame[at]); };
  return frame.size() > kMessage && byte(kEthernet + 6) == 0 && byte(kAlert) == 58 &&
         byte(kAlert + 1) == 0 && byte(kMessage) >= 130 && byte(kMessage) <= 132;
}

}  // namespace

bool concerns_every_shard(std::span<const std::byte> frame) {
  const auto byte = [&](std::size_t at) { return std::to_integer<std::uint8_t>(frame[at]); };
  if (frame.size() < kEthernet) return false;
  const auto ether_type = load_be<std::uint16_t>(&frame[12]);
  if (ether_type == 0x0806) return true;  // ARP
  if (ether_type == 0x0800 && frame.size() >= kEthernet + 20) {
    if (byte(kEthernet + 9) == 2) return true;  // IGMP
    const std::size_t icmp = kEthernet + (byte(kEthernet) & 0x0fu) * 4u;
    return byte(kEthernet + 9) == 1 && icmp < frame.size() && is_icmp_error(byte(icmp));
  }
  if (ether_type == 0x86dd && frame.size() > kEthernet + 40) {
    if (is_mld(frame)) return true;
    return byte(kEthernet + 6) == 58 && is_shared_icmpv6(byte(kEthernet + 40));
  }
  return false;
}

std::optional<std::uint16_t> destination_port(std::span<const std::byte> frame) {
  constexpr std::size_t kIpv6 = kEthernet + 40;
  const auto byte = [&](std::size_t at) { return std::to_integer<std::uint8_t>(frame[at]); };
  if (frame.size() < kEthernet + 20) return std::nullopt;
  const auto ether_type = load_be<std::uint16_t>(&frame[12]);
  std::size_t transport = 0;
  std::uint8_t protocol = 0;
  if (ether_type == 0x0800) {
    // More fragments follow, or this is not the first.
    if ((load_be<std::uint16_t>(&frame[kEthernet + 6]) & 0x3fff) != 0) return std::nullopt;
    transport = kEthernet + (byte(kEthernet) & 0x0fu) * 4u;
    protocol = byte(kEthernet + 9);
  } else if (ether_type == 0x86dd) {
    transport = kIpv6;
    protocol = byte(kEthernet + 6);
  }
  const bool has_ports = protocol == 6 || protocol == 17;
  if (!has_ports || frame.size() < transport + 4) return std::nullopt;
  return load_be<std::uint16_t>(&frame[transport + 2]);
}

Waker::Waker() : fd_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
Waker::~Waker() {
  if (fd_ >= 0) ::close(fd_);
}
void Waker::wake() noexcept {
  const std::uint64_t one = 1;
  // It can only fail when the counter is full, and then the sleeper is awake.
  [[maybe_unused]] const auto n = ::write(fd_, &one, sizeof(one));
}
void Waker::drain() noexcept {
  std::uint64_t count = 0;
  [[maybe_unused]] const auto n = ::read(fd_, &count, sizeof(count));
}

Relay::Relay(std::size_t shards, const PortPlan& ports)
    : shards_(shards), ports_(ports), stats_(shards), has_pushed_(shards * shards) {
  for (std::size_t i = 0; i < shards; ++i) wakers_.push_back(std::make_unique<Waker>());
  for (std::size_t i = 0; i < shards * shards && shards > 1; ++i) {
    rings_.push_back(std::make_unique<Ring>(kRingFrames));
  }
}

Relay::~Relay() {
  for (auto& ring : rings_) {
    while (const auto packet = ring->try_pop()) buf::free_chain(*packet);
  }
}

std::size_t Relay::offer(std::size_t from, std::span<rte_mbuf*> packets, buf::Pool& pool) {
  if (shards_ == 1) return packets.size();
  std::size_t kept = 0;
  for (rte_mbuf* packet : packets) {
    const auto frame = buf::bytes(packet);
    const auto port = destination_port(frame);
    const auto owner = port ? ports_.owner_of(*port) : std::nullopt;
    if (owner && *owner != from) {
      pass(from, *owner, packet);
      continue;
    }
    if (!port && concerns_every_shard(frame)) copy_to_others(from, packet, pool);
    packets[kept++] = packet;
  }
  for (std::size_t to = 0; to < shards_; ++to) {
    if (std::exchange(has_pushed_[from * shards_ + to], 0) != 0) waker(to).wake_sleeper();
  }
  return kept;
}

void Relay::copy_to_others(std::size_t from, const rte_mbuf* packet, buf::Pool& pool) {
  for (std::size_t to = 0; to < shards_; ++to) {
    if (to == from) continue;
    auto copy = buf::Mbuf::copy_of(buf::bytes(packet), pool);
    if (!copy) return;
    rte_mbuf* raw = std::move(*copy).release();
    raw->ol_flags |= packet->ol_flags & (RTE_MBUF_F_RX_IP_CKSUM_MASK | RTE_MBUF_F_RX_L4_CKSUM_MASK);
    if (push(from, to, raw)) ++stats_[from].value.copied;
  }
}

bool Relay::push(std::size_t from, std::size_t to, rte_mbuf* packet) {
  if (!ring(from, to).try_push(packet)) {
    ++stats_[from].value.dropped;
    buf::free_chain(packet);
    return false;
  }
  has_pushed_[from * shards_ + to] = 1;
  return true;
}

std::size_t Relay::take(std::size_t to, std::span<rte_mbuf*> out) {
  std::size_t n = 0;
  for (std::size_t from = 0; from < shards_ && shards_ > 1; ++from) {
    if (from != to) n += ring(from, to).pop_burst(out.subspan(n));
  }
  return n;
}

bool Relay::has_work(std::size_t to) const {
  for (std::size_t from = 0; from < shards_ && shards_ > 1; ++from) {
    if (from != to && !ring(from, to).empty()) return true;
  }
  return false;
}

}  // namespace zs::runtime
