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
  explicit DescriptorSet(std::uint32_t limit) : limit_(limit), used_((limit + 63) / 64, 0) {}

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
  /// Precondition: fd is taken.
  void give_back(int fd) {
    const auto at = static_cast<std::size_t>(fd);
    used_[at / 64] &= ~(std::uint64_t{1} << (at % 64));
    if (at / 64 < first_) first_ = at / 64;
    --count_;
  }
  std::size_t count() const { return count_; }

 private:
  std::uint32_t limit_;
  std::vector<std::uint64_t> used_;
  std::size_t first_ = 0;  ///< no word before it has a free bit
  std::size_t count_ = 0;
};

}  // namespace zs::sock
