#include "buf/loan.hpp"

#include <algorithm>

namespace zs::buf {

void Loan::lend(const Pool& data, std::uint32_t buffers, std::uint32_t allowance) noexcept {
  looks_ = data.looks();
  left_before_ = data.left();
  lent_ = buffers;
  allowance_ = allowance;
  refused_ = 0;
}

bool Loan::admit_scarce(Pool& data, std::uint32_t buffers) noexcept {
  if (reliefs_ != data.reliefs()) {
    reliefs_ = data.reliefs();
    patience_ = 1;
    lend(data, buffers, kQuota);
    return true;
  }
  if (lent_ < allowance_) {
    lent_ += buffers;
    looks_ = data.looks();
    return true;
  }
  // What became of the latest ones shows at the next look.
  if (++refused_ < patience_ || data.looks() == looks_) return false;
  // Half, since others take and give too; of a single one there is no half.
  if (data.left() + lent_ / 2 >= left_before_) {
    patience_ = 1;
    lend(data, buffers, kQuota);
    return true;
  }
  if (!data.begin_trial()) return false;
  patience_ = std::min(patience_ * 2, kMostPatience);
  lend(data, buffers, 1);
  return true;
}

}  // namespace zs::buf
