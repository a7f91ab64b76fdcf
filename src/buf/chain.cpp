#include "buf/chain.hpp"

#include <algorithm>

#include "buf/slicer.hpp"

namespace zs::buf {
// What a packet said about itself (offload requests, checksum verdicts) means nothing for the bytes
// of a stream and must not come back when a segment heads another packet. Empty segments go, so
// that every segment of a chain holds at least a byte.
void Chain::take_segments(rte_mbuf* m) noexcept {
  while (m != nullptr) {
    rte_mbuf* const next = m->next;
    if (m->data_len == 0) {
      free_segment(m);
    } else {
      clear_metadata(m);
      m->next = nullptr;
      (tail_ == nullptr ? head_ : tail_->next) = m;
      tail_ = m;
      bytes_ += m->data_len;
      ++segments_;
    }
    m = next;
  }
}

Result<Chain> Chain::copy_of(std::span<const std::byte> payload, Pool& pool) noexcept {
  if (payload.empty()) return Chain{};
  if (!pool.may_lend()) return Errc::kNoBuffers;
  ZS_TRY_ASSIGN(Mbuf packet, Mbuf::copy_of(payload, pool));
  return Chain{std::move(packet)};
}

bool Chain::append_copy(std::span<const std::byte> bytes) noexcept {
  if (tail_ == nullptr || !is_exclusive(tail_) || tailroom(tail_) < bytes.size()) return false;
  std::ranges::copy(bytes, data(tail_) + tail_->data_len);
  tail_->data_len = static_cast<std::uint16_t>(tail_->data_len + bytes.size());
  bytes_ += static_cast<std::uint32_t>(bytes.size());
  return true;
}

Result<Chain> Chain::take_front(std::uint32_t n, Pool& indirect) noexcept {
  ZS_ASSERT(n <= bytes_);
  Chain front;
  if (n == 0) return front;
  // Find the cut first: nothing may change if its descriptor cannot be had.
  rte_mbuf* last_whole = nullptr;
  rte_mbuf* m = head_;
  std::uint32_t left = n;
  while (left > 0 && left >= m->data_len) {
    left -= m->data_len;
    last_whole = m;
    m = m->next;
    ++front.segments_;
  }
  rte_mbuf* cut = nullptr;
  if (left > 0) {
    cut = make_indirect(indirect, m, 0, left);
    if (cut == nullptr) {
      front.segments_ = 0;
      return Errc::kNoBuffers;
    }
    m->data_off = static_cast<std::uint16_t>(m->data_off + left);
    m->data_len = static_cast<std::uint16_t>(m->data_len - left);
  }

  segments_ -= front.segments_;
  bytes_ -= n;
  front.bytes_ = n;
  if (last_whole != nullptr) {
    front.head_ = head_;
    front.tail_ = last_whole;
    last_whole->next = nullptr;
    head_ = m;
    if (m == nullptr) tail_ = nullptr;
  }
  if (cut != nullptr) {
    (front.tail_ == nullptr ? front.head_ : front.tail_->next) = cut;
    front.tail_ = cut;
    ++front.segments_;
  }
  return front;
}

void Chain::drop_front(std::uint32_t n) noexcept {
  ZS_ASSERT(n <= bytes_);
  bytes_ -= n;
  while (n > 0 && n >= head_->data_len) {
    n -= head_->data_len;
    rte_mbuf* const next = head_->next;
    free_segment(head_);
    head_ = next;
    --segments_;
  }
  if (head_ == nullptr) {
    tail_ = nullptr;
  } else if (n > 0) {
    head_->data_off = static_cast<std::uint16_t>(head_->data_off + n);
    head_->data_len = static_cast<std::uint16_t>(head_->data_len - n);
  }
}

void Chain::truncate(std::uint32_t n) noexcept {
  ZS_ASSERT(n <= bytes_);
  if (n == 0) return clear();
  if (n == bytes_) return;
  rte_mbuf* last = head_;
  std::uint32_t left = n;
  std::uint32_t segments = 1;
  while (left > last->data_len) {
    left -= last->data_len;
    last = last->next;
    ++segments;
  }
  free_chain(std::exchange(last->next, nullptr));
  last->data_len = static_cast<std::uint16_t>(left);
  tail_ = last;
  bytes_ = n;
  segments_ = segments;
}

Mbuf Chain::pop_segment() noexcept {
  ZS_ASSERT(!empty());
  rte_mbuf* const m = head_;
  head_ = m->next;
  if (head_ == nullptr) tail_ = nullptr;
  m->next = nullptr;
  m->nb_segs = 1;
  m->pkt_len = m->data_len;
  bytes_ -= m->data_len;
  --segments_;
  return Mbuf::adopt(m);
}

void Chain::copy_out(std::uint32_t offset, std::span<std::byte> out) const noexcept {
  ZS_ASSERT(offset <= bytes_ && out.size() <= bytes_ - offset);
  buf::copy_out(head_, offset, out);
}

Result<Chain> Chain::clone_front(std::uint32_t n, Pool& indirect) const noexcept {
  ZS_ASSERT(n <= bytes_);
  Chain copy;
  Slicer slices(indirect, n == bytes_ ? segments_ : 1);
  for (rte_mbuf* m = head_; n > 0; m = m->next) {
    const std::uint32_t length = std::min<std::uint32_t>(n, m->data_len);
    rte_mbuf* const c = slices.make(m, 0, length);
    if (c == nullptr) return Errc::kNoBuffers;
    (copy.tail_ == nullptr ? copy.head_ : copy.tail_->next) = c;
    copy.tail_ = c;
    copy.bytes_ += length;
    ++copy.segments_;
    n -= length;
  }
  return copy;
}

void Chain::free_all() noexcept {
  free_chain(std::exchange(head_, nullptr));
  tail_ = nullptr;
  bytes_ = 0;
  segments_ = 0;
}

Mbuf Chain::release() && noexcept {
  if (head_ == nullptr) return {};
  ZS_ASSERT(segments_ <= RTE_MBUF_MAX_NB_SEGS);
  rte_mbuf* const head = std::exchange(head_, nullptr);
  head->pkt_len = std::exchange(bytes_, 0);
  head->nb_segs = static_cast<std::uint16_t>(std::exchange(segments_, 0));
  tail_ = nullptr;
  return Mbuf::adopt(head);
}

}  // namespace zs::buf
