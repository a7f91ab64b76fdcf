#include "latency_histogram.hpp"

#include <algorithm>
#include <cmath>

namespace zs::apps {

std::size_t LatencyHistogram::bucket_of(std::uint64_t ns) {
  // Below 2 * kSteps a step is a nanosecond; above it doubles with each power of two.
  const int shift = std::max(0, static_cast<int>(std::bit_width(ns)) - kStepBits - 1);
  return static_cast<std::size_t>(shift) * kSteps + static_cast<std::size_t>(ns >> shift);
}

std::uint64_t LatencyHistogram::top_of(std::size_t bucket) {
  if (bucket < 2 * kSteps) return bucket;
  const std::size_t shift = bucket / kSteps - 1;
  const std::uint64_t step = bucket % kSteps + kSteps;
  return ((step + 1) << shift) - 1;
}

void LatencyHistogram::record(Duration latency) {
  const Duration clamped = std::clamp(latency, Duration{}, kLongest);
  ++counts_[bucket_of(static_cast<std::uint64_t>(clamped.count()))];
  ++count_;
  sum_ns_ += static_cast<double>(latency.count());
  max_ = std::max(max_, latency);
}

void LatencyHistogram::merge(const LatencyHistogram& other) {
  for (std::size_t i = 0; i < kBuckets; ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ns_ += other.sum_ns_;
  max_ = std::max(max_, other.max_);
}

Duration LatencyHistogram::mean() const {
  if (count_ == 0) return {};
  return Duration{std::llround(sum_ns_ / static_cast<double>(count_))};
}

Duration LatencyHistogram::percentile(double percent) const {
  // Multiplied first: 99.9 / 100 * 1000 is a little more than 999.
  const double exact = std::clamp(percent, 0.0, 100.0) * static_cast<double>(count_) / 100;
  const auto wanted = static_cast<std::uint64_t>(std::ceil(exact));
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < kBuckets && count_ > 0; ++i) {
    seen += counts_[i];
    if (counts_[i] > 0 && seen >= wanted) {
      return std::min(Duration{static_cast<std::int64_t>(top_of(i))}, max_);
    }
  }
  return max_;
}

}  // namespace zs::apps
