#include "buf/pool.hpp"

#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>
#include <rte_mbuf_pool_ops.h>
#include <rte_memory.h>
#include <rte_mempool.h>

#include <algorithm>

#include "buf/external.hpp"
#include "buf/mbuf.hpp"

namespace zs::buf {

struct Pool::Impl {
  rte_mempool* pool = nullptr;
  std::uint16_t data_room = 0;

  ~Impl() { rte_mempool_free(pool); }
};

namespace {

/// Buffers that an lcore keeps to itself: a few bursts, and never so many that the lcores' caches
/// together could hide a small pool's buffers from whoever needs them.
std::uint32_t cache_size(std::uint32_t count) {
  return std::min<std::uint32_t>(256, count / (4 * std::max(1u, rte_lcore_count())));
}

/// rte_pktmbuf_pool_create() with one flag more. Where device addresses are virtual ones, every
/// buffer is contiguous for a device whatever pages it lies on; without being told so, DPDK lets no
/// buffer cross a page of ordinary memory (--no-huge) and wastes two fifths of it.
rte_mempool* create_mempool(const PoolConfig& config, std::uint16_t buffer_bytes) {
  const unsigned flags = rte_eal_iova_mode() == RTE_IOVA_VA ? RTE_MEMPOOL_F_NO_IOVA_CONTIG : 0;
  rte_mempool* const pool = rte_mempool_create_empty(
      config.name.c_str(), config.count, static_cast<unsigned>(sizeof(rte_mbuf)) + buffer_bytes,
      cache_size(config.count), sizeof(rte_pktmbuf_pool_private), static_cast<int>(rte_socket_id()),
      flags);
  if (pool == nullptr) return nullptr;
  rte_pktmbuf_pool_private layout{};
  layout.mbuf_data_room_size = buffer_bytes;
  const int ops = rte_mempool_set_ops_byname(pool, rte_mbuf_best_mempool_ops(), nullptr);
  if (ops == 0) rte_pktmbuf_pool_init(pool, &layout);
  if (const int error = ops != 0 ? ops : rte_mempool_populate_default(pool); error < 0) {
    rte_mempool_free(pool);
    rte_errno = -error;
    return nullptr;
  }
  rte_mempool_obj_iter(pool, rte_pktmbuf_init, nullptr);
  return pool;
}

std::uint16_t memory_references(rte_mbuf* m) noexcept {
  if (RTE_MBUF_HAS_EXTBUF(m)) return rte_mbuf_ext_refcnt_read(m->shinfo);
  return rte_mbuf_refcnt_read(RTE_MBUF_CLONED(m) ? rte_mbuf_from_indirect(m) : m);
}

}  // namespace

Pool::Pool(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Pool::~Pool() = default;

Result<std::unique_ptr<Pool>> Pool::create(const PoolConfig& config) {
  if (config.count == 0 || config.name.empty() || config.name.size() > 24 ||
      config.data_room > UINT16_MAX - kHeadroom) {
    return Errc::kInvalid;
  }
  const auto buffer_bytes = config.data_room == 0
                                ? std::uint16_t{0}
                                : static_cast<std::uint16_t>(config.data_room + kHeadroom);
  static_assert(kHeadroom == RTE_PKTMBUF_HEADROOM);
  auto impl = std::make_unique<Impl>();
  impl->data_room = config.data_room;
  impl->pool = create_mempool(config, buffer_bytes);
  if (impl->pool == nullptr) return rte_errno == ENOMEM ? Errc::kNoMemory : Errc::kInvalid;
  return std::make_unique<Pool>(std::move(impl));
}

rte_mbuf* Pool::alloc() noexcept {
  rte_mbuf* const m = rte_pktmbuf_alloc(impl_->pool);
  if (m == nullptr) [[unlikely]] {
    note_failure();
  }
  return m;
}

bool Pool::alloc_bulk(std::span<rte_mbuf*> out) noexcept {
  if (rte_pktmbuf_alloc_bulk(impl_->pool, out.data(), static_cast<unsigned>(out.size())) == 0) {
    return true;
  }
  note_failure();
  return false;
}

std::uint32_t Pool::capacity() const noexcept { return impl_->pool->size; }
std::uint32_t Pool::available() const noexcept { return rte_mempool_avail_count(impl_->pool); }

std::uint32_t Pool::available_here() const noexcept {
  rte_mempool* const pool = impl_->pool;
  std::uint32_t n = rte_mempool_get_ops(pool->ops_index)->get_count(pool);
  if (const rte_mempool_cache* const cache = rte_mempool_default_cache(pool, rte_lcore_id())) {
    n += cache->len;
  }
  return std::min(n, pool->size);
}

std::uint16_t Pool::data_room() const noexcept { return impl_->data_room; }
rte_mempool* Pool::mempool() const noexcept { return impl_->pool; }
void Pool::fail_after_for_test(std::uint32_t /*n*/) noexcept {}

void free_chain(rte_mbuf* head) noexcept { rte_pktmbuf_free(head); }
void free_segment(rte_mbuf* m) noexcept { rte_pktmbuf_free_seg(m); }
void free_plain(std::span<rte_mbuf* const> buffers) noexcept {
  rte_mempool_put_bulk(buffers[0]->pool, reinterpret_cast<void* const*>(buffers.data()),
                       static_cast<unsigned>(buffers.size()));
}

// rte_pktmbuf_attach() without what a slice has no use for: hash, tags, time stamps, dynamic
// fields.
bool attach_indirect(rte_mbuf* fresh, rte_mbuf* segment, std::uint32_t offset,
                     std::uint32_t length) noexcept {
  ZS_ASSERT(offset <= segment->data_len && length <= segment->data_len - offset);
  if (memory_references(segment) >= kMaxReferences) return false;
  if (RTE_MBUF_HAS_EXTBUF(segment)) {
    rte_mbuf_ext_refcnt_update(segment->shinfo, 1);
    fresh->shinfo = segment->shinfo;
    fresh->ol_flags = RTE_MBUF_F_EXTERNAL;
  } else {
    rte_mbuf_refcnt_update(RTE_MBUF_CLONED(segment) ? rte_mbuf_from_indirect(segment) : segment, 1);
    fresh->priv_size = segment->priv_size;
    fresh->ol_flags = RTE_MBUF_F_INDIRECT;
  }
  rte_mbuf_iova_set(fresh, rte_mbuf_iova_get(segment));
  fresh->buf_addr = segment->buf_addr;
  fresh->buf_len = segment->buf_len;
  fresh->data_off = static_cast<std::uint16_t>(segment->data_off + offset);
  fresh->data_len = static_cast<std::uint16_t>(length);
  fresh->pkt_len = length;
  return true;
}

// Drivers that need it find the memory by its address from now on. Mapping it for an IOMMU
// (rte_dev_dma_map) is left to whoever opens such a device.
Result<void> register_memory(std::span<std::byte> memory) noexcept {
  if (!is_whole_pages(memory)) return Errc::kInvalid;
  const int failed =
      rte_extmem_register(memory.data(), memory.size(), nullptr, 0, system_page_bytes());
  if (failed == 0 || rte_errno == EEXIST) return {};
  return rte_errno == EINVAL ? Errc::kInvalid : Errc::kNoMemory;
}

rte_mbuf* make_external(Pools pools, std::span<std::byte> bytes, ExternalFree on_free,
                        void* opaque) noexcept {
  if (bytes.size() > kMaxExternalBytes) return nullptr;
  ExternalRecord* const record = make_external_record(*pools.data, bytes.data(), on_free, opaque);
  if (record == nullptr) return nullptr;
  return build_external(
      pools, bytes, record, [](rte_mbuf* m, std::span<std::byte> part, ExternalRecord* r) noexcept {
        rte_mbuf_ext_refcnt_update(&r->shared, 1);
        // A device without an IOMMU needs the address as the bus sees it; memory that DPDK does
        // not know has none, and only devices that copy may send it.
        rte_pktmbuf_attach_extbuf(m, part.data(), rte_mem_virt2iova(part.data()),
                                  static_cast<std::uint16_t>(part.size()), &r->shared);
        m->data_len = static_cast<std::uint16_t>(part.size());
        m->pkt_len = m->data_len;
      });
}

}  // namespace zs::buf
