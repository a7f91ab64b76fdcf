#pragma once

#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "bench/device_world.hpp"
#include "bench/round_trips.hpp"

namespace zs::bench {

struct IdleOptions {
  KernelLink link = KernelLink::kTap;
  Duration watched = std::chrono::seconds{3};  ///< how long its CPU time is counted
  std::uint32_t round_trips = 1'000;           ///< a series
  unsigned server_cpu = 0;
  unsigned client_cpu = 0;
};

/// What an idle server costs, and how late it is because it slept.
struct IdleCost {
  double cpu_percent = 0;    ///< of one CPU, of the whole process, one connection open
  RoundTrips back_to_back;   ///< no pause: the server is kept awake
  RoundTrips after_sleep;    ///< pauses of 2 ms, in which it falls asleep
  RoundTrips without_sleep;  ///< the same pauses, a server that never sleeps
  /// What its sleep adds to a round trip; noise can make it negative.
  Duration added_p50() const { return after_sleep.p50 - without_sleep.p50; }
  Duration added_p99() const { return after_sleep.p99 - without_sleep.p99; }
};

/// `zstack serve --echo` over `link` with the kernel as its client.
Result<IdleCost> measure_idle_cost(const IdleOptions& options, std::string& why);

}  // namespace zs::bench
