#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/address.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "base/siphash.hpp"
#include "buf/mbuf.hpp"
#include "buf/pool.hpp"
#include "ip/output.hpp"

namespace zs::ip {

/// Identifications that an outsider cannot predict, and that come again between the same two hosts
/// only after all others (RFC 7739 §5.2; RFC 6864 §4.2 for IPv4, which has but 16 bits of them): a
/// counter for each of some destinations, from a start that is a secret of the pair.
class FragmentIds {
 public:
  explicit FragmentIds(SipKey key, std::size_t counters = 256) : key_(key), counters_(counters) {}

  std::uint32_t next(const IpAddress& src, const IpAddress& dst);

 private:
  SipKey key_;
  std::vector<std::uint32_t> counters_;
};

/// Cuts an IP packet into fragments that a path carries (RFC 791 §3.2, RFC 8200 §4.5). No payload
/// is copied: a fragment is a header of its own and descriptors over the packet's bytes.
class Fragmenter {
 public:
  /// `packet` begins at a header that write_header() made; its transport's checksum is complete.
  /// Precondition: an `mtu` of at least 68 (IPv4) or 1280, and the packet is longer.
  Fragmenter(buf::Mbuf packet, std::uint32_t identification, std::uint16_t mtu);

  bool done() const { return offset_ == payload_; }
  /// The next fragment, from its IP header on. kNoBuffers: the rest is worth nothing.
  Result<buf::Mbuf> next(buf::Pools pools);

 private:
  Result<void> link_payload(buf::Mbuf& fragment, std::uint32_t bytes, buf::Pool& indirect);
  Result<void> append_header(buf::Mbuf& fragment, std::uint32_t bytes) const;

  buf::Mbuf packet_;
  HeaderSpec header_;
  std::uint32_t identification_;
  std::uint32_t room_;         ///< payload bytes of every fragment but the last
  std::uint32_t payload_ = 0;  ///< in all
  std::uint32_t offset_ = 0;   ///< of the next fragment
  rte_mbuf* segment_;          ///< where its bytes begin
  std::uint32_t in_segment_ = 0;
};

}  // namespace zs::ip
