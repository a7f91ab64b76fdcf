#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"
#include "tcp/seat.hpp"
#include "timer/wheel.hpp"

namespace zs::tcp {

/// A connection that sleeps: what of it differs from a typical one, and when it must be woken.
class Dormant : public timer::Entry {
 private:
  friend class Dormitory;

  Dormant* next_ = nullptr;  ///< of the same bucket
  std::uint64_t hash_ = 0;
  Seat* seat_ = nullptr;
  // The packed words follow.
};

/// Connections on which nothing is going on, as words that it does not interpret but for the
/// 4-tuple: found by that, and woken by time. A third of the memory, and no timer without a
/// deadline.
class Dormitory {
 public:
  struct Sleeper {
    std::uint64_t hash = 0;  ///< of its flow
    std::span<const std::uint32_t> words;
    std::size_t flow_at = 0;  ///< which of them are its FlowKey; the same for all
    Seat* seat = nullptr;
    Instant deadline;  ///< never(): only traffic wakes it
  };

  /// A connection is so many words.
  explicit Dormitory(std::size_t words) : pattern_(words) {}
  ~Dormitory();
  Dormitory(const Dormitory&) = delete;
  Dormitory& operator=(const Dormitory&) = delete;

  std::size_t size() const { return size_; }
  /// Memory of all that sleep, the table included.
  std::size_t bytes() const {
    return packed_bytes_ + size_ * sizeof(Dormant) + buckets_.size() * sizeof(void*);
  }

  /// Precondition: find() knows nobody of this flow.
  Dormant& add(const Sleeper& sleeper);
  /// nullptr when there is none. Borrowed; valid until taken.
  Dormant* find(std::uint64_t hash, const FlowKey& flow) const;
  /// Writes the words and forgets them. The seat that add() was given.
  Seat* take(Dormant& dormant, std::span<std::uint32_t> words);

  Instant next_deadline() const { return size_ == 0 ? Instant::never() : wheel_.next_deadline(); }
  /// One whose deadline has come, or nullptr.
  Dormant* pop_due(Instant now) { return static_cast<Dormant*>(wheel_.pop_due(now)); }
  /// Any one, or nullptr.
  Dormant* any() const;

 private:
  static const std::uint32_t* packed(const Dormant& dormant) {
    return reinterpret_cast<const std::uint32_t*>(&dormant + 1);
  }
  Dormant*& bucket(std::uint64_t hash) { return buckets_[hash & (buckets_.size() - 1)]; }
  FlowKey flow_of(const Dormant& dormant) const;
  void grow();

  timer::Wheel wheel_;
  std::vector<Dormant*> buckets_;
  std::size_t size_ = 0;
  std::size_t packed_bytes_ = 0;
  std::vector<std::uint32_t> pattern_;  ///< the first that slept
  bool has_pattern_ = false;
  std::size_t flow_at_ = 0;
};

}  // namespace zs::tcp
