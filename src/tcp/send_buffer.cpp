#include "tcp/send_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/assert.hpp"
#include "buf/slicer.hpp"

namespace zs::tcp {

std::uint32_t SendBuffer::free_space() const noexcept {
  if (bytes_ >= capacity_ || slots_.size() >= max_segments_) return 0;
  return capacity_ - bytes_;
}

Result<void> SendBuffer::append(buf::Chain& chain) noexcept {
  if (chain.size() > capacity_ || chain.segments() > max_segments_) return Errc::kMessageSize;
  if (chain.empty()) return {};
  if (chain.size() > free_space() || chain.segments() > max_segments_ - slots_.size()) {
    return Errc::kAgain;
  }
  while (!chain.empty()) {
    slots_.push_back(slot_of(chain.pop_segment().release()));
    bytes_ += slots_.back().data_len;
  }
  return {};
}

// Bytes behind a stored payload may be written while somebody *had* the buffer, not while somebody
// has it: an indirect slice in flight keeps the count above one.
std::size_t SendBuffer::fill_tail(std::span<const std::byte> bytes) noexcept {
  if (slots_.empty()) return 0;
  Slot& slot = slots_.back();
  if (!buf::is_exclusive(slot.segment)) return 0;
  const std::size_t end = std::size_t{slot.data_off} + slot.data_len;
  const std::size_t n = std::min(bytes.size(), slot.segment->buf_len - end);
  if (n == 0) return 0;
  std::memcpy(static_cast<std::byte*>(slot.segment->buf_addr) + end, bytes.data(), n);
  slot.data_len = static_cast<std::uint16_t>(slot.data_len + n);
  bytes_ += static_cast<std::uint32_t>(n);
  return n;
}

Result<std::size_t> SendBuffer::append_copy(std::span<const std::byte> bytes,
                                            buf::Pool& pool) noexcept {
  ZS_ASSERT(pool.data_room() > 0);
  if (bytes.empty()) return std::size_t{0};
  if (bytes_ >= capacity_) return Errc::kAgain;
  const std::span<const std::byte> fitting =
      bytes.first(std::min<std::size_t>(bytes.size(), capacity_ - bytes_));
  std::size_t taken = fill_tail(fitting);
  Errc stopped_by = Errc::kAgain;
  while (taken < fitting.size() && slots_.size() < max_segments_) {
    rte_mbuf* const segment = pool.lend();
    if (segment == nullptr) {
      stopped_by = Errc::kNoBuffers;
      break;
    }
    const auto n = static_cast<std::uint16_t>(
        std::min<std::size_t>(fitting.size() - taken, buf::tailroom(segment)));
    std::memcpy(buf::data(segment), fitting.data() + taken, n);
    slots_.push_back({segment, first_position_ + bytes_, segment->data_off, n});
    bytes_ += n;
    taken += n;
  }
  if (taken == 0) return stopped_by;
  return taken;
}

void SendBuffer::acknowledge(std::uint32_t bytes, buf::Returns& returns) noexcept {
  ZS_ASSERT(bytes <= bytes_);
  first_position_ += bytes;
  if (bytes == bytes_ && slots_.size() == 1) [[likely]] {  // an answered request
    returns.add(slots_.front().segment);
    slots_.clear();
    bytes_ = cursor_ = 0;
    return;
  }
  bytes_ -= bytes;
  while (!slots_.empty()) {
    const Slot& slot = slots_.front();
    // The front segment is done with when its end is not behind the first byte any more.
    const std::uint32_t acknowledged = first_position_ - slot.position;
    if (acknowledged < slot.data_len) break;
    // The segment alone: what a driver that holds it has linked behind it is the driver's.
    returns.add(slot.segment);
    slots_.pop_front();
    if (cursor_ > 0) --cursor_;
  }
}

void SendBuffer::acknowledge(std::uint32_t bytes) noexcept {
  buf::Returns returns;
  acknowledge(bytes, returns);
}

std::uint32_t SendBuffer::search(std::uint32_t position) const noexcept {
  if (holds(cursor_ + 1, position)) return ++cursor_;
  // Positions rise with the index, counted from the first slot's (they wrap).
  const std::uint32_t origin = slots_[0].position;
  std::uint32_t low = 0;
  std::uint32_t high = slots_.size() - 1;
  while (low < high) {
    const std::uint32_t middle = low + (high - low + 1) / 2;
    if (slots_[middle].position - origin <= position - origin) {
      low = middle;
    } else {
      high = middle - 1;
    }
  }
  return cursor_ = low;
}

bool SendBuffer::can_send_in_place(const Slot& slot, std::uint32_t position, std::uint32_t length,
                                   std::uint16_t header_room) const noexcept {
  return position == slot.position && length == slot.data_len && slot.data_off >= header_room &&
         buf::is_exclusive(slot.segment);
}

// The segment alone: what a driver that holds it has linked behind it is the driver's.
void SendBuffer::release(const Slot& slot) noexcept { buf::free_segment(slot.segment); }

/// Over how many slots the bytes [position, position + length) lie, from the i-th on.
std::uint32_t SendBuffer::slices_of(std::uint32_t i, std::uint32_t position,
                                    std::uint32_t length) const noexcept {
  if (length == 0) return 0;
  const std::uint32_t end = position + length;
  std::uint32_t n = 1;
  while (end - slots_[i + n - 1].position > slots_[i + n - 1].data_len) ++n;
  return n;
}

Result<buf::Mbuf> SendBuffer::carve(std::uint32_t offset, std::uint32_t length,
                                    std::uint16_t header_room, buf::Pools pools) noexcept {
  ZS_ASSERT(offset <= bytes_ && length <= bytes_ - offset);
  std::uint32_t position = first_position_ + offset;
  std::uint32_t i = 0;
  if (length > 0) {
    i = find(position);
    if (can_send_in_place(slots_[i], position, length, header_room)) {
      restore(slots_[i]);
      buf::add_reference(slots_[i].segment);
      return buf::Mbuf::adopt(slots_[i].segment);
    }
  }

  if (header_room > buf::kHeadroom + pools.data->data_room()) return Errc::kInvalid;
  rte_mbuf* const head = pools.data->alloc();
  if (head == nullptr) return Errc::kNoBuffers;
  head->data_off = std::max(head->data_off, header_room);
  buf::Mbuf packet = buf::Mbuf::adopt(head);
  rte_mbuf* tail = head;
  buf::Slicer slices(*pools.indirect, slices_of(i, position, length));
  for (std::uint32_t left = length; left > 0; ++i) {
    const Slot& slot = slots_[i];
    const auto skip = static_cast<std::uint16_t>(position - slot.position);
    const auto n = static_cast<std::uint16_t>(std::min<std::uint32_t>(left, slot.data_len - skip));
    // The stored descriptor may say anything about its data at the moment (a driver has it), so
    // the slice is placed by what was remembered.
    rte_mbuf* const slice = slices.make(slot.segment, 0, 0);
    if (slice == nullptr) return Errc::kNoBuffers;
    slice->data_off = static_cast<std::uint16_t>(slot.data_off + skip);
    slice->data_len = n;
    slice->pkt_len = n;
    tail->next = slice;
    tail = slice;
    ++head->nb_segs;
    head->pkt_len += n;
    position += n;
    left -= n;
    cursor_ = i;
  }
  return packet;
}

std::uint32_t SendBuffer::longest_carve(std::uint32_t offset, std::uint32_t length,
                                        std::uint16_t max_slices) const noexcept {
  ZS_ASSERT(offset <= bytes_ && length <= bytes_ - offset);
  if (length == 0 || max_slices == 0) return 0;
  const std::uint32_t position = first_position_ + offset;
  const std::uint32_t first = find(position);
  const std::uint32_t in_first = slots_[first].position + slots_[first].data_len - position;
  if (length <= in_first) [[likely]]
    return length;
  const std::uint32_t last = std::min(first + max_slices, slots_.size()) - 1;
  const Slot& slot = slots_[last];
  return std::min(length, slot.position + slot.data_len - position);
}

void SendBuffer::copy_out(std::uint32_t offset, std::span<std::byte> out) const noexcept {
  ZS_ASSERT(offset <= bytes_ && out.size() <= bytes_ - offset);
  if (out.empty()) return;
  std::uint32_t position = first_position_ + offset;
  for (std::uint32_t i = find(position); !out.empty(); ++i) {
    const Slot& slot = slots_[i];
    const std::uint32_t skip = position - slot.position;
    const std::size_t n = std::min<std::size_t>(out.size(), slot.data_len - skip);
    std::memcpy(out.data(),
                static_cast<const std::byte*>(slot.segment->buf_addr) + slot.data_off + skip, n);
    out = out.subspan(n);
    position += static_cast<std::uint32_t>(n);
  }
}

void SendBuffer::clear() noexcept {
  for (; !slots_.empty(); slots_.pop_front()) release(slots_.front());
  first_position_ += bytes_;
  bytes_ = 0;
  cursor_ = 0;
}

}  // namespace zs::tcp
