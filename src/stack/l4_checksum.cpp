#include "stack/l4_checksum.hpp"

#include "wire/checksum.hpp"
#include "wire/protocol.hpp"

namespace zs::stack {
namespace {

/// ICMP is the one transport without a pseudo-header (RFC 792), and none that devices look at.
bool is_icmp(const ip::Incoming& ip) {
  return ip.protocol == wire::ip_protocol::kIcmp && ip.src.is_v4();
}

}  // namespace

ChecksumVerdict verify_l4_checksum(const buf::Mbuf& packet, const ip::Incoming& ip) {
  const std::uint64_t known = packet->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
  // NONE: the data is good, only the field was never filled in (dev/queue.hpp).
  if (known == RTE_MBUF_F_RX_L4_CKSUM_GOOD || known == RTE_MBUF_F_RX_L4_CKSUM_NONE) {
    return ChecksumVerdict::kGood;
  }
  if (known == RTE_MBUF_F_RX_L4_CKSUM_BAD && !is_icmp(ip)) return ChecksumVerdict::kBad;

  std::uint64_t pseudo = 0;
  if (!is_icmp(ip)) {
    pseudo = wire::pseudo_header_sum(ip.src, ip.dst, ip.protocol, ip.transport_bytes);
  }
  wire::ChecksumAccumulator sum{pseudo};
  std::size_t skip = ip.header_bytes;
  for (const rte_mbuf* m = packet.get(); m != nullptr; m = m->next) {
    const auto bytes = buf::bytes(m);
    if (skip >= bytes.size()) {
      skip -= bytes.size();
      continue;
    }
    sum.add(bytes.subspan(skip));
    skip = 0;
  }
  return sum.finish() == 0 ? ChecksumVerdict::kGood : ChecksumVerdict::kBad;
}

}  // namespace zs::stack
