#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

#include "base/result.hpp"
#include "buf/chain.hpp"
#include "buf/loan.hpp"
#include "buf/pool.hpp"
#include "tcp/packing.hpp"
#include "tcp/seq.hpp"

namespace zs::tcp {

/// In-order bytes that wait for the application, in the buffers that they arrived in.
class ReceiveBuffer {
 public:
  ReceiveBuffer(std::uint32_t capacity_bytes, std::uint32_t max_segments) noexcept
      : capacity_(capacity_bytes),
        max_segments_(max_segments),
        plain_segments_(std::min(max_segments, kPlainBuffers)) {}

  std::uint32_t size() const noexcept { return data_.size(); }
  bool empty() const noexcept { return data_.empty(); }
  std::uint32_t segments() const noexcept { return data_.segments(); }
  std::uint32_t capacity() const noexcept { return capacity_; }
  /// May be set below size(): what is stored stays.
  void set_capacity(std::uint32_t bytes) noexcept { capacity_ = bytes; }

  /// False once the bound on buffers is reached. Ask before accepting new data from the wire, and
  /// drop (unacknowledged) what arrives then: a window already offered in bytes cannot be taken
  /// back, and a peer that fills it with tiny segments must not drain the pool (DESIGN §5).
  bool has_room() const noexcept { return data_.segments() < max_segments_; }
  /// As has_room(), for data that is append()ed without absorb(): so few buffers wait that it does
  /// not matter what is in them.
  bool has_plain_room() const noexcept { return data_.segments() < plain_segments_; }
  /// False when buffers run so low that this connection may have no more for now; asked for each
  /// packet of so many buffers that would be kept.
  bool admit(buf::Pool& data, std::uint32_t buffers) noexcept {
    refused_ = !loan_.admit(data, buffers);
    return !refused_;
  }
  /// As admit() does while there is plenty.
  void forget_refusal() noexcept { refused_ = false; }
  /// True once after a refusal: the next acknowledgement is to offer no window at all.
  bool take_refusal() noexcept { return std::exchange(refused_, false); }
  /// Copies everything into as few buffers as can hold it, if that frees at least seven of eight;
  /// returns how many payload bytes that took, 0 when it was not worth it (which costs nothing to
  /// find out). For when has_room() is false, or the pool runs low: a peer of tiny segments then
  /// pays with a copy instead of holding our buffers (DESIGN §5). What an empty pool leaves
  /// uncopied stays as it is.
  std::uint32_t compact(buf::Pool& pool) noexcept;
  /// Never fails: the caller has cut the data to the window and has asked has_room().
  void append(buf::Chain data) noexcept { data_.append(std::move(data)); }
  void append(buf::Mbuf packet) noexcept { data_.append(std::move(packet)); }
  /// append(), but tiny segments share a buffer (packing.hpp) once the application lags behind.
  /// `first_unread` is the number of the first byte that waits. Returns how many payload bytes were
  /// copied.
  std::uint32_t absorb(buf::Chain data, SeqNum first_unread, buf::Pool& pool) noexcept;

  /// Moves out up to `limit` bytes, uncopied; an empty chain when there are none. kNoBuffers
  /// (nothing changes) when a segment must be cut and no descriptor is left.
  Result<buf::Chain> read(std::uint32_t limit, buf::Pools pools) noexcept;
  /// The first bytes by descriptors of their own; the bytes stay. kNoBuffers without descriptors.
  Result<buf::Chain> share(std::uint32_t limit, buf::Pool& indirect) const noexcept;
  /// Whether everything there is fits one packet: what is read may become one.
  bool is_one_packet() const noexcept { return data_.segments() <= RTE_MBUF_MAX_NB_SEGS; }
  /// Everything there is, at no cost.
  buf::Chain take_all() noexcept { return std::move(data_); }  // which leaves it empty
  /// Copies out and drops up to out.size() bytes; returns how many.
  std::size_t read_copy(std::span<std::byte> out) noexcept;
  /// Copies up to out.size() bytes and keeps them (MSG_PEEK); returns how many.
  std::size_t peek(std::span<std::byte> out) const noexcept;
  void clear() noexcept { data_.clear(); }

  /// The window that may be offered now, before scaling and silly-window avoidance
  /// (ack_policy.hpp): the free bytes, and no more segments of `segment_size` payload bytes than
  /// buffers are left. `queued_elsewhere` counts buffers of the same connection that wait out of
  /// order.
  std::uint32_t window(std::uint32_t segment_size,
                       std::uint32_t queued_elsewhere = 0) const noexcept;

 private:
  /// Whether nothing was read for kPatientTurns, though more than a few buffers wait.
  bool is_neglected(SeqNum first_unread, const buf::Pool& pool) noexcept;
  /// `limit`, or what there is, or what one packet can hold: what is read may become one.
  std::uint32_t bounded(std::uint32_t limit) const noexcept;

  buf::Chain data_;
  buf::Loan loan_;
  std::uint32_t capacity_;
  std::uint32_t max_segments_;
  std::uint32_t plain_segments_;
  SeqNum neglected_from_;              ///< first_unread when there were too many buffers,
  std::uint32_t neglected_since_ = 0;  ///< and Pool::looks() then
  bool refused_ = false;
};

}  // namespace zs::tcp
