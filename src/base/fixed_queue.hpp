#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <utility>

#include "base/assert.hpp"

namespace zs {

/// A FIFO whose capacity is fixed at construction: the one allocation happens there. T is default
/// constructible and movable; a slot that is not in use holds a moved-from or fresh T.
template <typename T>
class FixedQueue {
 public:
  explicit FixedQueue(std::size_t capacity)
      : slots_(std::make_unique<T[]>(capacity)), capacity_(capacity) {}
  FixedQueue(FixedQueue&&) = delete;

  bool empty() const { return size_ == 0; }
  bool full() const { return size_ == capacity_; }
  std::size_t size() const { return size_; }
  std::size_t capacity() const { return capacity_; }

  /// False, with `item` untouched, when the queue is full.
  [[nodiscard]] bool try_push(T&& item) {
    if (full()) return false;
    slots_[wrap(head_ + size_)] = std::move(item);
    ++size_;
    return true;
  }
  [[nodiscard]] bool try_push(const T& item) {
    if (full()) return false;
    return try_push(T(item));
  }
  /// Precondition: !empty().
  T& front() {
    ZS_ASSERT(!empty());
    return slots_[head_];
  }
  /// Takes the oldest. Precondition: !empty().
  T pop() {
    ZS_ASSERT(!empty());
    T item = std::exchange(slots_[head_], T{});
    head_ = wrap(head_ + 1);
    --size_;
    return item;
  }
  std::optional<T> try_pop() {
    if (empty()) return std::nullopt;
    return pop();
  }
  /// The i-th oldest. Precondition: i < size().
  T& operator[](std::size_t i) {
    ZS_ASSERT(i < size_);
    return slots_[wrap(head_ + i)];
  }
  void clear() {
    while (!empty()) pop();
  }

 private:
  std::size_t wrap(std::size_t at) const { return at < capacity_ ? at : at - capacity_; }

  std::unique_ptr<T[]> slots_;
  std::size_t capacity_;
  std::size_t head_ = 0;
  std::size_t size_ = 0;
};

}  // namespace zs
