#include "buf/pool.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "buf/external.hpp"
#include "buf/mbuf.hpp"

// The backend of tests, fuzzers and the simulator: each buffer, descriptor and data together as
// DPDK lays them out, is an allocation of its own, so that a sanitizer sees a step over its end and
// a use after its last reference.
namespace zs::buf {

struct Pool::Impl {
  std::uint32_t count = 0;
  std::uint32_t used = 0;
  std::uint16_t data_room = 0;
  std::uint16_t buffer_bytes = 0;  ///< with the headroom; 0 for descriptors only
  std::uint32_t allowed = UINT32_MAX;

  rte_mbuf* alloc() noexcept;
  void free(rte_mbuf* m) noexcept;
};

namespace {

// rte_mbuf names its pool by DPDK's type; here it stands for ours.
Pool::Impl* owner(const rte_mbuf* m) noexcept { return reinterpret_cast<Pool::Impl*>(m->pool); }

bool drop_reference(std::uint16_t& count) noexcept {
  ZS_CHECK(__atomic_load_n(&count, __ATOMIC_RELAXED) != 0);
  return __atomic_sub_fetch(&count, std::uint16_t{1}, __ATOMIC_ACQ_REL) == 0;
}

/// The buffer whose memory an indirect one looks into: its descriptor lies right before it.
rte_mbuf* parent(const rte_mbuf* indirect) noexcept {
  return reinterpret_cast<rte_mbuf*>(static_cast<std::byte*>(indirect->buf_addr) -
                                     indirect->priv_size - sizeof(rte_mbuf));
}

/// The count that keeps the memory behind a segment alive.
std::uint16_t& memory_references(rte_mbuf* m) noexcept {
  if ((m->ol_flags & RTE_MBUF_F_EXTERNAL) != 0) return m->shinfo->refcnt;
  return (m->ol_flags & RTE_MBUF_F_INDIRECT) != 0 ? parent(m)->refcnt : m->refcnt;
}

}  // namespace

rte_mbuf* Pool::Impl::alloc() noexcept {
  if (allowed == 0 || used == count) return nullptr;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignof(rte_mbuf), sizeof(rte_mbuf) + buffer_bytes) != 0) {
    return nullptr;
  }
  if (allowed != UINT32_MAX) --allowed;
  ++used;
  std::memset(memory, 0, sizeof(rte_mbuf));
  auto* const m = static_cast<rte_mbuf*>(memory);
  m->buf_addr = static_cast<std::byte*>(memory) + sizeof(rte_mbuf);
  m->buf_len = buffer_bytes;
  m->data_off = std::min(kHeadroom, buffer_bytes);
  m->refcnt = 1;
  m->nb_segs = 1;
  m->port = RTE_MBUF_PORT_INVALID;
  m->pool = reinterpret_cast<rte_mempool*>(this);
  return m;
}

void Pool::Impl::free(rte_mbuf* m) noexcept {
  ZS_CHECK(used > 0);
  --used;
  std::free(m);
}

Pool::Pool(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}

Pool::~Pool() { ZS_ASSERT(impl_->used == 0 && "a pool must outlive its buffers"); }

Result<std::unique_ptr<Pool>> Pool::create(const PoolConfig& config) {
  if (config.count == 0 || config.name.empty() || config.name.size() > 24 ||
      config.data_room > UINT16_MAX - kHeadroom) {
    return Errc::kInvalid;
  }
  auto impl = std::make_unique<Impl>();
  impl->count = config.count;
  impl->data_room = config.data_room;
  impl->buffer_bytes = config.data_room == 0
                           ? std::uint16_t{0}
                           : static_cast<std::uint16_t>(config.data_room + kHeadroom);
  return std::make_unique<Pool>(std::move(impl));
}

rte_mbuf* Pool::alloc() noexcept {
  rte_mbuf* const m = impl_->alloc();
  if (m == nullptr) note_failure();
  return m;
}

