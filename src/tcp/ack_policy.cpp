#include "tcp/ack_policy.hpp"

#include <algorithm>

namespace zs::tcp {

void AckPolicy::on_data(Arrival arrival, std::uint32_t bytes, std::uint32_t segment_size,
                        Instant now) noexcept {
  // RFC 5681 §4.2: out-of-order segments and those that fill a gap are acknowledged at once; a
  // duplicate means that an ACK of ours was lost.
  if (arrival != Arrival::kInOrder) now_ = true;
  if (bytes > 0) on_in_order(bytes, segment_size, now);
}

Instant AckPolicy::deadline() const noexcept {
  return now_ ? Instant::from_ns(INT64_MIN) : deadline_;
}

std::uint32_t window_to_offer(const WindowState& w) noexcept {
  if (w.free <= w.offered) return w.offered;
  const std::uint32_t step = std::min(w.capacity / 2, w.mss);
  return w.free - w.offered >= step ? w.free : w.offered;
}

// A peer that cannot send a segment is told as soon as it can (it would have to probe). Else an
// update that frees two segments and a quarter of the buffer is worth a packet: smaller steps ride
// on the ACKs of the data that still comes.
bool is_window_update_due(const WindowState& w) noexcept {
  const std::uint32_t offer = window_to_offer(w);
  if (offer == w.offered) return false;
  const std::uint32_t growth = offer - w.offered;
  if (w.offered < w.mss) return true;
  return growth >= w.capacity / 4 && growth / 2 >= w.mss;
}

}  // namespace zs::tcp
