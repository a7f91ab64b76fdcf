#pragma once

#include <cstdint>
#include <memory>
#include <type_traits>

#include "base/assert.hpp"

namespace zs::tcp {

/// A FIFO of small plain values with random access, in a ring whose size doubles when it is full.
///
/// It never shrinks, so that a connection in its steady state allocates nothing, and holds no
/// memory before the first push. Index 0 is the front.
template <typename T>
class SlotRing {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  bool empty() const noexcept { return count_ == 0; }
  std::uint32_t size() const noexcept { return count_; }
  T& operator[](std::uint32_t i) noexcept {
    ZS_ASSERT(i < count_);
    return slots_[(first_ + i) & (capacity_ - 1)];
  }
  const T& operator[](std::uint32_t i) const noexcept {
    ZS_ASSERT(i < count_);
    return slots_[(first_ + i) & (capacity_ - 1)];
  }
  T& front() noexcept { return (*this)[0]; }
  T& back() noexcept { return (*this)[count_ - 1]; }
  /// The next push_back() must find more memory.
  bool is_full() const noexcept { return count_ == capacity_; }
  void push_back(const T& value) {
    if (is_full()) grow();
    push_back_within(value);
  }
  /// Precondition: !is_full().
  void push_back_within(const T& value) noexcept {
    ZS_ASSERT(!is_full());
    slots_[(first_ + count_) & (capacity_ - 1)] = value;
    ++count_;
  }
  void clear() noexcept { count_ = 0; }
  /// The same, and the memory is given back.
  void release_memory() noexcept {
    slots_.reset();
    capacity_ = first_ = count_ = 0;
  }
  void pop_front() noexcept {
    ZS_ASSERT(count_ > 0);
    first_ = (first_ + 1) & (capacity_ - 1);
    --count_;
  }

 private:
  static constexpr std::uint32_t kFirstCapacity = 8;

  [[gnu::noinline]] void grow() {
    const std::uint32_t capacity = capacity_ == 0 ? kFirstCapacity : capacity_ * 2;
    auto slots = std::make_unique<T[]>(capacity);
    for (std::uint32_t i = 0; i < count_; ++i) slots[i] = (*this)[i];
    slots_ = std::move(slots);
    capacity_ = capacity;
    first_ = 0;
  }

  std::unique_ptr<T[]> slots_;
  std::uint32_t capacity_ = 0;  ///< a power of two, or 0
  std::uint32_t first_ = 0;
  std::uint32_t count_ = 0;
};

}  // namespace zs::tcp
