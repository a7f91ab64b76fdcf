#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "buf/mbuf.hpp"

namespace zs::buf {

/// A run of bytes in mbuf segments: what a stream is made of. Owns its descriptors (which are never
/// shared; the memory behind them may be). Append and length are O(1).
class Chain {
 public:
  Chain() = default;
  explicit Chain(Mbuf packet) noexcept {
    rte_mbuf* const m = std::move(packet).release();
    if (is_one_segment(m)) [[likely]] {
      clear_metadata(m);
      head_ = tail_ = m;
      bytes_ = m->data_len;
      segments_ = 1;
    } else {
      take_segments(m);
    }
  }
  Chain(Chain&& o) noexcept
      : head_(std::exchange(o.head_, nullptr)),
        tail_(std::exchange(o.tail_, nullptr)),
        bytes_(std::exchange(o.bytes_, 0)),
        segments_(std::exchange(o.segments_, 0)) {}
  Chain& operator=(Chain&& o) noexcept {
    if (this != &o) {
      clear();
      head_ = std::exchange(o.head_, nullptr);
      tail_ = std::exchange(o.tail_, nullptr);
      bytes_ = std::exchange(o.bytes_, 0);
      segments_ = std::exchange(o.segments_, 0);
    }
    return *this;
  }
  ~Chain() { clear(); }

  /// For applications: kNoBuffers also when only the pool's reserve is left.
  static Result<Chain> copy_of(std::span<const std::byte> payload, Pool& pool) noexcept;

  bool empty() const noexcept { return bytes_ == 0; }
  std::uint32_t size() const noexcept { return bytes_; }
  std::uint32_t segments() const noexcept { return segments_; }
  /// First segment or nullptr; walk by ->next. Borrowed.
  rte_mbuf* head() const noexcept { return head_; }
  rte_mbuf* tail() const noexcept { return tail_; }

  void append(Chain other) noexcept {
    if (other.head_ == nullptr) return;
    ZS_ASSERT(bytes_ + other.bytes_ >= bytes_);
    (tail_ == nullptr ? head_ : tail_->next) = std::exchange(other.head_, nullptr);
    tail_ = std::exchange(other.tail_, nullptr);
    bytes_ += std::exchange(other.bytes_, 0);
    segments_ += std::exchange(other.segments_, 0);
  }
  void append(Mbuf packet) noexcept {
    if (!is_one_segment(packet.get())) [[unlikely]] {
      return append(Chain{std::move(packet)});
    }
    rte_mbuf* const m = std::move(packet).release();
    clear_metadata(m);
    if (tail_ == nullptr) [[likely]] {
      head_ = m;
    } else {
      tail_->next = m;
    }
    tail_ = m;
    bytes_ += m->data_len;
    ++segments_;
  }

  /// Copies `bytes` behind those of the last segment. False, and nothing is changed, without the
  /// tailroom, or where somebody else may see that segment's memory.
  bool append_copy(std::span<const std::byte> bytes) noexcept;

  /// Splits off the first `n` bytes without copying: whole segments move, a segment that is cut is
  /// shared through one indirect descriptor. kNoBuffers (nothing changes) without that descriptor.
  /// Precondition: n <= size().
  Result<Chain> take_front(std::uint32_t n, Pool& indirect) noexcept;
  /// Frees the first `n` bytes. Precondition: n <= size().
  void drop_front(std::uint32_t n) noexcept;
  /// Cuts to the first `n` bytes. Precondition: n <= size().
  void truncate(std::uint32_t n) noexcept;
  /// Unlinks and returns the first segment. Precondition: !empty().
  Mbuf pop_segment() noexcept;
  /// Releases the descriptor of a chain that has no other; its pkt_len and nb_segs may say
  /// anything. Precondition: segments() == 1.
  rte_mbuf* release_only() noexcept {
    ZS_ASSERT(segments_ == 1);
    rte_mbuf* const m = head_;
    head_ = tail_ = nullptr;
    bytes_ = segments_ = 0;
    return m;
  }
  /// Copies `out.size()` bytes from `offset` on. Precondition: they exist.
  void copy_out(std::uint32_t offset, std::span<std::byte> out) const noexcept;
  /// Descriptors of their own over the same bytes; kNoBuffers without them.
  Result<Chain> clone(Pool& indirect) const noexcept { return clone_front(bytes_, indirect); }
  /// The same over the first `n` bytes. Precondition: n <= size().
  Result<Chain> clone_front(std::uint32_t n, Pool& indirect) const noexcept;
  void clear() noexcept {
    if (head_ == nullptr) return;  // nearly always: what is cleared was moved from
    free_all();
  }

  /// As one packet, with pkt_len and nb_segs set; empty when this was. At most 65,535 segments.
  [[nodiscard]] Mbuf release() && noexcept;

 private:
  static bool is_one_segment(const rte_mbuf* m) noexcept {
    return m != nullptr && m->next == nullptr && m->data_len > 0;
  }
  void take_segments(rte_mbuf* m) noexcept;
  void free_all() noexcept;

  rte_mbuf* head_ = nullptr;
  rte_mbuf* tail_ = nullptr;
  std::uint32_t bytes_ = 0;
  std::uint32_t segments_ = 0;
};

}  // namespace zs::buf
