#include "dev/pair.hpp"

#include <atomic>
#include <optional>
#include <utility>

#include "base/spsc_ring.hpp"
#include "buf/mbuf.hpp"
#include "dev/checksum_offload.hpp"
#include "dev/segmentation.hpp"

namespace zs::dev {
namespace {

constexpr std::uint16_t kSmallestMtu = 68;        // RFC 791 §3.1
constexpr std::uint32_t kLargestLinkHeader = 22;  // Ethernet and two tags

using FrameRing = SpscRing<rte_mbuf*>;

/// A packet that the far end may keep, trim and free: descriptors that only we hold move, others
/// are cloned. On kNoBuffers the packet is untouched.
Result<buf::Mbuf> pass_on(rte_mbuf* packet, buf::Pool& indirect) noexcept {
  bool is_ours = true;
  for (const rte_mbuf* m = packet; m != nullptr; m = m->next) {
    is_ours = is_ours && buf::reference_count(m) == 1;
  }
  buf::Mbuf original = buf::Mbuf::adopt(packet);
  if (is_ours) return original;
  auto copy = original.clone(indirect);
  if (!copy) static_cast<void>(std::move(original).release());
  return copy;
}

class PairEnd final : public PacketQueue {
 public:
  PairEnd(const PairEndConfig& config, const PairConfig& pair, FrameRing& outgoing,
          FrameRing& incoming, const std::atomic<bool>& link_up)
      : pools_(config.pools),
        delivery_(pair.delivery),
        outgoing_(outgoing),
        incoming_(incoming),
        link_up_(link_up) {
    capabilities_.name = config.name;
    capabilities_.mac = config.mac;
    capabilities_.mtu = pair.mtu;
    capabilities_.offloads = (config.offloads & ~Offload::kVlan) | Offload::kMultiSegment;
    capabilities_.max_tso_bytes =
        has(config.offloads, Offload::kTso) ? pair.max_tso_bytes : std::uint32_t{0};
    capabilities_.max_tx_segments = UINT16_MAX;
  }

  const Capabilities& capabilities() const noexcept override { return capabilities_; }
  std::size_t rx_burst(std::span<rte_mbuf*> out) noexcept override;
  std::size_t tx_burst(std::span<rte_mbuf* const> packets) noexcept override;
  bool link_up() const noexcept override { return link_up_.load(std::memory_order_relaxed); }
  QueueStats stats() const noexcept override { return stats_; }

 private:
  bool is_sendable(const rte_mbuf& packet) const noexcept;
  std::optional<buf::Mbuf> next_frame() noexcept;
  std::optional<buf::Mbuf> next_arrival() noexcept;
  bool arrive(buf::Mbuf& frame) noexcept;
  bool offers(Offload bit) const noexcept { return has(capabilities_.offloads, bit); }

