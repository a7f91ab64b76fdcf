#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace zs::timer {

class Wheel;

/// A link in a slot's ring. Internal to the wheel.
class Hook {
 protected:
  friend class Wheel;
  Hook() = default;
  Hook(const Hook&) = delete;
  Hook& operator=(const Hook&) = delete;
  ~Hook() = default;

  Hook* next_ = nullptr;
  Hook* prev_ = nullptr;
};

/// What waits on a wheel: a base or a member of whoever wants to be woken, one deadline at a time.
/// Does not know its wheel; destroying an armed entry takes it off.
class Entry : private Hook {
 public:
  Entry() = default;
  ~Entry() { disarm(); }

  bool is_armed() const { return next_ != nullptr; }
  /// When it was last armed for, or the next tick if that was reached already. never() before
  /// that, and once disarmed or popped.
  Instant deadline() const { return deadline_; }
  /// The same as Wheel::cancel(). Harmless when not armed. O(1).
  void disarm();

 private:
  friend class Wheel;
  Instant deadline_ = Instant::never();
};

/// A hierarchical timing wheel: levels of 64 slots, each level 64 times coarser than the one below,
/// with a bitmap a level, so that empty time costs nothing to cross. The levels span every Instant,
/// so there is no horizon. Arming, cancelling and re-arming are O(1); an entry moves down at most
/// once a level. Nothing allocates. Not movable: entries link into it.
///
/// An entry never fires early. It fires at the first tick at or after its deadline: less than one
/// resolution() late, if pop_due() is called then.
class Wheel {
 public:
  /// 2^16 ns, about 66 µs: fine enough for RACK, coarse enough to share wake-ups.
  static constexpr Duration kUsualResolution{1 << 16};
  /// 2^10 ns, about a microsecond: for pacing.
  static constexpr Duration kFinestResolution{1 << 10};

  /// `resolution` is rounded down to a power of two nanoseconds, and up to kFinestResolution.
  explicit Wheel(Duration resolution = kUsualResolution, Instant start = {});
  Wheel(const Wheel&) = delete;
  Wheel& operator=(const Wheel&) = delete;
  /// Disarms whatever still waits.
  ~Wheel();

  Duration resolution() const { return Duration{std::int64_t{1} << shift_}; }
  bool empty() const;

  /// Arms or re-arms; a deadline of never() cancels. An entry armed for a time that pop_due() has
  /// reached already fires at the next tick, so that a round of pop_due(now) calls ends whatever
  /// the woken do.
  void arm(Entry& entry, Instant deadline);
  void cancel(Entry& entry) { entry.disarm(); }

  /// When to call pop_due() next; never() when empty. Cheap (one look at a bitmap a level), never
  /// late, and exact to the tick for entries in the same aligned block of 64 ticks as the latest
  /// pop_due(). For others it is the beginning of their slot, a lower bound: calling pop_due() then
  /// may yield nothing, but moves the next answer closer, at most once a level for each entry.
  Instant next_deadline() const;

  /// Takes out one entry that is due at `now`, in the order of ticks; nullptr when none is left.
  /// Call it until then. Time that runs backwards is taken to stand still.
  Entry* pop_due(Instant now);

 private:
  static constexpr unsigned kBits = 6;
  static constexpr std::size_t kSlots = std::size_t{1} << kBits;
  /// 54 bits of ticks: more than 63 bits of nanoseconds in units of 2^10.
  static constexpr std::size_t kLevels = 9;

  /// The sentinel of a ring of entries, which also knows the bit that says "not empty": the last
  /// entry to leave finds both neighbours to be this.
  struct Slot : Hook {
    std::uint64_t* occupied = nullptr;
    std::uint64_t bit = 0;
  };
  friend class Entry;

  static void init(Slot& slot);
  static bool is_empty(const Slot& slot) { return slot.next_ == &slot; }
  static void link(Slot& slot, Entry& entry);
  static void unlink(Entry& entry);
  static Entry& front(Slot& slot) { return static_cast<Entry&>(*slot.next_); }

  std::uint64_t tick_at_or_before(Instant t) const;
  std::uint64_t tick_at_or_after(Instant t) const;
  Instant time_of(std::uint64_t tick) const;
  void place(Entry& entry, std::uint64_t tick);
  bool open_next_slot();

  struct NextSlot {
    std::size_t level = kLevels;  ///< kLevels: there is none
    std::size_t index = 0;
    std::uint64_t first_tick = 0;
  };
  NextSlot next_slot() const;

  unsigned shift_;
  std::uint64_t opened_;   ///< every slot up to this tick has been opened
  std::uint64_t reached_;  ///< the tick of the latest pop_due(); at least opened_
  std::array<std::uint64_t, kLevels> occupied_{};
  std::uint64_t due_occupied_ = 0;
  Slot due_;
  std::array<std::array<Slot, kSlots>, kLevels> slots_;
};

}  // namespace zs::timer
