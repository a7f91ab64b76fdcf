#include "buf/external.hpp"

#include <unistd.h>

#include <new>

#include "buf/mbuf.hpp"

namespace zs::buf {
namespace {

// The last reference is gone. The address that DPDK passes is that of the segment which happened
// to go last; the owner gets the one that it gave us.
void on_last_reference(void* /*segment_memory*/, void* opaque) {
  const auto* const record = static_cast<ExternalRecord*>(opaque);
  rte_mbuf* const home = record->home;
  if (record->on_free != nullptr) record->on_free(record->memory, record->opaque);
  free_chain(home);
}

}  // namespace

std::size_t system_page_bytes() noexcept { return static_cast<std::size_t>(getpagesize()); }

bool is_whole_pages(std::span<const std::byte> memory) noexcept {
  const std::size_t page = system_page_bytes();
  return !memory.empty() && memory.size() % page == 0 &&
         reinterpret_cast<std::uintptr_t>(memory.data()) % page == 0;
}

ExternalRecord* make_external_record(Pool& data_pool, void* memory, ExternalFree on_free,
                                     void* opaque) noexcept {
  if (data_pool.data_room() < sizeof(ExternalRecord)) return nullptr;
  rte_mbuf* const home = data_pool.alloc();
  if (home == nullptr) return nullptr;
  auto* const record = new (home->buf_addr) ExternalRecord{};
  record->shared.free_cb = on_last_reference;
  record->shared.fcb_opaque = record;
  record->on_free = on_free;
  record->memory = memory;
  record->opaque = opaque;
  record->home = home;
  return record;
}

}  // namespace zs::buf
