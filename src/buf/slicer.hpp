#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "buf/pool.hpp"

namespace zs::buf {

/// Makes the indirect descriptors of one packet, whose number is known before: they come from the
/// pool a batch at a time, which costs a fraction of asking for each. Leaves scope with what it
/// drew too many given back.
class Slicer {
 public:
  /// At most `count` calls of make() follow.
  Slicer(Pool& pool, std::size_t count) noexcept : pool_(pool), count_(count) {}
  ~Slicer() { give_back(); }
  Slicer(const Slicer&) = delete;
  Slicer& operator=(const Slicer&) = delete;

  /// As make_indirect().
  rte_mbuf* make(rte_mbuf* segment, std::uint32_t offset, std::uint32_t length) noexcept {
    if (drawn_ == 0 && !draw()) return nullptr;
    rte_mbuf* const m = fresh_[drawn_ - 1];
    if (!attach_indirect(m, segment, offset, length)) return nullptr;
    --drawn_;
    return m;
  }

 private:
  static constexpr std::size_t kBatch = 32;

  bool draw() noexcept {
    const std::size_t n = std::clamp<std::size_t>(count_, 1, kBatch);
    if (!pool_.alloc_bulk(std::span(fresh_).first(n))) return false;
    drawn_ = n;
    count_ -= std::min(count_, n);
    return true;
  }
  void give_back() noexcept {
    while (drawn_ > 0) free_segment(fresh_[--drawn_]);
  }

  Pool& pool_;
  std::size_t count_;  ///< still to be drawn
  std::size_t drawn_ = 0;
  std::array<rte_mbuf*, kBatch> fresh_;  // the first drawn_ are valid
};

}  // namespace zs::buf
