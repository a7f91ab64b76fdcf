#include "buf/loan.hpp"

#include <algorithm>

namespace zs::buf {

void Loan::lend(const Pool& data, std::uint32_t buffers, std::uint32_t allowance) noexcept {
  looks_ = data.looks();
  left_before_ = data.most_left();
  lent_ = buffers;
  allowance_ = allowance;
  refused_ = 0;
}

bool Loan::admit_short(Pool& data, std::uint32_t buffers) noexcept {
  if (data.supply() == Supply::kReserve) return false;
  if (data.supply() == Supply::kScarce && !admit_scarce(data, buffers)) return false;
  data.note_kept(buffers);
  return true;
}

bool Loan::admit_scarce(Pool& data, std::uint32_t buffers) noexcept {
  if (reliefs_ != data.reliefs()) {
    reliefs_ = data.reliefs();
    patience_ = 1;
    lend(data, buffers, kQuota);
    return true;
  }
  if (lent_ == 0 || lent_ + buffers <= allowance_) {
    lent_ += buffers;
    looks_ = data.looks();
    return true;
  }
  // What became of the latest ones shows at the next look.
  if (data.looks() == looks_) return false;
  // Half of them, since others take and give too.
  if (data.left() + lent_ / 2 >= left_before_) {
    if (allowance_ == kTrial) data.end_trial();
    patience_ = 1;
    lend(data, buffers, kQuota);
    return true;
  }
  // Whoever is refused soon sends single segments, for its window is closed.
  if (++refused_ < patience_ || buffers > kTrial || !data.begin_trial()) return false;
  patience_ = std::min(patience_ * 2, kMostPatience);
  lend(data, buffers, kTrial);
  return true;
}

}  // namespace zs::buf