bool Pool::alloc_bulk(std::span<rte_mbuf*> out) noexcept {
  for (std::size_t i = 0; i < out.size(); ++i) {
    out[i] = impl_->alloc();
    if (out[i] == nullptr) {
      for (std::size_t k = 0; k < i; ++k) impl_->free(std::exchange(out[k], nullptr));
      note_failure();
      return false;
    }
  }
  return true;
}

std::uint32_t Pool::capacity() const noexcept { return impl_->count; }
std::uint32_t Pool::available() const noexcept { return impl_->count - impl_->used; }
std::uint32_t Pool::available_here() const noexcept { return available(); }
std::uint16_t Pool::data_room() const noexcept { return impl_->data_room; }
rte_mempool* Pool::mempool() const noexcept { return nullptr; }
void Pool::fail_after_for_test(std::uint32_t n) noexcept { impl_->allowed = n; }

void free_segment(rte_mbuf* m) noexcept {
  if (!drop_reference(m->refcnt)) return;
  if ((m->ol_flags & RTE_MBUF_F_EXTERNAL) != 0) {
    rte_mbuf_ext_shared_info* const shared = m->shinfo;
    if (drop_reference(shared->refcnt)) shared->free_cb(m->buf_addr, shared->fcb_opaque);
  } else if ((m->ol_flags & RTE_MBUF_F_INDIRECT) != 0) {
    rte_mbuf* const p = parent(m);
    if (drop_reference(p->refcnt)) owner(p)->free(p);
  }
  owner(m)->free(m);
}

void free_plain(std::span<rte_mbuf* const> buffers) noexcept {
  for (rte_mbuf* const m : buffers) free_segment(m);
}

void free_chain(rte_mbuf* head) noexcept {
  while (head != nullptr) {
    rte_mbuf* const next = head->next;
    free_segment(head);
    head = next;
  }
}

bool attach_indirect(rte_mbuf* fresh, rte_mbuf* segment, std::uint32_t offset,
                     std::uint32_t length) noexcept {
  ZS_ASSERT(offset <= segment->data_len && length <= segment->data_len - offset);
  std::uint16_t& references = memory_references(segment);
  if (__atomic_load_n(&references, __ATOMIC_RELAXED) >= kMaxReferences) return false;
  __atomic_add_fetch(&references, std::uint16_t{1}, __ATOMIC_ACQ_REL);
  if ((segment->ol_flags & RTE_MBUF_F_EXTERNAL) != 0) {
    fresh->shinfo = segment->shinfo;
    fresh->ol_flags = RTE_MBUF_F_EXTERNAL;
  } else {
    fresh->ol_flags = RTE_MBUF_F_INDIRECT;
  }
  fresh->buf_addr = segment->buf_addr;
  fresh->buf_len = segment->buf_len;
  fresh->priv_size = segment->priv_size;
  fresh->data_off = static_cast<std::uint16_t>(segment->data_off + offset);
  fresh->data_len = static_cast<std::uint16_t>(length);
  fresh->pkt_len = length;
  return true;
}

Result<void> register_memory(std::span<std::byte> memory) noexcept {
  if (!is_whole_pages(memory)) return Errc::kInvalid;
  return {};
}

rte_mbuf* make_external(Pools pools, std::span<std::byte> bytes, ExternalFree on_free,
                        void* opaque) noexcept {
  if (bytes.size() > kMaxExternalBytes) return nullptr;
  ExternalRecord* const record = make_external_record(*pools.data, bytes.data(), on_free, opaque);
  if (record == nullptr) return nullptr;
  return build_external(pools, bytes, record,
                        [](rte_mbuf* m, std::span<std::byte> part, ExternalRecord* r) noexcept {
                          __atomic_add_fetch(&r->shared.refcnt, std::uint16_t{1}, __ATOMIC_ACQ_REL);
                          m->shinfo = &r->shared;
                          m->ol_flags = RTE_MBUF_F_EXTERNAL;
                          m->buf_addr = part.data();
                          m->buf_len = static_cast<std::uint16_t>(part.size());
                          m->data_off = 0;
                          m->data_len = static_cast<std::uint16_t>(part.size());
                          m->pkt_len = m->data_len;
                        });
}

}  // namespace zs::buf
