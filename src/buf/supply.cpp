#include "buf/supply.hpp"

#include <algorithm>

#include "buf/pool.hpp"

// What both backends have in common.
namespace zs::buf {

void Pool::look() noexcept {
  ++looks_;
  left_ = available_here();
  if (looks_ % kSpanOfLooks == 0) peak_before_ = std::exchange(peak_, 0);
  peak_ = std::max(peak_, left_);
  kept_ = 0;
  lent_since_look_ = 0;
  const Supply before = supply_;
  supply_ = supply_of(left_, capacity(), before);
  if (before >= Supply::kScarce && supply_ < Supply::kScarce) ++reliefs_;
}

void Pool::note_kept(std::uint32_t buffers) noexcept {
  kept_ += buffers;
  supply_ = supply_of(left_ > kept_ ? left_ - kept_ : 0, capacity(), supply_);
}

bool Pool::may_lend() noexcept {
  // Half a sixteenth above the reserve: what applications have written must never fill the room
  // for what acknowledges it. Two hosts that did that to each other would wait for ever.
  const std::uint32_t mark = capacity() / 16 + capacity() / 32;
  if (++lent_since_look_ >= kLooksEvery) {
    look();
  } else if (std::min(left_, capacity()) <= lent_since_look_ + mark) {
    // The reserve of a small pool is less than an application takes between two looks.
    left_ = available_here();
    lent_since_look_ = 0;
    supply_ = supply_of(left_, capacity(), supply_);
  }
  return supply_ != Supply::kReserve && std::min(left_, capacity()) > mark;
}

}  // namespace zs::buf
