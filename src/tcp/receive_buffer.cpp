#include "tcp/receive_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "buf/mbuf.hpp"

namespace zs::tcp {
namespace {

/// Copies bytes to the end of `packed`, whose last segment is `open` and not appended yet; returns
/// how many before the pool was empty.
std::uint16_t pack(std::span<const std::byte> bytes, buf::Chain& packed, buf::Mbuf& open,
                   buf::Pool& pool) noexcept {
  std::size_t done = 0;
  while (done < bytes.size()) {
    if (open && buf::tailroom(open.get()) == 0) packed.append(std::exchange(open, buf::Mbuf{}));
    if (!open) open = buf::Mbuf::adopt(pool.alloc());
    if (!open) break;
    const auto n = static_cast<std::uint16_t>(
        std::min<std::size_t>(bytes.size() - done, buf::tailroom(open.get())));
    std::memcpy(open.append(n)->data(), bytes.data() + done, n);
    done += n;
  }
  return static_cast<std::uint16_t>(done);
}

}  // namespace

// Everything is copied, not only what is small: small segments between larger ones would else be
// a pattern that costs a walk with each packet and frees nothing.
std::uint32_t ReceiveBuffer::compact(buf::Pool& pool) noexcept {
  constexpr std::uint64_t kWorthIt = 8;
  if (data_.segments() < kWorthIt ||
      data_.size() * kWorthIt > std::uint64_t{data_.segments()} * pool.data_room()) {
    return 0;
  }
  std::uint32_t copied = 0;
  buf::Chain packed;
  buf::Mbuf open;
  while (!data_.empty()) {
    buf::Mbuf segment = data_.pop_segment();
    const std::uint16_t n = pack(segment.first(), packed, open, pool);
    copied += n;
    if (n == segment.length()) continue;
    segment.trim_front(n);
    if (open) packed.append(std::exchange(open, buf::Mbuf{}));
    packed.append(std::move(segment));
    packed.append(std::exchange(data_, buf::Chain{}));
  }
  if (open) packed.append(std::move(open));
  data_ = std::move(packed);
  return copied;
}

bool ReceiveBuffer::is_neglected(SeqNum first_unread, const buf::Pool& pool) noexcept {
  if (has_plain_room()) return false;
  if (first_unread != neglected_from_) {
    neglected_from_ = first_unread;
    neglected_since_ = pool.looks();
  }
  return pool.looks() - neglected_since_ >= kPatientTurns;
}

std::uint32_t ReceiveBuffer::absorb(buf::Chain data, SeqNum first_unread,
                                    buf::Pool& pool) noexcept {
  if (is_neglected(first_unread, pool) &&
      is_wasteful(data_.size() + data.size(), data_.segments() + data.segments(), plain_segments_,
                  pool)) {
    return append_packed(data_, std::move(data), pool);
  }
  data_.append(std::move(data));
  return 0;
}

std::uint32_t ReceiveBuffer::bounded(std::uint32_t limit) const noexcept {
  limit = std::min(limit, data_.size());
  if (is_one_packet()) [[likely]] {
    return limit;
  }
  std::uint32_t bytes = 0;
  const rte_mbuf* m = data_.head();
  for (int n = 0; n < RTE_MBUF_MAX_NB_SEGS && bytes < limit; ++n, m = m->next) bytes += m->data_len;
  return std::min(limit, bytes);
}

Result<buf::Chain> ReceiveBuffer::share(std::uint32_t limit, buf::Pool& indirect) const noexcept {
  return data_.clone_front(bounded(limit), indirect);
}

Result<buf::Chain> ReceiveBuffer::read(std::uint32_t limit, buf::Pools pools) noexcept {
  limit = bounded(limit);
  if (limit == data_.size()) return take_all();
  Result<buf::Chain> front = data_.take_front(limit, *pools.indirect);
  if (front) return front;
  // No descriptor for the cut: whole segments still go out without one.
  std::uint32_t whole = 0;
  for (const rte_mbuf* m = data_.head(); m != nullptr && m->data_len <= limit - whole;
       m = m->next) {
    whole += m->data_len;
  }
  if (whole == 0) return front.error();
  return data_.take_front(whole, *pools.indirect);
}

std::size_t ReceiveBuffer::read_copy(std::span<std::byte> out) noexcept {
  const std::size_t n = peek(out);
  data_.drop_front(static_cast<std::uint32_t>(n));
  return n;
}

std::size_t ReceiveBuffer::peek(std::span<std::byte> out) const noexcept {
  const std::size_t n = std::min<std::size_t>(out.size(), data_.size());
  data_.copy_out(0, out.first(n));
  return n;
}

std::uint32_t ReceiveBuffer::window(std::uint32_t segment_size,
                                    std::uint32_t queued_elsewhere) const noexcept {
  if (data_.size() >= capacity_) return 0;
  const std::uint64_t used = std::uint64_t{data_.segments()} + queued_elsewhere;
  if (used >= max_segments_) return 0;
  const std::uint64_t by_buffers = (max_segments_ - used) * std::max(segment_size, 1u);
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(capacity_ - data_.size(), by_buffers));
}

}  // namespace zs::tcp
