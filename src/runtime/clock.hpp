#pragma once

#include <ctime>

#include "base/time.hpp"

namespace zs::runtime {

/// The monotonic clock, read through the vDSO (about 25 ns). Only shard loops call it.
inline Instant read_clock() {
  timespec t{};
  clock_gettime(CLOCK_MONOTONIC, &t);
  return Instant::from_ns(std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec);
}

}  // namespace zs::runtime
