#include "dev/offload_queue.hpp"

#include <algorithm>
#include <utility>

#include "buf/mbuf.hpp"
#include "dev/checksum_offload.hpp"
#include "dev/coalescing.hpp"

namespace zs::dev {
namespace {

constexpr Offload kInSoftware = Offload::kTxIpChecksum | Offload::kTxL4Checksum | Offload::kTso |
                                Offload::kLro | Offload::kMultiSegment;

}  // namespace

OffloadQueue::OffloadQueue(PacketQueue& inner, buf::Pools pools)
    : inner_(inner),
      pools_(pools),
      capabilities_(inner.capabilities()),
      by_device_(capabilities_.offloads),
      max_segments_(has(by_device_, Offload::kMultiSegment)
                        ? std::max<std::uint16_t>(1, capabilities_.max_tx_segments)
                        : std::uint16_t{1}),
      max_tso_bytes_(has(by_device_, Offload::kTso) ? capabilities_.max_tso_bytes : 0) {
  capabilities_.offloads = by_device_ | kInSoftware;
  capabilities_.max_tx_segments = UINT16_MAX;
  if (max_tso_bytes_ == 0) capabilities_.max_tso_bytes = kMaxTsoBytes;
}

OffloadQueue::~OffloadQueue() {
  for (std::size_t i = 0; i < ready_count_; ++i) buf::free_chain(ready_[i]);
}

std::size_t OffloadQueue::rx_burst(std::span<rte_mbuf*> out) noexcept {
  if (tx_pending()) drain();
  const std::size_t received = inner_.rx_burst(out);
  return has(by_device_, Offload::kLro) ? received : coalesce(out.first(received));
}

std::size_t OffloadQueue::tx_burst(std::span<rte_mbuf* const> packets) noexcept {
  if (tx_pending() && !drain()) return 0;
  std::size_t taken = 0;
  while (taken < packets.size()) {
    if (ready_count_ == 0) {
      const std::size_t run = untouched_run(packets.subspan(taken));
      const std::size_t sent = run == 0 ? 0 : inner_.tx_burst(packets.subspan(taken, run));
      taken += sent;
      if (sent < run) return taken;
      if (run > 0) continue;
    }
    if (take(packets[taken]) == Taken::kTryLater) break;
    ++taken;
    refill();
    if ((segmenter_.active() || ready_count_ == kReadyFrames) && !drain()) return taken;
  }
  drain();
  return taken;
}

bool OffloadQueue::tx_pending() const noexcept { return ready_count_ > 0 || segmenter_.active(); }

QueueStats OffloadQueue::stats() const noexcept {
  QueueStats s = inner_.stats();
  s.tx_errors += errors_;
  return s;
}

OffloadQueue::Need OffloadQueue::need_of(const rte_mbuf& packet) const noexcept {
  const std::uint64_t asked = packet.ol_flags;
  if ((asked & RTE_MBUF_F_TX_TCP_SEG) != 0) {
    // A device that cuts also computes the checksums of what it cuts.
    const bool fits = packet.pkt_len <= max_tso_bytes_ && packet.nb_segs <= max_segments_;
    return fits ? Need::kNothing : Need::kCut;
  }
  if (packet.nb_segs > max_segments_) return Need::kLinear;
  const bool lacks_ip =
      (asked & RTE_MBUF_F_TX_IP_CKSUM) != 0 && !has(by_device_, Offload::kTxIpChecksum);
  const bool lacks_l4 =
      (asked & RTE_MBUF_F_TX_L4_MASK) != 0 && !has(by_device_, Offload::kTxL4Checksum);
  return lacks_ip || lacks_l4 ? Need::kChecksums : Need::kNothing;
}

std::size_t OffloadQueue::untouched_run(std::span<rte_mbuf* const> packets) const noexcept {
  std::size_t n = 0;
  while (n < packets.size() && need_of(*packets[n]) == Need::kNothing) ++n;
  return n;
}

/// Makes `packet` ready, or begins to cut it; on kTryLater it is still the caller's, as it was.
OffloadQueue::Taken OffloadQueue::take(rte_mbuf* packet) noexcept {
  Need need = need_of(*packet);
  // A private header before a shared payload is one segment more.
  if (need == Need::kChecksums && packet->nb_segs >= max_segments_ && !buf::is_exclusive(packet)) {
    need = Need::kLinear;
  }
  buf::Mbuf frame = buf::Mbuf::adopt(packet);
  if (need == Need::kCut) return take_to_cut(std::move(frame));
  if (need == Need::kLinear) {
    auto copy = frame.length() <= pools_.data->data_room() ? frame.copy(*pools_.data)
                                                           : Result<buf::Mbuf>{Errc::kMessageSize};
    if (!copy && copy.error() == Errc::kNoBuffers) {
      static_cast<void>(std::move(frame).release());
      return Taken::kTryLater;
    }
    if (!copy) {
      ++errors_;
      return Taken::kYes;
    }
    copied_bytes_ += frame.length();
    frame = *std::move(copy);
  }
  const auto done = complete_tx_checksums(frame, by_device_, pools_);
  if (!done && done.error() == Errc::kNoBuffers) {
    static_cast<void>(std::move(frame).release());
    return Taken::kTryLater;
  }
  push_ready(done ? std::move(frame) : buf::Mbuf{});
  return Taken::kYes;
}

OffloadQueue::Taken OffloadQueue::take_to_cut(buf::Mbuf packet) noexcept {
  const auto at = layout_of_tx(*packet.get());
  const std::uint16_t segment_bytes = packet->tso_segsz;
  if (!at || !Segmenter::can_cut(*at, segment_bytes, pools_)) {
    ++errors_;
    return Taken::kYes;
  }
  segmenter_.start(std::move(packet), *at, segment_bytes);
  return Taken::kYes;
}

/// Cuts on while there is room for finished frames and buffers to make them.
void OffloadQueue::refill() noexcept {
  const auto shape = max_segments_ > 1 ? FrameShape::kScattered : FrameShape::kLinear;
  while (segmenter_.active() && ready_count_ < kReadyFrames) {
    auto cut = segmenter_.next(pools_, shape);
    if (!cut) {
      if (cut.error() == Errc::kNoBuffers) return;
      segmenter_.cancel();
      ++errors_;
      return;
    }
    buf::Mbuf frame = *std::move(cut);
    if (shape == FrameShape::kLinear) copied_bytes_ += frame.length();
    if (frame->nb_segs > max_segments_ && !make_linear(frame)) frame = {};
    // Its header is fresh, so that nothing here needs another buffer.
    if (frame && !complete_tx_checksums(frame, by_device_, pools_)) frame = {};
    push_ready(std::move(frame));
  }
}

bool OffloadQueue::make_linear(buf::Mbuf& packet) noexcept {
  if (packet.length() > pools_.data->data_room()) return false;
  auto copy = packet.copy(*pools_.data);
  if (!copy) return false;
  copied_bytes_ += packet.length();
  packet = *std::move(copy);
  return true;
}

/// An empty handle stands for a frame that could not be made: TCP will send it again.
void OffloadQueue::push_ready(buf::Mbuf frame) noexcept {
  if (!frame) {
    ++errors_;
    return;
  }
  ZS_ASSERT(ready_count_ < kReadyFrames);
  ready_[ready_count_++] = std::move(frame).release();
}

/// Sends what was accepted earlier. True if nothing of it is left.
bool OffloadQueue::drain() noexcept {
  while (true) {
    refill();
    if (ready_count_ == 0) return !segmenter_.active();
    const std::span<rte_mbuf* const> frames{ready_.data(), ready_count_};
    const std::size_t sent = inner_.tx_burst(frames);
    std::copy(frames.begin() + static_cast<std::ptrdiff_t>(sent), frames.end(), ready_.begin());
    ready_count_ -= sent;
    if (ready_count_ > 0) return false;
  }
}

}  // namespace zs::dev
