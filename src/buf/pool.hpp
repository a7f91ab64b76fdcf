#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <utility>

#include "base/result.hpp"
#include "buf/supply.hpp"

struct rte_mbuf;
struct rte_mempool;

namespace zs::buf {

/// Headroom of every buffer that a pool hands out: RTE_PKTMBUF_HEADROOM, and enough for Ethernet,
/// VLAN, IPv6 and a TCP header with full options (14 + 4 + 40 + 60 = 118 bytes).
inline constexpr std::uint16_t kHeadroom = 128;

struct PoolConfig {
  std::string name;             ///< unique in the process, at most 24 characters
  std::uint32_t count = 0;      ///< buffers, all of them reserved at creation
  std::uint16_t data_room = 0;  ///< payload bytes a buffer, beside kHeadroom; 0: descriptors only
};

/// A bounded supply of mbufs. One class, two link-time backends with the same rte_mbuf layout:
/// buf/dpdk (rte_mempool, needs EAL) and buf/heap (one malloc a buffer, so that sanitizers see
/// every byte; for tests, fuzzers and the simulator).
///
/// A pool must outlive its buffers. Thread rule: a DPDK pool may be used from any lcore; a heap
/// pool from one thread.
class Pool {
 public:
  /// kNoMemory when the memory cannot be had, kInvalid for an impossible configuration.
  static Result<std::unique_ptr<Pool>> create(const PoolConfig& config);
  ~Pool();
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  /// A reset buffer of one segment with kHeadroom in front, or nullptr when the pool is empty
  /// (counted in failures()). The caller owns it.
  rte_mbuf* alloc() noexcept;
  /// All of `out` or nothing.
  bool alloc_bulk(std::span<rte_mbuf*> out) noexcept;

  std::uint32_t capacity() const noexcept;
  std::uint32_t available() const noexcept;  ///< exact in the heap backend, a snapshot in DPDK's
  std::uint32_t in_use() const noexcept { return capacity() - available(); }
  std::uint16_t data_room() const noexcept;
  /// Allocations refused so far.
  std::uint64_t failures() const noexcept { return __atomic_load_n(&failures_, __ATOMIC_RELAXED); }

  // How much is left, as a shard goes by it; for the thread of that shard.
  /// Counts what is left, once a turn: when the packets of that turn have been freed or kept.
  [[gnu::noinline]] void look() noexcept;
  /// At the last look(), less what was kept since.
  Supply supply() const noexcept { return supply_; }
  std::uint32_t left() const noexcept { return left_; }  ///< at the last look()
  /// Received buffers stay with a socket.
  void note_kept(std::uint32_t buffers) noexcept;
  /// The most of the latest looks. What is on its way (in a device's rings) only ever hides
  /// buffers, so this is what is left when nothing is.
  std::uint32_t most_left() const noexcept { return std::max(peak_, peak_before_); }
  std::uint32_t looks() const noexcept { return looks_; }
  std::uint32_t reliefs() const noexcept { return reliefs_; }  ///< times that a shortage ended
  /// One socket at a time tries what becomes of its buffers (loan.hpp), until it says that it is
  /// done or has had its time. False while another does.
  bool begin_trial() noexcept {
    if (looks_ - trial_at_ < kSpanOfLooks) return false;
    trial_at_ = looks_;
    return true;
  }
  void end_trial() noexcept { trial_at_ = looks_ - kSpanOfLooks; }
  /// False when an application may have no more (and looks now and then by itself, since an
  /// application may allocate without any traffic).
  bool may_lend() noexcept;
  /// alloc() on behalf of an application: nullptr also when only the reserve is left.
  rte_mbuf* lend() noexcept {
    if (may_lend()) return alloc();
    note_failure();
    return nullptr;
  }

  /// nullptr in the heap backend.
  rte_mempool* mempool() const noexcept;

  /// Heap backend: let the next `n` allocations pass and refuse all later ones; UINT32_MAX ends it.
  /// No effect in the DPDK backend.
  void fail_after_for_test(std::uint32_t n) noexcept;

  struct Impl;
  explicit Pool(std::unique_ptr<Impl> impl) noexcept;

 private:
  static constexpr std::uint32_t kLooksEvery = 32;
  static constexpr std::uint32_t kSpanOfLooks = 16;

  /// available() without what lies in other threads' caches: DPDK has one for each of 128 lcores,
  /// and to add them up takes a microsecond.
  std::uint32_t available_here() const noexcept;
  void note_failure() noexcept { __atomic_add_fetch(&failures_, 1, __ATOMIC_RELAXED); }

  std::unique_ptr<Impl> impl_;
  std::uint64_t failures_ = 0;
  std::uint32_t left_ = UINT32_MAX;
  std::uint32_t kept_ = 0;  ///< since the last look()
  std::uint32_t peak_ = 0;  ///< of this span of looks, and of the one before
  std::uint32_t peak_before_ = 0;
  std::uint32_t looks_ = 0;
  std::uint32_t trial_at_ = 0u - kSpanOfLooks;
  std::uint32_t reliefs_ = 0;
  std::uint32_t lent_since_look_ = 0;
  Supply supply_ = Supply::kPlenty;
};

/// What a shard draws its buffers from: payload buffers, and descriptors for indirect ones.
struct Pools {
  Pool* data = nullptr;
  Pool* indirect = nullptr;
};

/// Drops one reference of every segment of the chain; a segment's memory returns to its pool with
/// the last one. nullptr is fine.
void free_chain(rte_mbuf* head) noexcept;
/// Drops one reference of this segment alone, whatever is linked behind it.
void free_segment(rte_mbuf* m) noexcept;

/// The same for many that are nobody else's, lie in memory of their own and have nothing linked
/// behind them; all of one pool.
[[gnu::noinline]] void free_plain(std::span<rte_mbuf* const> buffers) noexcept;

/// A descriptor of its own over `length` bytes of `segment` beginning `offset` bytes into its data;
/// the memory gains a reference. Works on direct, indirect and external buffers. nullptr when
/// `pool` is empty, or when the memory has so many references that their count could wrap.
rte_mbuf* make_indirect(Pool& pool, rte_mbuf* segment, std::uint32_t offset,
                        std::uint32_t length) noexcept;

/// What make_indirect() does with a descriptor that was just allocated. False, and nothing is
/// changed, when the memory has too many references.
[[nodiscard]] bool attach_indirect(rte_mbuf* fresh, rte_mbuf* segment, std::uint32_t offset,
                                   std::uint32_t length) noexcept;

/// Longest piece of external memory: well below what 32-bit lengths and reference counts allow.
inline constexpr std::size_t kMaxExternalBytes = std::size_t{1} << 30;

/// Called with `opaque` when the last reference to external memory goes.
using ExternalFree = void (*)(void* memory, void* opaque);

/// A buffer over memory that the pool does not own (the application's, a page of a static file).
/// `bytes` must stay valid until `on_free` is called; it has no headroom. Beyond 65,535 bytes it is
/// a chain. Costs one data buffer for the bookkeeping. nullptr when a pool is empty, and `on_free`
/// is then not called; so also for more than kMaxExternalBytes.
rte_mbuf* make_external(Pools pools, std::span<std::byte> bytes, ExternalFree on_free,
                        void* opaque) noexcept;

/// Makes memory of the application's known to the devices, before buffers are made over it. It
/// stays known while the process lives; a second time for the same memory is fine. kInvalid unless
/// it begins and ends at the border of a page, kNoMemory when no more can be known.
Result<void> register_memory(std::span<std::byte> memory) noexcept;

}  // namespace zs::buf
