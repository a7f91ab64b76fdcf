#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/address.hpp"
#include "base/assert.hpp"

namespace zs::tcp {

/// Links of a record in a FlowSlab; T derives from it. Indices, because they are half a pointer.
struct SlabHook {
  static constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();

  std::uint32_t bucket_next = kNone;  ///< hash chain; free list when the record is free
  std::uint32_t queue_prev = kNone;
  std::uint32_t queue_next = kNone;
};

/// First and last of a FIFO of records; the links are in the records.
struct SlabQueue {
  std::uint32_t head = SlabHook::kNone;
  std::uint32_t tail = SlabHook::kNone;

  bool empty() const noexcept { return head == SlabHook::kNone; }
};

/// A bounded number of records found by 4-tuple. All memory is reserved at construction (and first
/// touched when used); records never move. T has `bool is_for(const FlowKey&) const` and derives
/// from SlabHook. The caller brings a keyed hash, so chains stay short whatever strangers send.
template <typename T>
class FlowSlab {
 public:
  explicit FlowSlab(std::uint32_t capacity) : capacity_(capacity == 0 ? 1 : capacity) {
    std::uint32_t buckets = 1;
    while (buckets < capacity_ && buckets < (1u << 30)) buckets *= 2;
    buckets_.assign(buckets, SlabHook::kNone);
    records_.reserve(capacity_);
  }

  std::uint32_t size() const noexcept { return size_; }
  std::uint32_t capacity() const noexcept { return capacity_; }
  bool full() const noexcept { return size_ == capacity_; }

  T* find(std::uint64_t hash, const FlowKey& flow) noexcept {
    std::uint32_t i = bucket(hash);
    while (i != SlabHook::kNone && !records_[i].is_for(flow)) i = records_[i].bucket_next;
    return at(i);
  }
  /// Stores a copy, on no queue. Precondition: !full().
  T& insert(std::uint64_t hash, const T& record) {
    ZS_ASSERT(!full());
    std::uint32_t i = free_;
    if (i != SlabHook::kNone) {
      free_ = records_[i].bucket_next;
      records_[i] = record;
    } else {
      i = static_cast<std::uint32_t>(records_.size());
      records_.push_back(record);
    }
    T& stored = records_[i];
    stored.bucket_next = bucket(hash);
    stored.queue_prev = stored.queue_next = SlabHook::kNone;
    bucket(hash) = i;
    ++size_;
    return stored;
  }
  /// Precondition: it is stored under `hash`, and on no queue any more.
  void erase(std::uint64_t hash, T& record) noexcept {
    const std::uint32_t i = index(record);
    std::uint32_t* link = &bucket(hash);
    while (*link != i) {
      ZS_CHECK(*link != SlabHook::kNone);
      link = &records_[*link].bucket_next;
    }
    *link = record.bucket_next;
    record.bucket_next = free_;
    free_ = i;
    --size_;
  }

  T* front(const SlabQueue& queue) noexcept { return at(queue.head); }
  const T* front(const SlabQueue& queue) const noexcept {
    return queue.empty() ? nullptr : &records_[queue.head];
  }
  T* next_in_queue(const T& record) noexcept { return at(record.queue_next); }
  void push_back(SlabQueue& queue, T& record) noexcept {
    const std::uint32_t i = index(record);
    record.queue_prev = queue.tail;
    record.queue_next = SlabHook::kNone;
    (queue.empty() ? queue.head : records_[queue.tail].queue_next) = i;
    queue.tail = i;
  }
  void unlink(SlabQueue& queue, T& record) noexcept {
    const std::uint32_t prev = record.queue_prev;
    const std::uint32_t next = record.queue_next;
    (prev == SlabHook::kNone ? queue.head : records_[prev].queue_next) = next;
    (next == SlabHook::kNone ? queue.tail : records_[next].queue_prev) = prev;
    record.queue_prev = record.queue_next = SlabHook::kNone;
  }

 private:
  std::uint32_t& bucket(std::uint64_t hash) noexcept {
    return buckets_[hash & (buckets_.size() - 1)];
  }
  T* at(std::uint32_t i) noexcept { return i == SlabHook::kNone ? nullptr : &records_[i]; }
  std::uint32_t index(const T& record) const noexcept {
    return static_cast<std::uint32_t>(&record - records_.data());
  }

  std::uint32_t capacity_;
  std::uint32_t size_ = 0;
  std::uint32_t free_ = SlabHook::kNone;
  std::vector<std::uint32_t> buckets_;
  std::vector<T> records_;
};

}  // namespace zs::tcp
