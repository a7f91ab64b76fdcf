#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <utility>

#include "base/assert.hpp"

namespace zs {

/// A bounded queue between exactly one producing and one consuming thread, without locks. Each side
/// keeps a private copy of the other's position and reads the shared one only when the copy says
/// full or empty, so that a busy ring moves few cache lines. The one allocation is at construction.
template <typename T>
class SpscRing {
 public:
  /// Room for at least `min_capacity` items, rounded up to a power of two.
  explicit SpscRing(std::size_t min_capacity)
      : mask_(std::bit_ceil(min_capacity) - 1), slots_(std::make_unique<T[]>(mask_ + 1)) {
    ZS_ASSERT(min_capacity > 0);
  }
  SpscRing(const SpscRing&) = delete;
  SpscRing& operator=(const SpscRing&) = delete;

  std::size_t capacity() const { return mask_ + 1; }

  /// Producer. False, with `item` untouched, when the ring is full.
  [[nodiscard]] bool try_push(T&& item) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    if (free_slots(tail) == 0) return false;
    slots_[tail & mask_] = std::move(item);
    tail_.store(tail + 1, std::memory_order_release);
    return true;
  }
  [[nodiscard]] bool try_push(const T& item) {
    if (free_slots(tail_.load(std::memory_order_relaxed)) == 0) return false;
    return try_push(T(item));
  }
  /// Producer. Moves in as many as fit, from the front, and returns how many; one publication.
  std::size_t push_burst(std::span<T> items) {
    const std::size_t tail = tail_.load(std::memory_order_relaxed);
    std::size_t count = 0;
    for (const std::size_t room = free_slots(tail, items.size());
         count < items.size() && count < room; ++count) {
      slots_[(tail + count) & mask_] = std::move(items[count]);
    }
    if (count > 0) tail_.store(tail + count, std::memory_order_release);
    return count;
  }

  /// Consumer.
  std::optional<T> try_pop() {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    if (filled_slots(head) == 0) return std::nullopt;
    std::optional<T> item = std::exchange(slots_[head & mask_], T{});
    head_.store(head + 1, std::memory_order_release);
    return item;
  }
  /// Consumer. Fills `out` from the front and returns how many.
  std::size_t pop_burst(std::span<T> out) {
    const std::size_t head = head_.load(std::memory_order_relaxed);
    std::size_t count = 0;
    for (const std::size_t ready = filled_slots(head, out.size());
         count < out.size() && count < ready; ++count) {
      out[count] = std::exchange(slots_[(head + count) & mask_], T{});
    }
    if (count > 0) head_.store(head + count, std::memory_order_release);
    return count;
  }

  /// Either side: exact for the side's own next operation, a moment old otherwise.
  bool empty() const { return size() == 0; }
  std::size_t size() const {
    // head first: read the other way round, head could overtake the tail that was read.
    const std::size_t head = head_.load(std::memory_order_acquire);
    return std::min(tail_.load(std::memory_order_acquire) - head, capacity());
  }

 private:
  /// x86-64's destructive interference size; the constant of <new> warns that it may change.
  static constexpr std::size_t kCacheLine = 64;

  /// At least `wanted` free slots unless there truly are fewer.
  std::size_t free_slots(std::size_t tail, std::size_t wanted = 1) {
    if (capacity() - (tail - seen_head_) < wanted) {
      seen_head_ = head_.load(std::memory_order_acquire);
    }
    return capacity() - (tail - seen_head_);
  }
  std::size_t filled_slots(std::size_t head, std::size_t wanted = 1) {
    if (seen_tail_ - head < wanted) seen_tail_ = tail_.load(std::memory_order_acquire);
    return seen_tail_ - head;
  }

  const std::size_t mask_;
  const std::unique_ptr<T[]> slots_;
  alignas(kCacheLine) std::atomic<std::size_t> tail_{0};  ///< written by the producer
  std::size_t seen_head_ = 0;                             ///< the producer's
  alignas(kCacheLine) std::atomic<std::size_t> head_{0};  ///< written by the consumer
  std::size_t seen_tail_ = 0;                             ///< the consumer's
};

}  // namespace zs
