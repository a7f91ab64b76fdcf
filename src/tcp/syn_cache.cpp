#include "tcp/syn_cache.hpp"

#include <algorithm>

#include "tcp/flow_hash.hpp"

namespace zs::tcp {

SynCache::SynCache(const Config& config, const SipKey& secret)
    : slab_(config.capacity),
      secret_(secret),
      initial_rto_(std::max(config.initial_rto, Duration{1})),
      max_rto_(std::max(config.max_rto, initial_rto_)) {}

std::uint64_t SynCache::hash(const FlowKey& flow) const noexcept {
  return flow_hash(secret_, HashUse::kSynCache, flow);
}

SlabQueue& SynCache::queue_of(const SynCacheEntry& entry) noexcept {
  return levels_[std::min<std::size_t>(entry.retransmits, kLevels - 1)];
}

Duration SynCache::wait_after(std::uint8_t retransmits) const noexcept {
  Duration wait = initial_rto_;
  const std::size_t level = std::min<std::size_t>(retransmits, kLevels - 1);
  for (std::size_t i = 0; i < level && wait < max_rto_; ++i) wait = std::min(2 * wait, max_rto_);
  return wait;
}

SynCacheEntry* SynCache::find(const FlowKey& flow) noexcept { return slab_.find(hash(flow), flow); }

SynCacheEntry* SynCache::oldest() noexcept {
  for (auto level = levels_.rbegin(); level != levels_.rend(); ++level) {
    if (!level->empty()) return slab_.front(*level);
  }
  return nullptr;
}

SynCache::Inserted SynCache::insert(const SynCacheEntry& entry, Instant now) {
  Inserted result{};
  if (slab_.full()) {
    SynCacheEntry* const victim = oldest();
    result.displaced = *victim;
    erase(*victim);
  }
  SynCacheEntry& stored = slab_.insert(hash(entry.flow), entry);
  stored.retransmits = 0;
  stored.created = now;
  stored.deadline = now + initial_rto_;
  slab_.push_back(levels_[0], stored);
  result.entry = &stored;
  return result;
}

void SynCache::erase(SynCacheEntry& entry) noexcept {
  slab_.unlink(queue_of(entry), entry);
  slab_.erase(hash(entry.flow), entry);
}

void SynCache::erase_listener(std::uint32_t listener) noexcept {
  for (SlabQueue& level : levels_) {
    for (SynCacheEntry* entry = slab_.front(level); entry != nullptr;) {
      SynCacheEntry* const next = slab_.next_in_queue(*entry);
      if (entry->listener == listener) erase(*entry);
      entry = next;
    }
  }
}

Instant SynCache::next_deadline() const noexcept {
  Instant earliest = Instant::never();
  for (const SlabQueue& level : levels_) {
    if (!level.empty()) earliest = std::min(earliest, slab_.front(level)->deadline);
  }
  return earliest;
}

SynCacheEntry* SynCache::pop_due(Instant now) noexcept {
  for (SlabQueue& level : levels_) {
    SynCacheEntry* const entry = slab_.front(level);
    if (entry == nullptr || now < entry->deadline) continue;
    slab_.unlink(level, *entry);
    if (entry->retransmits < UINT8_MAX) ++entry->retransmits;
    entry->deadline = now + wait_after(entry->retransmits);
    slab_.push_back(queue_of(*entry), *entry);
    return entry;
  }
  return nullptr;
}

}  // namespace zs::tcp