  Capabilities capabilities_;
  buf::Pools pools_;
  Delivery delivery_;
  FrameRing& outgoing_;
  FrameRing& incoming_;
  const std::atomic<bool>& link_up_;
  Segmenter segmenter_;  ///< a super-frame that arrived and that our stack wants cut
  QueueStats stats_;
};

bool PairEnd::is_sendable(const rte_mbuf& packet) const noexcept {
  if (!link_up()) return false;
  if ((packet.ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0) {
    return offers(Offload::kTso) && packet.tso_segsz > 0 &&
           packet.pkt_len <= capabilities_.max_tso_bytes;
  }
  return packet.pkt_len <= capabilities_.mtu + kLargestLinkHeader;
}

std::size_t PairEnd::tx_burst(std::span<rte_mbuf* const> packets) noexcept {
  std::size_t taken = 0;
  for (; taken < packets.size(); ++taken) {
    rte_mbuf* const packet = packets[taken];
    if (!is_sendable(*packet)) {
      ++stats_.tx_errors;
      buf::free_chain(packet);
      continue;
    }
    // Room first: nobody but this end fills the ring.
    if (outgoing_.size() == outgoing_.capacity()) break;
    auto passed = delivery_ == Delivery::kCopies ? Result<buf::Mbuf>(buf::Mbuf::adopt(packet))
                                                 : pass_on(packet, *pools_.indirect);
    if (!passed) break;
    ++stats_.tx_packets;
    stats_.tx_bytes += passed->length();
    const bool pushed = outgoing_.try_push(std::move(*passed).release());
    ZS_CHECK(pushed);
  }
  return taken;
}

std::size_t PairEnd::rx_burst(std::span<rte_mbuf*> out) noexcept {
  std::size_t count = 0;
  while (count < out.size()) {
    auto frame = next_frame();
    if (!frame) break;
    if (!arrive(*frame)) continue;
    ++stats_.rx_packets;
    stats_.rx_bytes += frame->length();
    out[count++] = std::move(*frame).release();
  }
  return count;
}

/// The next frame off the cable, in buffers that are this end's.
std::optional<buf::Mbuf> PairEnd::next_arrival() noexcept {
  while (const auto arrived = incoming_.try_pop()) {
    buf::Mbuf frame = buf::Mbuf::adopt(*arrived);
    if (delivery_ == Delivery::kBuffers) return frame;
    if (auto copy = frame.copy(*pools_.data)) return *std::move(copy);
    ++stats_.rx_no_buffers;
  }
  return std::nullopt;
}

/// The next frame for the stack, cut if this end has no LRO.
std::optional<buf::Mbuf> PairEnd::next_frame() noexcept {
  while (!segmenter_.active()) {
    auto arrived = next_arrival();
    if (!arrived) return std::nullopt;
    buf::Mbuf frame = *std::move(arrived);
    if ((frame->ol_flags & RTE_MBUF_F_TX_TCP_SEG) == 0 || offers(Offload::kLro)) return frame;
    const auto at = layout_of_tx(*frame.get());
    const std::uint16_t segment_bytes = frame->tso_segsz;
    if (at && Segmenter::can_cut(*at, segment_bytes, pools_)) {
      segmenter_.start(std::move(frame), *at, segment_bytes);
    } else {
      ++stats_.rx_errors;
    }
  }
  auto cut = segmenter_.next(pools_, FrameShape::kScattered);
  if (cut) return *std::move(cut);
  ++stats_.rx_no_buffers;
  return std::nullopt;
}

/// Turns what the sender asked of its device into what ours says of the frame. False: the frame was
/// lost for want of a buffer, as on a NIC without descriptors.
bool PairEnd::arrive(buf::Mbuf& frame) noexcept {
  const bool is_super = (frame->ol_flags & RTE_MBUF_F_TX_TCP_SEG) != 0;
  const std::uint16_t segment_bytes = frame->tso_segsz;
  const std::uint32_t header_bytes = frame->l2_len + frame->l3_len + frame->l4_len;
  if (is_super) {
    // Segmentation implies both checksums.
    frame->ol_flags |= RTE_MBUF_F_TX_TCP_CKSUM;
    if ((frame->ol_flags & RTE_MBUF_F_TX_IPV4) != 0) frame->ol_flags |= RTE_MBUF_F_TX_IP_CKSUM;
  }
  const std::uint64_t asked = frame->ol_flags;
  Offload vouched = Offload::kNone;
  std::uint64_t says = 0;
  if (offers(Offload::kRxIpChecksum)) {
    vouched = vouched | Offload::kTxIpChecksum;
    if ((asked & RTE_MBUF_F_TX_IP_CKSUM) != 0) says |= RTE_MBUF_F_RX_IP_CKSUM_GOOD;
  }
  if (offers(Offload::kRxL4Checksum)) {
    vouched = vouched | Offload::kTxL4Checksum;
    if ((asked & RTE_MBUF_F_TX_L4_MASK) != 0) says |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
  }
  const auto completed = complete_tx_checksums(frame, vouched, pools_);
  if (!completed) {
    ++(completed.error() == Errc::kNoBuffers ? stats_.rx_no_buffers : stats_.rx_errors);
    return false;
  }
  buf::clear_metadata(frame.get());
  frame->ol_flags |= says;
  if (is_super && frame->pkt_len > header_bytes + segment_bytes) {
    frame->ol_flags |= RTE_MBUF_F_RX_LRO;
    frame->tso_segsz = segment_bytes;
  }
  return true;
}

}  // namespace

struct Pair::Impl {
  explicit Impl(const PairConfig& c)
      : a_to_b(c.ring_frames),
        b_to_a(c.ring_frames),
        a(c.a, c, a_to_b, b_to_a, link_up),
        b(c.b, c, b_to_a, a_to_b, link_up) {}
  ~Impl() {
    for (FrameRing* const ring : {&a_to_b, &b_to_a}) {
      while (const auto frame = ring->try_pop()) buf::free_chain(*frame);
    }
  }

  std::atomic<bool> link_up{true};
  FrameRing a_to_b;
  FrameRing b_to_a;
  PairEnd a;
  PairEnd b;
};

Pair::Pair(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Pair::~Pair() = default;

Result<std::unique_ptr<Pair>> Pair::create(const PairConfig& config) {
  for (const PairEndConfig* const end : {&config.a, &config.b}) {
    if (end->pools.data == nullptr || end->pools.indirect == nullptr) return Errc::kInvalid;
  }
  // A ring beyond this is a mistake of the one who wrote the number.
  constexpr std::uint32_t kMaxRingFrames = 1u << 20;
  if (config.ring_frames == 0 || config.ring_frames > kMaxRingFrames || config.mtu < kSmallestMtu) {
    return Errc::kInvalid;
  }
  return std::make_unique<Pair>(std::make_unique<Impl>(config));
}

PacketQueue& Pair::end(PairSide side) noexcept {
  return side == PairSide::kA ? static_cast<PacketQueue&>(impl_->a) : impl_->b;
}

void Pair::set_link(Link link) noexcept {
  impl_->link_up.store(link == Link::kUp, std::memory_order_relaxed);
}

}  // namespace zs::dev
