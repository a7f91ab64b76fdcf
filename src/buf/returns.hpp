#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "buf/mbuf.hpp"
#include "buf/pool.hpp"

namespace zs::buf {

/// Buffers on their way back to their pool, which takes them cheaper by the dozen. Holds a few for
/// as long as its owner works on one burst; flush() ends that.
class Returns {
 public:
  static constexpr std::size_t kMost = 32;

  Returns() = default;
  ~Returns() { flush(); }
  Returns(const Returns&) = delete;
  Returns& operator=(const Returns&) = delete;

  /// Takes over one reference of this segment alone, whatever is linked behind it.
  void add(rte_mbuf* m) noexcept {
    if (!is_plain(m) || m->pool != pool_) [[unlikely]] {
      add_slowly(m);
      return;
    }
    buffers_[count_++] = m;
    if (count_ == kMost) flush();
  }
  void flush() noexcept {
    if (count_ == 0) return;
    free_plain(std::span(buffers_).first(count_));
    count_ = 0;
  }
  std::size_t count() const noexcept { return count_; }

 private:
  /// Nothing has to be undone before it is free: one holder, its own memory, nothing behind it.
  static bool is_plain(const rte_mbuf* m) noexcept {
    return ((m->nb_segs ^ 1U) | (reference_count(m) ^ 1U)) == 0 && is_direct(m) &&
           m->next == nullptr;
  }

  [[gnu::noinline]] void add_slowly(rte_mbuf* m) noexcept {
    if (!is_plain(m)) {
      free_segment(m);
      return;
    }
    flush();
    pool_ = m->pool;
    buffers_[count_++] = m;
  }

  rte_mempool* pool_ = nullptr;  ///< of all of them
  std::size_t count_ = 0;
  std::array<rte_mbuf*, kMost> buffers_;
};

}  // namespace zs::buf
