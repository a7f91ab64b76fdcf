#pragma once

#include <cmath>
#include <cstdint>
#include <initializer_list>

#include "base/random.hpp"
#include "base/time.hpp"

namespace zs::sim {

/// Draws what worlds are made of.
class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}

  bool chance(double probability) { return random_.chance(probability); }
  /// Both ends included.
  std::uint32_t between(std::uint32_t low, std::uint32_t high) {
    return low + random_.below(high - low + 1);
  }
  double fraction(double low, double high) {
    return low + (high - low) * static_cast<double>(random_() >> 11) * 0x1.0p-53;
  }
  /// Small values as often as large ones, whatever their magnitude.
  std::uint32_t magnitude(std::uint32_t low, std::uint32_t high) {
    return static_cast<std::uint32_t>(std::exp(fraction(std::log(low), std::log(high))));
  }
  Duration time(Duration low, Duration high) {
    const auto ns = fraction(static_cast<double>(low.count()), static_cast<double>(high.count()));
    return Duration{static_cast<std::int64_t>(ns)};
  }
  template <typename T>
  T pick(std::initializer_list<T> choices) {
    return *(choices.begin() + random_.below(static_cast<std::uint32_t>(choices.size())));
  }
  std::uint64_t any() { return random_(); }

 private:
  Random random_;
};

}  // namespace zs::sim
