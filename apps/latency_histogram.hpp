#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>

#include "base/time.hpp"

namespace zs::apps {

/// How long things took, to within 0.8 %, in memory that does not grow: 128 equal steps for every
/// power of two, as HdrHistogram has them (Debian 12 has no package of its C version).
class LatencyHistogram {
 public:
  /// What takes longer is counted as if it took so long; max() is exact in any case.
  static constexpr Duration kLongest = Duration{(std::int64_t{1} << 42) - 1};  // 73 minutes

  void record(Duration latency);
  void merge(const LatencyHistogram& other);

  std::uint64_t count() const { return count_; }
  Duration max() const { return max_; }
  Duration mean() const;
  /// The least latency that `percent` of all did not exceed; zero if there are none.
  Duration percentile(double percent) const;

 private:
  static constexpr int kStepBits = 7;
  static constexpr std::uint64_t kSteps = std::uint64_t{1} << kStepBits;
  static constexpr int kLongestBits = 42;
  static constexpr std::size_t kBuckets = kSteps * (kLongestBits - kStepBits + 1);

  static std::size_t bucket_of(std::uint64_t ns);
  /// The longest latency of a bucket.
  static std::uint64_t top_of(std::size_t bucket);

  std::array<std::uint64_t, kBuckets> counts_{};
  std::uint64_t count_ = 0;
  double sum_ns_ = 0;
  Duration max_{};
};

}  // namespace zs::apps
