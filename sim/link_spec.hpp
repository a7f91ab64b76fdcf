#pragma once

#include <cstdint>

#include "base/time.hpp"
#include "dev/fault.hpp"

namespace zs::sim {

/// What a cable is like, the same in both directions. Probabilities are of a frame.
struct LinkSpec {
  std::uint64_t bits_per_second = 100'000'000;
  Duration one_way_delay = std::chrono::milliseconds{5};
  std::uint32_t queue_bytes = 64 * 1024;
  double loss = 0;
  double reorder = 0;
  double duplicate = 0;
  double corrupt = 0;
  std::uint32_t swallow_above = 0;  ///< a black hole for longer frames
  Duration jitter{};
  std::uint16_t mtu = 1500;
  double mark = 0;                     ///< CE, on what may be marked
  std::uint32_t mark_queue_bytes = 0;  ///< the same where so much waits; 0: nowhere

  dev::FaultConfig fault() const {
    dev::FaultConfig f;
    f.loss = loss;
    f.duplicate = duplicate;
    f.corrupt = corrupt;
    f.reorder = reorder;
    f.reorder_delay = one_way_delay / 2;
    f.delay = one_way_delay;
    f.jitter = jitter;
    f.swallow_above = swallow_above;
    f.bits_per_second = bits_per_second;
    f.queue_bytes = queue_bytes;
    f.mark = mark;
    f.mark_queue_bytes = mark_queue_bytes;
    return f;
  }
};

}  // namespace zs::sim
