#include "buf/supply.hpp"

#include "buf/pool.hpp"

// What both backends have in common.
namespace zs::buf {

void Pool::look() noexcept {
  ++looks_;
  left_ = available();
  const Supply before = supply_;
  supply_ = supply_of(left_, capacity(), before);
  if (before >= Supply::kScarce && supply_ < Supply::kScarce) ++reliefs_;
  lent_since_look_ = 0;
}

bool Pool::may_lend() noexcept {
  if (++lent_since_look_ >= kLooksEvery) look();
  return supply_ != Supply::kReserve;
}

}  // namespace zs::buf
