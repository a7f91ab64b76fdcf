#pragma once

#include <rte_config.h>
#include <rte_mbuf_core.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>

#include "base/assert.hpp"
#include "base/result.hpp"
#include "buf/pool.hpp"

namespace zs::buf {

// What rte_mbuf.h says inline, for the layers that may not link DPDK.
inline std::uint16_t reference_count(const rte_mbuf* m) noexcept {
  return __atomic_load_n(&m->refcnt, __ATOMIC_RELAXED);
}
/// add_reference() by the only holder.
inline void set_second_reference(rte_mbuf* m) noexcept {
  ZS_ASSERT(reference_count(m) == 1);
  __atomic_store_n(&m->refcnt, std::uint16_t{2}, __ATOMIC_RELAXED);
}
inline void add_reference(rte_mbuf* m) noexcept {
  // The only holder needs no lock on the bus (rte_mbuf_refcnt_update() does the same).
  if (reference_count(m) == 1) {
    set_second_reference(m);
  } else {
    __atomic_add_fetch(&m->refcnt, std::uint16_t{1}, __ATOMIC_ACQ_REL);
  }
}
inline bool is_direct(const rte_mbuf* m) noexcept {
  return (m->ol_flags & (RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL)) == 0;
}
inline std::byte* data(rte_mbuf* m) noexcept {
  return static_cast<std::byte*>(m->buf_addr) + m->data_off;
}
inline const std::byte* data(const rte_mbuf* m) noexcept {
  return static_cast<const std::byte*>(m->buf_addr) + m->data_off;
}
inline std::span<const std::byte> bytes(const rte_mbuf* m) noexcept {
  return {data(m), m->data_len};
}
inline std::uint16_t headroom(const rte_mbuf* m) noexcept { return m->data_off; }
inline std::uint16_t tailroom(const rte_mbuf* m) noexcept {
  return static_cast<std::uint16_t>(m->buf_len - m->data_off - m->data_len);
}
/// True if no one else (a TX ring, an indirect buffer, another holder) can see these bytes, so that
/// they, and the headroom, may be written.
inline bool is_exclusive(const rte_mbuf* m) noexcept {
  return is_direct(m) && reference_count(m) == 1;
}

/// Copies what a packet says about itself (flags, offload fields, hash, VLAN, port, type): all but
/// its length, its chain and where its bytes are.
void copy_metadata(rte_mbuf* to, const rte_mbuf* from) noexcept;
/// Forgets offload requests and verdicts; where the bytes are stays known.
inline void clear_metadata(rte_mbuf* m) noexcept {
  m->ol_flags &= RTE_MBUF_F_INDIRECT | RTE_MBUF_F_EXTERNAL;
  m->packet_type = 0;
  m->tx_offload = 0;
}
/// Copies `out.size()` bytes from `offset` bytes into the chain on. Precondition: they exist.
void copy_out(const rte_mbuf* m, std::uint32_t offset, std::span<std::byte> out) noexcept;

/// Sole owner of one reference to a packet: an mbuf chain whose head has a true pkt_len and
/// nb_segs.
///
/// Move-only: a copy would be a reference that nobody sees in review.
class Mbuf {
 public:
  Mbuf() = default;
  /// Takes over one reference, e.g. from rx_burst().
  static Mbuf adopt(rte_mbuf* m) noexcept { return Mbuf{m}; }
  /// Gives the reference away, e.g. to tx_burst() or across the C boundary.
  [[nodiscard]] rte_mbuf* release() && noexcept { return h_.release(); }

  explicit operator bool() const noexcept { return h_ != nullptr; }
  rte_mbuf* get() const noexcept { return h_.get(); }
  rte_mbuf* operator->() const noexcept { return h_.get(); }

  std::uint32_t length() const noexcept { return h_->pkt_len; }
  std::span<const std::byte> first() const noexcept { return bytes(h_.get()); }

  /// Removes `n` bytes from the front; empty leading segments are freed, the last one stays.
  /// Precondition: n <= length(), descriptors not shared.
  void trim_front(std::uint32_t n) noexcept {
    rte_mbuf* const head = h_.get();
    if (n < head->data_len) [[likely]] {
      head->data_off = static_cast<std::uint16_t>(head->data_off + n);
      head->data_len = static_cast<std::uint16_t>(head->data_len - n);
      head->pkt_len -= n;
      return;
    }
    trim_front_segments(n);
  }
  /// Removes bytes from the end until `length` are left. Precondition: length <= length().
  void truncate(std::uint32_t length) noexcept;
  /// Room for `n` header bytes in front of the data, writable. kNoBuffers without the headroom.
  /// Precondition: the first segment is exclusive, or its extra references only read what already
  /// lies behind data_off (first transmission out of the payload's own headroom).
  Result<std::span<std::byte>> prepend(std::uint16_t n) noexcept {
    rte_mbuf* const m = h_.get();
    // What lies in front of an indirect or external segment's data belongs to somebody else.
    if (!is_direct(m) || headroom(m) < n) return Errc::kNoBuffers;
    m->data_off = static_cast<std::uint16_t>(m->data_off - n);
    m->data_len = static_cast<std::uint16_t>(m->data_len + n);
    m->pkt_len += n;
    return std::span<std::byte>{data(m), n};
  }
  /// `n` more bytes at the end of the last segment, writable. kNoBuffers without the tailroom.
  Result<std::span<std::byte>> append(std::uint16_t n) noexcept;
  /// Makes the first `n` bytes contiguous in the first segment, in place or by copying these (and
  /// only these) into a fresh buffer. kNoBuffers when the pool is empty, kInvalid if length() < n
  /// or n exceeds a buffer.
  Result<void> pull_up(std::uint16_t n, Pool& pool) noexcept;
  /// Appends a packet's segments behind ours.
  void append_chain(Mbuf tail) noexcept;
  /// Copies `out.size()` bytes from `offset` on. Precondition: they exist.
  void copy_out(std::uint32_t offset, std::span<std::byte> out) const noexcept;

  /// A packet holding a copy of `payload` (several buffers where one is too small).
  static Result<Mbuf> copy_of(std::span<const std::byte> payload, Pool& pool) noexcept;
  /// The same bytes and metadata in buffers of their own, as few as hold them. kNoBuffers without
  /// them.
  Result<Mbuf> copy(Pool& pool) const noexcept;
  /// Descriptors of their own over the same bytes, one a segment. kNoBuffers without them.
  Result<Mbuf> clone(Pool& indirect) const noexcept;

 private:
  struct Free {
    void operator()(rte_mbuf* m) const noexcept { free_chain(m); }
  };
  explicit Mbuf(rte_mbuf* m) noexcept : h_(m) {}
  void trim_front_segments(std::uint32_t n) noexcept;
  std::unique_ptr<rte_mbuf, Free> h_;
};
static_assert(sizeof(Mbuf) == sizeof(void*), "a handle must cost what a raw pointer costs");

}  // namespace zs::buf
