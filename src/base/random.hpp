#pragma once

#include <array>
#include <bit>
#include <cstdint>

namespace zs {

/// xoshiro256**: fast, seedable, replayable. Not for secrets: those come from a SipHash key that
/// the runtime draws from the kernel and hands down.
class Random {
 public:
  using result_type = std::uint64_t;
  constexpr explicit Random(std::uint64_t seed) {
    for (auto& word : state_) {  // splitmix64, as the generator's authors advise for seeding
      seed += 0x9e3779b97f4a7c15ull;
      std::uint64_t z = seed;
      z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
      z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
      word = z ^ (z >> 31);
    }
  }
  static constexpr std::uint64_t min() { return 0; }
  static constexpr std::uint64_t max() { return UINT64_MAX; }
  constexpr std::uint64_t operator()() {
    const std::uint64_t result = std::rotl(state_[1] * 5, 7) * 9;
    const std::uint64_t t = state_[1] << 17;
    state_[2] ^= state_[0];
    state_[3] ^= state_[1];
    state_[1] ^= state_[2];
    state_[0] ^= state_[3];
    state_[2] ^= t;
    state_[3] = std::rotl(state_[3], 45);
    return result;
  }
  /// Uniform in [0, bound) for bound > 0; the bias of 2^-32 does not matter to us.
  constexpr std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>(((operator()() >> 32) * bound) >> 32);
  }
  /// True with the given probability.
  constexpr bool chance(double probability) {
    return static_cast<double>(operator()() >> 11) * 0x1.0p-53 < probability;
  }

 private:
  std::array<std::uint64_t, 4> state_{};
};

}  // namespace zs
