#pragma once

#include <algorithm>
#include <array>
#include <cstdint>

namespace zs::tcp::cc {

/// The largest of the values of the last `length` rounds, by their three best candidates: the
/// streaming filter of Kathleen Nichols, whose memory does not grow with the window.
class WindowedMax {
 public:
  std::uint32_t get() const noexcept { return best_[0].value; }

  void update(std::uint32_t value, std::uint32_t round, std::uint32_t length) noexcept {
    const Sample sample{value, round};
    // A new maximum, or nothing left of the old window: the window begins anew.
    if (value >= best_[0].value || round - best_[2].round > length) {
      best_.fill(sample);
      return;
    }
    if (value >= best_[1].value) {
      best_[1] = best_[2] = sample;
    } else if (value >= best_[2].value) {
      best_[2] = sample;
    }
    age(sample, length);
  }

 private:
  struct Sample {
    std::uint32_t value = 0;
    std::uint32_t round = 0;
  };

  /// Drops what is too old, and takes successors from later parts of the window, so that they are
  /// there when they are needed.
  void age(const Sample& sample, std::uint32_t length) noexcept {
    const std::uint32_t elapsed = sample.round - best_[0].round;
    if (elapsed > length) {
      best_ = {best_[1], best_[2], sample};
      if (sample.round - best_[0].round > length) best_ = {best_[1], best_[2], sample};
    } else if (best_[1].round == best_[0].round && elapsed > length / 4) {
      best_[1] = best_[2] = sample;
    } else if (best_[2].round == best_[1].round && elapsed > length / 2) {
      best_[2] = sample;
    }
  }

  std::array<Sample, 3> best_{};
};

}  // namespace zs::tcp::cc
