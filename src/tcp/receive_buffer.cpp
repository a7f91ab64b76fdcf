#include "tcp/receive_buffer.hpp"

#include <algorithm>

namespace zs::tcp {

Result<buf::Chain> ReceiveBuffer::read(std::uint32_t limit, buf::Pools pools) noexcept {
  if (limit >= data_.size()) return take_all();
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
