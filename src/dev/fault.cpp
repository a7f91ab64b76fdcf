#include "dev/fault.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

#include "base/random.hpp"
#include "buf/mbuf.hpp"
#include "dev/checksum_offload.hpp"
#include "dev/segmentation.hpp"
#include "wire/protocol.hpp"

namespace zs::dev {
namespace {

enum class Direction : std::uint8_t { kTx, kRx };

struct InFlight {
  Instant due;
  std::uint64_t order = 0;  ///< of arrival: decides between frames due together
  rte_mbuf* frame = nullptr;
};
struct Later {
  bool operator()(const InFlight& a, const InFlight& b) const {
    return a.due != b.due ? a.due > b.due : a.order > b.order;
  }
};

/// The first byte from which on every bit is under a checksum, or 0 if there is none such: the
/// first eight bytes of an IPv6 header are under no checksum.
std::uint32_t first_checked_byte(const rte_mbuf& frame, const FrameLayout& at) noexcept {
  if (at.is_fragment) return 0;
  const bool has_checksum = at.protocol == wire::ip_protocol::kTcp ||
                            at.protocol == wire::ip_protocol::kIcmp ||
                            at.protocol == wire::ip_protocol::kIcmpv6;
  if (at.protocol == wire::ip_protocol::kUdp) {
    std::array<std::byte, 2> checksum{};
    if (at.l4_bytes() < 8) return 0;
    buf::copy_out(&frame, at.l4 + 6u, checksum);
    if (checksum == std::array<std::byte, 2>{}) return 0;
  } else if (!has_checksum) {
    return 0;
  }
  return at.family == IpFamily::kV4 ? at.l3 : at.l3 + 8u;
}

}  // namespace

class FaultQueue::Pipe {
 public:
  Pipe(Direction direction, const FaultConfig& config, buf::Pools pools, std::uint64_t seed)
      : direction_(direction), config_(config), pools_(pools), random_(seed) {
    heap_.reserve(kMaxInFlight);
  }
  ~Pipe() {
    for (const InFlight& f : heap_) buf::free_chain(f.frame);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;

  void set(const FaultConfig& config) noexcept { config_ = config; }
  const FaultStats& stats() const noexcept { return stats_; }
  bool full() const noexcept { return heap_.size() == kMaxInFlight; }
  Instant next_due() const noexcept { return heap_.empty() ? Instant::never() : heap_[0].due; }

  void submit(buf::Mbuf frame, Instant now) noexcept;
  /// The next frame that is due, or nullptr.
  rte_mbuf* take_due(Instant now) noexcept;
  /// Puts back what take_due() gave and the inner queue refused; it stays the next.
  void put_back(rte_mbuf* frame) noexcept { push({Instant{}, 0, frame}); }

 private:
  bool must_cut(const rte_mbuf& frame) const noexcept;
  void cut(buf::Mbuf frame, Instant now) noexcept;
  bool restore_verdict(buf::Mbuf& frame, std::uint64_t verdict) noexcept;
  void submit_one(buf::Mbuf frame, Instant now) noexcept;
  bool corrupt(buf::Mbuf& frame) noexcept;
  bool is_to_be_marked(Instant now) noexcept;
  void mark(buf::Mbuf& frame) noexcept;
  double waiting_bytes(Instant now) const noexcept;
  void enqueue(buf::Mbuf frame, Instant now) noexcept;
  void push(const InFlight& f) noexcept;

  Direction direction_;
  FaultConfig config_;
  buf::Pools pools_;
  Random random_;
  FaultStats stats_;
  Segmenter segmenter_;
  std::vector<InFlight> heap_;
  std::uint64_t order_ = 0;
  Instant link_free_;  ///< when the rate limit lets the next frame go
  Instant last_due_;
};

void FaultQueue::Pipe::submit(buf::Mbuf frame, Instant now) noexcept {
  if (must_cut(*frame.get())) {
    cut(std::move(frame), now);
  } else {
    submit_one(std::move(frame), now);
  }
}

bool FaultQueue::Pipe::must_cut(const rte_mbuf& frame) const noexcept {
  const std::uint64_t flag =
      direction_ == Direction::kTx ? RTE_MBUF_F_TX_TCP_SEG : RTE_MBUF_F_RX_LRO;
  return (frame.ol_flags & flag) != 0 &&
         (config_.super_frames == SuperFrames::kCut || config_.corrupt > 0);
}

void FaultQueue::Pipe::cut(buf::Mbuf frame, Instant now) noexcept {
  const auto at =
      direction_ == Direction::kTx ? layout_of_tx(*frame.get()) : parse_layout(*frame.get());
  const std::uint16_t segment_bytes = frame->tso_segsz;
  if (!at || !Segmenter::can_cut(*at, segment_bytes, pools_)) {
    submit_one(std::move(frame), now);
    return;
  }
  const std::uint64_t verdict =
      frame->ol_flags & (RTE_MBUF_F_RX_L4_CKSUM_MASK | RTE_MBUF_F_RX_IP_CKSUM_MASK);
  segmenter_.start(std::move(frame), *at, segment_bytes);
  while (segmenter_.active()) {
    auto next = segmenter_.next(pools_, FrameShape::kScattered);
    if (!next) {
      ++stats_.no_buffers;
      segmenter_.cancel();
      return;
    }
    buf::Mbuf part = *std::move(next);
    if (direction_ == Direction::kTx ? !complete_tx_checksums(part, Offload::kTxL4Checksum, pools_)
                                     : !restore_verdict(part, verdict)) {
      ++stats_.no_buffers;
      continue;
    }
    submit_one(std::move(part), now);
  }
}

/// A cut frame asks a device for its checksum; one that was received must say instead what was said
/// of the whole, or carry a checksum that can be verified.
bool FaultQueue::Pipe::restore_verdict(buf::Mbuf& frame, std::uint64_t verdict) noexcept {
  const bool vouched = (verdict & RTE_MBUF_F_RX_L4_CKSUM_GOOD) != 0;  // GOOD and NONE have this bit
  if (!vouched && !complete_tx_checksums(frame, Offload::kNone, pools_)) return false;
  buf::clear_metadata(frame.get());
  frame->ol_flags |= verdict & RTE_MBUF_F_RX_IP_CKSUM_MASK;
  if (vouched) frame->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_NONE;
  return true;
}

void FaultQueue::Pipe::submit_one(buf::Mbuf frame, Instant now) noexcept {
  const bool swallowed = config_.swallow_above != 0 && frame.length() > config_.swallow_above;
  if (swallowed || random_.chance(config_.loss)) {
    ++stats_.lost;
    return;
  }
  if (is_to_be_marked(now)) mark(frame);
  if (random_.chance(config_.duplicate)) {
    // A copy: two frames over the same bytes would make each other read-only for the receiver.
    if (auto twin = frame.copy(*pools_.data)) {
      ++stats_.duplicated;
      enqueue(*std::move(twin), now);
    } else {
      ++stats_.no_buffers;
    }
  }
  if (random_.chance(config_.corrupt) && !corrupt(frame)) return;
  enqueue(std::move(frame), now);
}

/// Bytes before the rate limit.
double FaultQueue::Pipe::waiting_bytes(Instant now) const noexcept {
  if (config_.bits_per_second == 0 || link_free_ <= now) return 0;
  constexpr double kBitNs = 8e9;
  const auto rate = static_cast<double>(config_.bits_per_second);
  return static_cast<double>((link_free_ - now).count()) * rate / kBitNs;
}

bool FaultQueue::Pipe::is_to_be_marked(Instant now) noexcept {
  if (config_.mark_queue_bytes > 0 && waiting_bytes(now) >= config_.mark_queue_bytes) return true;
  return config_.mark > 0 && random_.chance(config_.mark);
}

/// CE instead of ECT(0) or ECT(1), in a header that nobody else sees.
void FaultQueue::Pipe::mark(buf::Mbuf& frame) noexcept {
  const auto at = parse_layout(*frame.get());
  if (!at) return;
  const bool is_v4 = at->family == IpFamily::kV4;
  std::array<std::byte, 1> service{};
  buf::copy_out(frame.get(), at->l3 + 1u, service);
  const auto congested = is_v4 ? std::byte{0x03} : std::byte{0x30};
  const std::byte ecn = service[0] & congested;
  if (ecn == std::byte{} || ecn == congested) return;
  if (!make_headers_private(frame, at->l4, pools_)) {
    ++stats_.no_buffers;
    return;
  }
  ++stats_.marked;
  buf::data(frame.get())[at->l3 + 1] |= congested;
  // Who asked a device for the checksum has left none to keep true.
  const bool is_asked_for =
      direction_ == Direction::kTx && (frame->ol_flags & RTE_MBUF_F_TX_IP_CKSUM) != 0;
  if (is_v4 && !is_asked_for) store_ip_checksum(*frame.get(), *at);
}

/// False: the frame is lost instead.
bool FaultQueue::Pipe::corrupt(buf::Mbuf& frame) noexcept {
  ++stats_.corrupted;
  auto copy = frame.copy(*pools_.data);
  if (!copy) {
    ++stats_.no_buffers;
    return false;
  }
  frame = *std::move(copy);
  const bool is_tx = direction_ == Direction::kTx;
  const auto completed = is_tx ? complete_tx_checksums(frame, Offload::kNone, pools_)
                               : complete_rx_checksums(frame, pools_);
  const auto at = parse_layout(*frame.get());
  if (!completed || !at) return false;
  const std::uint32_t first = first_checked_byte(*frame.get(), *at);
  if (first == 0 || first >= at->end) return false;
  std::uint32_t where = first + random_.below(at->end - first);
  rte_mbuf* m = frame.get();
  for (; where >= m->data_len; m = m->next) where -= m->data_len;
  buf::data(m)[where] ^= std::byte{1} << random_.below(8);
  return true;
}

void FaultQueue::Pipe::enqueue(buf::Mbuf frame, Instant now) noexcept {
  Instant leaves = now;
  if (config_.bits_per_second > 0) {
    constexpr double kBitNs = 8e9;
    const auto rate = static_cast<double>(config_.bits_per_second);
    const Instant start = std::max(now, link_free_);
    if (waiting_bytes(now) + frame.length() > config_.queue_bytes) {
      ++stats_.overflow;
      return;
    }
    leaves = start + Duration{static_cast<std::int64_t>(frame.length() * kBitNs / rate)};
    link_free_ = leaves;
  }
  if (full()) {
    ++stats_.overflow;
    return;
  }
  Instant due = leaves + config_.delay;
  if (config_.jitter.count() > 0) {
    const double share = static_cast<double>(random_.below(1u << 16)) / (1u << 16);
    due = due +
          Duration{static_cast<std::int64_t>(static_cast<double>(config_.jitter.count()) * share)};
  }
  due = std::max(due, last_due_);
  if (random_.chance(config_.reorder)) {
    ++stats_.reordered;
    due = due + config_.reorder_delay;
  } else {
    last_due_ = due;
  }
  ++stats_.passed;
  push({due, ++order_, std::move(frame).release()});
}

void FaultQueue::Pipe::push(const InFlight& f) noexcept {
  ZS_ASSERT(heap_.size() < heap_.capacity());
  heap_.push_back(f);
  std::push_heap(heap_.begin(), heap_.end(), Later{});
}

rte_mbuf* FaultQueue::Pipe::take_due(Instant now) noexcept {
  if (heap_.empty() || heap_[0].due > now) return nullptr;
  std::pop_heap(heap_.begin(), heap_.end(), Later{});
  rte_mbuf* const frame = heap_.back().frame;
  heap_.pop_back();
  return frame;
}

FaultQueue::FaultQueue(PacketQueue& inner, const FaultConfig& tx, const FaultConfig& rx,
                       buf::Pools pools, std::uint64_t seed)
    : inner_(inner),
      tx_(std::make_unique<Pipe>(Direction::kTx, tx, pools, seed)),
      rx_(std::make_unique<Pipe>(Direction::kRx, rx, pools, ~seed)) {}

FaultQueue::~FaultQueue() = default;

void FaultQueue::set_tx(const FaultConfig& config) noexcept { tx_->set(config); }
void FaultQueue::set_rx(const FaultConfig& config) noexcept { rx_->set(config); }
const FaultStats& FaultQueue::tx_faults() const noexcept { return tx_->stats(); }
const FaultStats& FaultQueue::rx_faults() const noexcept { return rx_->stats(); }

void FaultQueue::advance(Instant now) noexcept {
  now_ = std::max(now_, now);
  send_due();
}

Instant FaultQueue::next_deadline() const noexcept {
  return std::min(tx_->next_due(), rx_->next_due());
}

std::size_t FaultQueue::tx_burst(std::span<rte_mbuf* const> packets) noexcept {
  for (rte_mbuf* const packet : packets) tx_->submit(buf::Mbuf::adopt(packet), now_);
  send_due();
  return packets.size();
}

void FaultQueue::send_due() noexcept {
  while (rte_mbuf* const frame = tx_->take_due(now_)) {
    if (inner_.tx_burst({&frame, 1}) == 1) continue;
    tx_->put_back(frame);
    return;
  }
}

std::size_t FaultQueue::rx_burst(std::span<rte_mbuf*> out) noexcept {
  std::array<rte_mbuf*, 32> burst{};
  while (!rx_->full()) {
    const std::size_t n = inner_.rx_burst(burst);
    for (std::size_t i = 0; i < n; ++i) rx_->submit(buf::Mbuf::adopt(burst[i]), now_);
    if (n < burst.size()) break;
  }
  std::size_t count = 0;
  while (count < out.size()) {
    rte_mbuf* const frame = rx_->take_due(now_);
    if (frame == nullptr) break;
    out[count++] = frame;
  }
  return count;
}

}  // namespace zs::dev
