#include "ip/fragment.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "base/assert.hpp"
#include "base/byte_order.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"

namespace zs::ip {
namespace {

HeaderSpec header_of(std::span<const std::byte> packet, IpFamily family) {
  if (family == IpFamily::kV4) {
    const auto view = wire::Ipv4View::parse_quoted(packet);
    ZS_CHECK(view.has_value());
    return {.src = view->src(),
            .dst = view->dst(),
            .protocol = view->protocol(),
            .hop_limit = view->ttl()};
  }
  const auto view = wire::Ipv6View::parse_quoted(packet);
  ZS_CHECK(view.has_value());
  return {.src = view->src(),
          .dst = view->dst(),
          .protocol = view->next_header(),
          .hop_limit = view->hop_limit(),
          .flow_label = view->flow_label()};
}

/// Headers of each fragment: IPv4's, or IPv6's and the fragment header.
constexpr std::uint16_t fragment_header_size(IpFamily family) {
  return static_cast<std::uint16_t>(header_size(family) +
                                    (family == IpFamily::kV6 ? wire::Ipv6Fragment::kHeader : 0));
}

}  // namespace

std::uint32_t FragmentIds::next(const IpAddress& src, const IpAddress& dst) {
  std::array<std::byte, 32> pair;
  std::copy(src.bytes().begin(), src.bytes().end(), pair.begin());
  std::copy(dst.bytes().begin(), dst.bytes().end(), pair.begin() + 16);
  const std::uint64_t hash = siphash(key_, pair);
  return static_cast<std::uint32_t>(hash) + counters_[(hash >> 32) % counters_.size()]++;
}

Fragmenter::Fragmenter(buf::Mbuf packet, std::uint32_t identification, std::uint16_t mtu)
    : packet_(std::move(packet)), identification_(identification) {
  const auto first = packet_.first();
  const IpFamily family = (first[0] >> 4) == std::byte{4} ? IpFamily::kV4 : IpFamily::kV6;
  header_ = header_of(first, family);
  const std::uint16_t header = fragment_header_size(family);
  ZS_ASSERT(mtu >= header + 8);
  room_ = (mtu - header) & ~7u;
  packet_.trim_front(header_size(family));
  payload_ = packet_.length();
  segment_ = packet_.get();
}

Result<buf::Mbuf> Fragmenter::next(buf::Pools pools) {
  ZS_ASSERT(!done());
  const std::uint32_t bytes = std::min(room_, payload_ - offset_);
  buf::Mbuf fragment = buf::Mbuf::adopt(pools.data->alloc());
  if (!fragment) return Errc::kNoBuffers;
  ZS_TRY(append_header(fragment, bytes));
  ZS_TRY(link_payload(fragment, bytes, *pools.indirect));
  offset_ += bytes;
  return fragment;
}

Result<void> Fragmenter::append_header(buf::Mbuf& fragment, std::uint32_t bytes) const {
  const IpFamily family = header_.src.family();
  const bool more = offset_ + bytes < payload_;
  const std::uint16_t size = fragment_header_size(family);
  ZS_TRY_ASSIGN(const std::span<std::byte> room, fragment.append(size));
  if (family == IpFamily::kV4) {
    wire::Ipv4Spec{.src = header_.src,
                   .dst = header_.dst,
                   .protocol = header_.protocol,
                   .ttl = header_.hop_limit,
                   .identification = static_cast<std::uint16_t>(identification_),
                   .more_fragments = more,
                   .fragment_offset = offset_,
                   .payload_length = bytes,
                   .options = {}}
        .write(room);
    fragment->ol_flags |= RTE_MBUF_F_TX_IPV4;
  } else {
    wire::Ipv6Spec{.src = header_.src,
                   .dst = header_.dst,
                   .next_header = wire::ip_protocol::kFragment,
                   .hop_limit = header_.hop_limit,
                   .flow_label = header_.flow_label,
                   .payload_length = wire::Ipv6Fragment::kHeader + bytes}
        .write(room.first(wire::Ipv6Spec::size()));
    wire::Ipv6Fragment{.offset = offset_, .more = more, .identification = identification_}.write(
        room.subspan(wire::Ipv6Spec::size()), header_.protocol);
    fragment->ol_flags |= RTE_MBUF_F_TX_IPV6;
  }
  fragment->l3_len = size & 0x1ff;
  return {};
}

Result<void> Fragmenter::link_payload(buf::Mbuf& fragment, std::uint32_t bytes,
                                      buf::Pool& indirect) {
  rte_mbuf* last = fragment.get();
  while (bytes > 0) {
    if (in_segment_ == segment_->data_len) {
      segment_ = segment_->next;
      in_segment_ = 0;
      continue;
    }
    const std::uint32_t n = std::min<std::uint32_t>(bytes, segment_->data_len - in_segment_);
    rte_mbuf* const slice = buf::make_indirect(indirect, segment_, in_segment_, n);
    if (slice == nullptr) return Errc::kNoBuffers;
    last->next = slice;
    last = slice;
    fragment->pkt_len += n;
    ++fragment->nb_segs;
    in_segment_ += n;
    bytes -= n;
  }
  return {};
}

}  // namespace zs::ip
