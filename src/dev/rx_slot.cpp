#include "dev/rx_slot.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace zs::dev {

RxSlot::RxSlot(RxSlot&& o) noexcept
    : posted_(std::exchange(o.posted_, 0)),
      room_(std::exchange(o.room_, 0)),
      buffers_(o.buffers_),
      overflow_(o.overflow_) {}

void RxSlot::post(std::size_t keep) noexcept {
  while (posted_ > keep) {
    rte_mbuf* const m = buffers_[--posted_];
    room_ -= buf::tailroom(m);
    buf::free_chain(m);
  }
}

bool RxSlot::arm(buf::Pool& pool, std::uint32_t bytes) noexcept {
  if (posted_ > 1 && room_ - buf::tailroom(buffers_[posted_ - 1]) >= bytes) {
    std::size_t needed = 0;
    for (std::size_t room = 0; room < bytes; ++needed) room += buf::tailroom(buffers_[needed]);
    post(needed);
  }
  while (room_ < bytes && posted_ < kMaxPosted) {
    rte_mbuf* const m = pool.alloc();
    if (m == nullptr)
      return false;  // the overflow area takes the frame; take() will say kNoBuffers
    buffers_[posted_++] = m;
    room_ += buf::tailroom(m);
  }
  return true;
}

std::span<iovec> RxSlot::vectors() noexcept {
  vectors_[0] = {&header_, sizeof header_};
  for (std::size_t i = 0; i < posted_; ++i) {
    vectors_[i + 1] = {buf::data(buffers_[i]), buf::tailroom(buffers_[i])};
  }
  vectors_[posted_ + 1] = {overflow_.data(), overflow_.size()};
  return std::span{vectors_}.first(posted_ + 2);
}

Result<rte_mbuf*> RxSlot::take(std::size_t length, buf::Pool& pool) noexcept {
  if (length == 0 || length > kMaxFrameBytes) return Errc::kInvalid;
  ZS_TRY_ASSIGN(rte_mbuf* const head, take_chain(length, pool));
  if (auto r = apply_virtio_rx(header_, *head); !r) {
    buf::free_chain(head);
    return r.error();
  }
  return head;
}

Result<rte_mbuf*> RxSlot::take_chain(std::size_t length, buf::Pool& pool) noexcept {
  rte_mbuf* head = nullptr;
  rte_mbuf** link = &head;
  std::size_t used = 0, left = length, copied = 0;
  std::uint16_t segments = 0;
  while (left > 0) {
    const bool from_overflow = used == posted_;
    rte_mbuf* const m = from_overflow ? pool.alloc() : buffers_[used];
    if (m == nullptr) break;
    const std::uint16_t room = buf::tailroom(m);
    const auto here = static_cast<std::uint16_t>(std::min<std::size_t>(room, left));
    if (from_overflow) {
      std::memcpy(buf::data(m), overflow_.data() + copied, here);
      copied += here;
    } else {
      ++used;
      room_ -= room;
    }
    m->data_len = here;
    *link = m;
    link = &m->next;
    left -= here;
    ++segments;
  }
  std::copy(buffers_.begin() + static_cast<std::ptrdiff_t>(used),
            buffers_.begin() + static_cast<std::ptrdiff_t>(posted_), buffers_.begin());
  posted_ -= used;
  if (left > 0) {
    buf::free_chain(head);
    return Errc::kNoBuffers;
  }
  head->pkt_len = static_cast<std::uint32_t>(length);
  head->nb_segs = segments;
  return head;
}

std::size_t gather(const VirtioTxFrame& frame, const rte_mbuf& packet,
                   std::span<iovec> out) noexcept {
  std::size_t n = 0;
  const auto add = [&](const void* base, std::size_t length) {
    // The kernel only reads what it is told to send; iovec has no const.
    if (n < out.size()) out[n] = {const_cast<void*>(base), length};
    ++n;
  };
  add(&frame.virtio, sizeof frame.virtio);
  if (frame.headers_length != 0) add(frame.headers.data(), frame.headers_length);
  std::size_t skip = frame.replaced_bytes;
  for (const rte_mbuf* m = &packet; m != nullptr; m = m->next) {
    const std::size_t cut = std::min<std::size_t>(skip, m->data_len);
    skip -= cut;
    if (cut < m->data_len) add(buf::data(m) + cut, m->data_len - cut);
  }
  return n <= out.size() && skip == 0 ? n : 0;
}

}  // namespace zs::dev
