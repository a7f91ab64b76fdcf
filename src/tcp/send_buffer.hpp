#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/result.hpp"
#include "buf/chain.hpp"
#include "buf/mbuf.hpp"
#include "buf/pool.hpp"
#include "buf/returns.hpp"
#include "tcp/slot_ring.hpp"

namespace zs::tcp {

/// The bytes that the application wrote and the peer has not acknowledged, in the application's own
/// buffers. Offset 0 is the oldest such byte (SND.UNA); what has been sent is the caller's
/// knowledge.
///
/// Every stored segment is one descriptor whose payload position is remembered here, because
/// whoever sends it moves data_off (headers, virtio headers, VLAN tags). The descriptor is touched
/// again only when the reference count says that nobody else holds it (DESIGN §5 "Sending").
class SendBuffer {
 public:
  /// Bound on stored segments: a writer of one-byte messages must not drain the pool.
  static constexpr std::uint32_t kDefaultMaxSegments = 8192;
  /// A packet over the whole buffer, with its header segment, must still fit into nb_segs.
  static constexpr std::uint32_t kMostSegments = RTE_MBUF_MAX_NB_SEGS - 1;

  explicit SendBuffer(std::uint32_t capacity_bytes,
                      std::uint32_t max_segments = kDefaultMaxSegments) noexcept
      : capacity_(capacity_bytes), max_segments_(std::min(max_segments, kMostSegments)) {}
  ~SendBuffer() { clear(); }
  SendBuffer(const SendBuffer&) = delete;
  SendBuffer& operator=(const SendBuffer&) = delete;

  std::uint32_t size() const noexcept { return bytes_; }
  bool empty() const noexcept { return bytes_ == 0; }
  std::uint32_t segments() const noexcept { return slots_.size(); }
  std::uint32_t capacity() const noexcept { return capacity_; }
  /// May be set below size(): what is stored stays, free_space() is then 0.
  void set_capacity(std::uint32_t bytes) noexcept { capacity_ = bytes; }
  /// Bytes that append() would take now; 0 also when the segment bound is reached.
  std::uint32_t free_space() const noexcept;

  /// Takes the whole chain, or nothing and leaves `chain` to the caller: kAgain when it does not
  /// fit now, kMessageSize when it could never fit. An empty chain is accepted and does nothing.
  Result<void> append(buf::Chain& chain) noexcept;
  /// The same for a chain of one segment for which there is room now. False: nothing was done.
  bool append_one(buf::Chain& chain) noexcept {
    if (chain.segments() != 1 || bytes_ + chain.size() > capacity_ ||
        slots_.size() >= max_segments_ || slots_.is_full()) {
      return false;
    }
    slots_.push_back_within(slot_of(chain.release_only()));
    bytes_ += slots_.back().data_len;
    return true;
  }
  /// Copies a prefix of `bytes` and returns its length: first into the room behind the last
  /// segment if nobody else can see that buffer, then into fresh buffers. kAgain when the buffer is
  /// full, kNoBuffers when the pool is empty (only if nothing was taken).
  Result<std::size_t> append_copy(std::span<const std::byte> bytes, buf::Pool& pool) noexcept;

  /// Drops the first `bytes` bytes. Precondition: bytes <= size().
  void acknowledge(std::uint32_t bytes) noexcept;
  /// The same; the buffers go by way of `returns`.
  void acknowledge(std::uint32_t bytes, buf::Returns& returns) noexcept;

  /// A packet over the bytes [offset, offset + length) with at least `header_room` writable bytes
  /// in front of its first byte; the bytes stay in the buffer. Its first segment is either the
  /// stored descriptor itself (one whole segment that nobody else holds) or a fresh, empty header
  /// segment in front of indirect slices. length 0 gives the empty header segment alone.
  ///
  /// kNoBuffers changes nothing; kInvalid for a header_room that no buffer has.
  /// Precondition: offset + length <= size().
  Result<buf::Mbuf> carve(std::uint32_t offset, std::uint32_t length, std::uint16_t header_room,
                          buf::Pools pools) noexcept;
  /// The last `bytes` bytes, where these are one whole stored segment that can be sent in place
  /// with `header_room` bytes in front of it: the segment and where its payload begins, or nullptr.
  /// The caller owns the reference, and sets what the descriptor says about its data.
  std::pair<rte_mbuf*, std::uint16_t> take_last_in_place(std::uint32_t bytes,
                                                         std::uint16_t header_room) noexcept {
    const Slot& slot = slots_.back();
    if (slot.data_len != bytes || slot.data_off < header_room || !buf::is_exclusive(slot.segment)) {
      return {nullptr, 0};
    }
    buf::set_second_reference(slot.segment);
    return {slot.segment, slot.data_off};
  }
  /// The longest prefix of [offset, offset + length) that lies in at most `max_slices` segments:
  /// what a device with a bounded scatter list can take at once. Same precondition.
  std::uint32_t longest_carve(std::uint32_t offset, std::uint32_t length,
                              std::uint16_t max_slices) const noexcept;

  /// Copies `out.size()` bytes from `offset` on. Precondition: they exist.
  void copy_out(std::uint32_t offset, std::span<std::byte> out) const noexcept;
  void clear() noexcept;
  /// Gives back what was kept for the next bytes. Precondition: empty().
  void release_memory() noexcept { slots_.release_memory(); }

 private:
  struct Slot {
    rte_mbuf* segment;       ///< one reference, next == nullptr when it came
    std::uint32_t position;  ///< of its first byte on the connection's endless byte line
    std::uint16_t data_off;
    std::uint16_t data_len;
  };

  bool holds(std::uint32_t i, std::uint32_t position) const noexcept {
    return i < slots_.size() && position - slots_[i].position < slots_[i].data_len;
  }
  /// Index of the slot that holds the byte at `position`: sending is sequential, so nearly always
  /// that of the last call.
  std::uint32_t find(std::uint32_t position) const noexcept {
    if (holds(cursor_, position)) [[likely]] {
      return cursor_;
    }
    return search(position);
  }
  std::uint32_t search(std::uint32_t position) const noexcept;
  std::uint32_t slices_of(std::uint32_t i, std::uint32_t position,
                          std::uint32_t length) const noexcept;
  Slot slot_of(rte_mbuf* segment) const noexcept {
    return {segment, first_position_ + bytes_, segment->data_off, segment->data_len};
  }
  std::size_t fill_tail(std::span<const std::byte> bytes) noexcept;
  bool can_send_in_place(const Slot& slot, std::uint32_t position, std::uint32_t length,
                         std::uint16_t header_room) const noexcept;
  /// Whoever sent the descriptor last may have left headers, offload requests and lengths in it.
  static void restore(const Slot& slot) noexcept {
    rte_mbuf* const m = slot.segment;
    buf::clear_metadata(m);
    m->data_off = slot.data_off;
    m->data_len = slot.data_len;
    m->pkt_len = slot.data_len;
    m->nb_segs = 1;
    m->next = nullptr;
  }
  static void release(const Slot& slot) noexcept;

  SlotRing<Slot> slots_;
  std::uint32_t first_position_ = 0;  ///< of offset 0; wraps
  std::uint32_t bytes_ = 0;
  std::uint32_t capacity_;
  std::uint32_t max_segments_;
  mutable std::uint32_t cursor_ = 0;  ///< slot of the last find()
};

}  // namespace zs::tcp
