#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "base/address.hpp"
#include "base/siphash.hpp"
#include "base/time.hpp"
#include "tcp/challenge.hpp"
#include "tcp/flow_slab.hpp"
#include "tcp/seq.hpp"

namespace zs::tcp {

/// A passive connection in SYN-RECEIVED: all that a stranger's SYN costs us (RFC 4987 §3.2).
struct SynCacheEntry : SlabHook {
  FlowKey flow;
  SeqNum irs;
  SeqNum iss;
  std::uint32_t ts_recent = 0;  ///< TSval of the SYN
  std::uint32_t ts_offset = 0;  ///< ours
  std::uint32_t listener = 0;   ///< the listener's own number for itself
  std::uint16_t peer_mss = 0;   ///< as received, 0: none
  std::uint16_t window = 0;     ///< that the SYN-ACK offers
  std::uint16_t mtu = 0;        ///< of the interface that the SYN came in by
  std::uint8_t peer_window_scale = 0;
  bool window_scaling : 1 = false;
  bool timestamps : 1 = false;
  bool sack : 1 = false;
  bool ecn : 1 = false;          ///< the SYN asked for it, and may have it
  std::uint8_t retransmits = 0;  ///< of the SYN-ACK; kept by the cache
  /// 0: it has not acknowledged the SYN-ACK. Else only data is missing (TCP_DEFER_ACCEPT).
  std::uint16_t heard_after_ms = 0;
  ChallengeLimiter challenges;  ///< acknowledgements of what cannot be right
  Instant created;              ///< kept by the cache
  Instant deadline;             ///< of the next retransmission; kept by the cache

  bool is_for(const FlowKey& key) const noexcept { return flow == key; }
};
static_assert(sizeof(SynCacheEntry) <= 128, "a SYN may cost 128 bytes and no more");

/// Half-open passive connections in memory of a fixed size. When it is full the oldest one gives
/// way: under a flood an honest handshake still has the time that it takes to fill the table.
/// Every operation is O(1).
class SynCache {
 public:
  struct Config {
    std::uint32_t capacity = 16'384;
    Duration initial_rto = std::chrono::seconds{1};
    Duration max_rto = std::chrono::seconds{120};
  };
  struct Inserted {
    SynCacheEntry* entry;
    /// A copy of what had to give way, for the caller's counters.
    std::optional<SynCacheEntry> displaced;
  };

  SynCache(const Config& config, const SipKey& secret);

  /// nullptr when there is none. Borrowed; valid until erased or displaced by an insert().
  SynCacheEntry* find(const FlowKey& flow) noexcept;
  /// Stores a copy and schedules the first retransmission at now + initial_rto.
  /// Precondition: find(entry.flow) == nullptr. `now` never goes back between calls.
  Inserted insert(const SynCacheEntry& entry, Instant now);
  void erase(SynCacheEntry& entry) noexcept;
  /// Removes the listener's entries, all in one walk over the table.
  void erase_listener(std::uint32_t listener) noexcept;

  /// When pop_due() will have something; never() when empty.
  Instant next_deadline() const noexcept;
  /// An entry whose SYN-ACK is due again, or nullptr. Its `retransmits` counts this one in, and the
  /// next is scheduled after twice the time; the caller sends, or erases it when it had enough.
  SynCacheEntry* pop_due(Instant now) noexcept;

  std::uint32_t size() const noexcept { return slab_.size(); }
  std::uint32_t capacity() const noexcept { return slab_.capacity(); }

 private:
  /// Waiting times double up to max_rto, so entries with equally many retransmissions fall due in
  /// the order in which they were scheduled, and more retransmissions mean an older entry. One FIFO
  /// a level is then a priority queue and an age list in one. The last level takes all the rest.
  static constexpr std::size_t kLevels = 16;

  std::uint64_t hash(const FlowKey& flow) const noexcept;
  SlabQueue& queue_of(const SynCacheEntry& entry) noexcept;
  Duration wait_after(std::uint8_t retransmits) const noexcept;
  SynCacheEntry* oldest() noexcept;

  FlowSlab<SynCacheEntry> slab_;
  std::array<SlabQueue, kLevels> levels_{};
  SipKey secret_;
  Duration initial_rto_;
  Duration max_rto_;
};

}  // namespace zs::tcp
