#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace zs::sock {

/// Which small integers are free; hands out the lowest, as POSIX wants of descriptors. Both calls
/// cost at most a look at one word in 64 descriptors, and usually at one.
class DescriptorSet {
 public:
  /// `limit` of them, from `first` on.
  explicit DescriptorSet(std::uint32_t limit, std::uint32_t first = 0)
      : limit_(first + limit), used_((limit_ + 63) / 64, 0) {
    for (std::uint32_t fd = 0; fd < first; ++fd) used_[fd / 64] |= std::uint64_t{1} << (fd % 64);
  }

  std::optional<int> take() {
    for (std::size_t word = first_; word < used_.size(); ++word) {
      const int bit = std::countr_one(used_[word]);
      const std::size_t fd = word * 64 + static_cast<std::size_t>(bit);
      if (bit == 64) continue;
      if (fd >= limit_) break;
      used_[word] |= std::uint64_t{1} << bit;
      first_ = word;
      ++count_;
      return static_cast<int>(fd);
    }
    first_ = used_.size();
    return std::nullopt;
  }
  /// The lowest free one that is not below `least`.
  std::optional<int> take_from(std::uint32_t least) {
    for (std::uint32_t fd = least; fd < limit_; ++fd) {
      if (take_this(fd)) return static_cast<int>(fd);
    }
    return std::nullopt;
  }
  /// False: it is taken, or beyond all.
  bool take_this(std::uint32_t fd) {
    const std::uint64_t bit = std::uint64_t{1} << (fd % 64);
    if (fd >= limit_ || (used_[fd / 64] & bit) != 0) return false;
    used_[fd / 64] |= bit;
    ++count_;
    return true;
  }
  /// Precondition: fd is taken.
  void give_back(int fd) {
    const auto at = static_cast<std::size_t>(fd);
    used_[at / 64] &= ~(std::uint64_t{1} << (at % 64));
    if (at / 64 < first_) first_ = at / 64;
    --count_;
  }
  std::size_t count() const { return count_; }
  std::uint32_t limit() const { return limit_; }

 private:
  std::uint32_t limit_;
  std::vector<std::uint64_t> used_;
  std::size_t first_ = 0;  ///< no word before it has a free bit
  std::size_t count_ = 0;
};

}  // namespace zs::sock
