#pragma once

#include <rte_config.h>
#include <rte_mbuf_core.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "buf/pool.hpp"

// Shared by the two backends; nobody else includes this.
namespace zs::buf {

/// Reference counts have 16 bits. Rather than let one wrap (a page of a popular file, sliced for
/// every connection) no more references are handed out from here on; the rest is for those who
/// add one without asking (a driver, a retransmission).
inline constexpr std::uint16_t kMaxReferences = 60'000;

/// What is known of one piece of external memory. It lives in a data buffer of its own, so that
/// taking and giving back external memory allocates nothing.
struct ExternalRecord {
  rte_mbuf_ext_shared_info shared;
  ExternalFree on_free;
  void* memory;
  void* opaque;
  rte_mbuf* home;  ///< the buffer that this record lives in
};

std::size_t system_page_bytes() noexcept;
/// The least that can be registered: whole pages, one at least.
bool is_whole_pages(std::span<const std::byte> memory) noexcept;

/// A record with no reference yet, or nullptr when `data` is empty or its buffers are too small.
ExternalRecord* make_external_record(Pool& data, void* memory, ExternalFree on_free,
                                     void* opaque) noexcept;

/// Descriptors over `bytes`, the first of them complete with pkt_len and nb_segs; `attach(m, part,
/// record)` fills in one of them and takes a reference.
template <typename Attach>
rte_mbuf* build_external(Pools pools, std::span<std::byte> bytes, ExternalRecord* record,
                         Attach attach) noexcept {
  rte_mbuf* head = nullptr;
  rte_mbuf* tail = nullptr;
  std::size_t offset = 0;
  std::uint16_t segments = 0;
  do {
    rte_mbuf* const m = pools.indirect->alloc();
    if (m == nullptr) {
      record->on_free = nullptr;  // refused: the memory stays the caller's
      if (head == nullptr) free_chain(record->home);
      free_chain(head);
      return nullptr;
    }
    const std::size_t length = std::min<std::size_t>(bytes.size() - offset, UINT16_MAX);
    attach(m, bytes.subspan(offset, length), record);
    (tail == nullptr ? head : tail->next) = m;
    tail = m;
    ++segments;
    offset += length;
  } while (offset < bytes.size());
  head->nb_segs = segments;
  head->pkt_len = static_cast<std::uint32_t>(bytes.size());
  return head;
}

}  // namespace zs::buf
