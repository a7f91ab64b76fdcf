#include "timer/wheel.hpp"

#include <algorithm>
#include <bit>

#include "base/assert.hpp"

namespace zs::timer {
namespace {

unsigned shift_for(Duration resolution) {
  const auto ns = std::max(resolution, Wheel::kFinestResolution).count();
  return static_cast<unsigned>(std::bit_width(static_cast<std::uint64_t>(ns))) - 1;
}

}  // namespace

void Entry::disarm() {
  deadline_ = Instant::never();
  if (is_armed()) Wheel::unlink(*this);
}

Wheel::Wheel(Duration resolution, Instant start)
    : shift_(shift_for(resolution)), opened_(tick_at_or_before(start)), reached_(opened_) {
  due_.occupied = &due_occupied_;
  due_.bit = 1;
  init(due_);
  for (std::size_t level = 0; level < kLevels; ++level) {
    for (std::size_t index = 0; index < kSlots; ++index) {
      Slot& slot = slots_[level][index];
      slot.occupied = &occupied_[level];
      slot.bit = std::uint64_t{1} << index;
      init(slot);
    }
  }
}

Wheel::~Wheel() {
  const auto clear = [](Slot& slot) {
    while (!is_empty(slot)) front(slot).disarm();
  };
  clear(due_);
  for (auto& level : slots_) std::for_each(level.begin(), level.end(), clear);
}

void Wheel::init(Slot& slot) { slot.next_ = slot.prev_ = &slot; }

void Wheel::link(Slot& slot, Entry& entry) {
  entry.prev_ = slot.prev_;
  entry.next_ = &slot;
  slot.prev_->next_ = &entry;
  slot.prev_ = &entry;
  *slot.occupied |= slot.bit;
}

void Wheel::unlink(Entry& entry) {
  if (entry.next_ == entry.prev_) {  // alone with the sentinel
    const Slot& slot = static_cast<Slot&>(*entry.next_);
    *slot.occupied &= ~slot.bit;
  }
  entry.prev_->next_ = entry.next_;
  entry.next_->prev_ = entry.prev_;
  entry.next_ = entry.prev_ = nullptr;
}

std::uint64_t Wheel::tick_at_or_before(Instant t) const {
  return static_cast<std::uint64_t>(std::max<std::int64_t>(t.ns(), 0)) >> shift_;
}

std::uint64_t Wheel::tick_at_or_after(Instant t) const {
  const auto ns = static_cast<std::uint64_t>(std::max<std::int64_t>(t.ns(), 0));
  const std::uint64_t part = ns & ((std::uint64_t{1} << shift_) - 1);
  return (ns >> shift_) + (part != 0 ? 1 : 0);
}

Instant Wheel::time_of(std::uint64_t tick) const {
  // Only a deadline in the last tick before never() can be out of range; it waits for never().
  constexpr std::uint64_t kEnd = static_cast<std::uint64_t>(INT64_MAX);
  return tick > kEnd >> shift_ ? Instant::never()
                               : Instant::from_ns(static_cast<std::int64_t>(tick << shift_));
}

bool Wheel::empty() const {
  return due_occupied_ == 0 &&
         std::all_of(occupied_.begin(), occupied_.end(), [](auto bits) { return bits == 0; });
}

void Wheel::arm(Entry& entry, Instant deadline) {
  entry.disarm();
  if (deadline.is_never()) return;
  // The entry remembers the bumped time: it is placed anew whenever its slot is opened.
  entry.deadline_ = std::max(deadline, time_of(reached_ + 1));
  place(entry, tick_at_or_after(entry.deadline_));
}

/// The level is that of the highest digit (base 64) in which `tick` differs from opened_: all of a
/// level's entries share their higher digits with opened_, so the levels are in order of time and
/// none wraps around.
void Wheel::place(Entry& entry, std::uint64_t tick) {
  if (tick <= opened_) {
    link(due_, entry);
    return;
  }
  const auto top_bit = static_cast<unsigned>(std::bit_width(tick ^ opened_)) - 1;
  const std::size_t level = top_bit / kBits;
  ZS_ASSERT(level < kLevels);
  const std::size_t index = (tick >> (kBits * level)) % kSlots;
  link(slots_[level][index], entry);
}

Wheel::NextSlot Wheel::next_slot() const {
  for (std::size_t level = 0; level < kLevels; ++level) {
    if (occupied_[level] == 0) continue;
    const auto index = static_cast<std::size_t>(std::countr_zero(occupied_[level]));
    const std::uint64_t above = opened_ >> (kBits * (level + 1));
    return {level, index, (above << kBits | index) << (kBits * level)};
  }
  return {};
}

Instant Wheel::next_deadline() const {
  if (due_occupied_ != 0) return time_of(opened_);
  const NextSlot next = next_slot();
  return next.level == kLevels ? Instant::never() : time_of(next.first_tick);
}

/// Steps to the next occupied slot that the clock has reached, however far, and spreads its entries
/// over the levels below. False when there is none.
bool Wheel::open_next_slot() {
  const NextSlot next = next_slot();
  if (next.level == kLevels || next.first_tick > reached_) {
    opened_ = reached_;
    return false;
  }
  opened_ = next.first_tick;
  Slot& slot = slots_[next.level][next.index];
  while (!is_empty(slot)) {
    Entry& entry = front(slot);
    unlink(entry);
    place(entry, tick_at_or_after(entry.deadline_));
  }
  return true;
}

Entry* Wheel::pop_due(Instant now) {
  reached_ = std::max(reached_, tick_at_or_before(now));
  while (due_occupied_ == 0) {
    if (!open_next_slot()) return nullptr;
  }
  Entry& entry = front(due_);
  entry.disarm();
  return &entry;
}

}  // namespace zs::timer
