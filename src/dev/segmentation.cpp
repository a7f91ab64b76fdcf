#include "dev/segmentation.hpp"

#include <algorithm>

#include "base/byte_order.hpp"
#include "dev/checksum_offload.hpp"
#include "wire/protocol.hpp"
#include "wire/tcp.hpp"

namespace zs::dev {
namespace {

constexpr std::uint16_t kIpv4TotalLength = 2;
constexpr std::uint16_t kIpv4Identification = 4;
constexpr std::uint16_t kIpv6PayloadLength = 4;
constexpr std::uint16_t kIpv6Header = 40;
constexpr std::uint16_t kTcpSeq = 4;
constexpr std::uint16_t kTcpFlags = 13;

constexpr std::byte kFirstOnly{wire::tcp_flag::kCwr};
constexpr std::byte kLastOnly{wire::tcp_flag::kFin | wire::tcp_flag::kPsh};

template <typename T>
void add_be(std::byte* field, std::uint32_t n) noexcept {
  store_be(field, static_cast<T>(load_be<T>(field) + n));
}

}  // namespace

bool Segmenter::can_cut(const FrameLayout& at, std::uint16_t segment_bytes,
                        buf::Pools pools) noexcept {
  return at.protocol == wire::ip_protocol::kTcp && !at.is_fragment && segment_bytes > 0 &&
         at.payload >= at.l4 + wire::TcpView::kMinHeader && at.payload <= pools.data->data_room();
}

void Segmenter::start(buf::Mbuf frame, const FrameLayout& at,
                      std::uint16_t segment_bytes) noexcept {
  ZS_ASSERT(!active());
  frame.truncate(at.end);
  frame_ = std::move(frame);
  at_ = at;
  segment_bytes_ = segment_bytes;
  index_ = 0;
  done_ = 0;
  cursor_ = {frame_.get(), at.payload};
  while (cursor_.offset >= cursor_.segment->data_len && cursor_.segment->next != nullptr) {
    cursor_.offset -= cursor_.segment->data_len;
    cursor_.segment = cursor_.segment->next;
  }
}

Result<buf::Mbuf> Segmenter::next(buf::Pools pools, FrameShape shape) noexcept {
  ZS_ASSERT(active());
  const std::uint32_t bytes = std::min<std::uint32_t>(segment_bytes_, at_.payload_bytes() - done_);
  const std::uint32_t room = shape == FrameShape::kLinear ? at_.payload + bytes : at_.payload;
  if (room > pools.data->data_room()) return Errc::kMessageSize;

  buf::Mbuf out = buf::Mbuf::adopt(pools.data->alloc());
  if (!out) return Errc::kNoBuffers;
  const auto space = out.append(static_cast<std::uint16_t>(room));
  ZS_ASSERT(space.has_value());
  frame_.copy_out(0, space->first(at_.payload));
  if (shape == FrameShape::kLinear) {
    frame_.copy_out(at_.payload + done_, space->subspan(at_.payload));
  } else {
    ZS_TRY_ASSIGN(cursor_, attach_payload(out, cursor_, bytes, *pools.indirect));
  }
  buf::copy_metadata(out.get(), frame_.get());
  write_headers(*out.get(), bytes);

  ++index_;
  done_ += bytes;
  if (done_ == at_.payload_bytes()) frame_ = {};
  return out;
}

Result<Segmenter::Cursor> Segmenter::attach_payload(buf::Mbuf& to, Cursor from, std::uint32_t bytes,
                                                    buf::Pool& indirect) noexcept {
  rte_mbuf* last = to.get();
  while (bytes > 0) {
    const std::uint32_t n = std::min(bytes, from.segment->data_len - from.offset);
    if (n > 0) {
      last->next = buf::make_indirect(indirect, from.segment, from.offset, n);
      if (last->next == nullptr) return Errc::kNoBuffers;
      last = last->next;
      ++to->nb_segs;
      to->pkt_len += n;
      from.offset += n;
      bytes -= n;
    }
    if (from.offset == from.segment->data_len && from.segment->next != nullptr) {
      from = {from.segment->next, 0};
    }
  }
  return from;
}

void Segmenter::write_headers(rte_mbuf& frame, std::uint32_t payload_bytes) const noexcept {
  FrameLayout at = at_;
  at.end = at.payload + payload_bytes;
  const bool is_first = done_ == 0;
  const bool is_last = done_ + payload_bytes == at_.payload_bytes();

  std::byte* const ip = buf::data(&frame) + at.l3;
  if (at.family == IpFamily::kV4) {
    store_be(ip + kIpv4TotalLength, static_cast<std::uint16_t>(at.end - at.l3));
    add_be<std::uint16_t>(ip + kIpv4Identification, index_);
    store_ip_checksum(frame, at);
  } else {
    store_be(ip + kIpv6PayloadLength, static_cast<std::uint16_t>(at.end - at.l3 - kIpv6Header));
  }
  std::byte* const tcp = buf::data(&frame) + at.l4;
  add_be<std::uint32_t>(tcp + kTcpSeq, done_);
  if (!is_first) tcp[kTcpFlags] &= ~kFirstOnly;
  if (!is_last) tcp[kTcpFlags] &= ~kLastOnly;
  store_pseudo_header_sum(frame, at);

  frame.l2_len = at.l3 & 0x7f;
  frame.l3_len = static_cast<std::uint16_t>(at.l4 - at.l3) & 0x1ff;
  frame.l4_len = static_cast<std::uint16_t>(at.payload - at.l4) & 0xff;
  frame.tso_segsz = 0;
  frame.ol_flags &=
      ~(RTE_MBUF_F_TX_TCP_SEG | RTE_MBUF_F_TX_IP_CKSUM | RTE_MBUF_F_TX_L4_MASK | RTE_MBUF_F_RX_LRO);
  frame.ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM |
                    (at.family == IpFamily::kV4 ? RTE_MBUF_F_TX_IPV4 : RTE_MBUF_F_TX_IPV6);
}

}  // namespace zs::dev
