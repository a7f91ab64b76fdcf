#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "bench/cable_world.hpp"
#include "bench/echo.hpp"
#include "bench/meters.hpp"

namespace zs::bench {

struct TwoCoresOptions {
  EchoApi api = EchoApi::kZeroCopy;
  EchoClientOptions client;
  CableOptions cable;
  Duration warm_up = std::chrono::milliseconds{100};  ///< once all connections are open
  Duration measured = std::chrono::seconds{1};
};

/// What was counted between two moments, seen from the outside.
struct Interval {
  double seconds = 0;
  std::uint64_t count = 0;
  CoreUse server;

  double per_second() const { return seconds > 0 ? static_cast<double>(count) / seconds : 0; }
  /// CPU time of the server's thread, in cores.
  double server_cpu() const;
  /// The share of its time that the server's thread did not poll in vain.
  double server_busy() const;
  /// TSC ticks of the server's busy passes, a counted thing; without the time in which other
  /// programs had its core, taken to meet busy and idle passes alike.
  double busy_cycles() const;
};

/// How measure() looks at what runs.
struct Probe {
  std::function<std::uint64_t()> count;  ///< so far
  std::function<CoreUse()> server_use;
  std::function<void(bool)> switch_latency_meter = {};
};

/// Lets the warm-up pass, and counts for the measured time, or until there is one thing to count.
Interval measure_interval(Duration warm_up, Duration measured, const Probe& probe);
/// Looks once a millisecond, for 30 seconds at most, whether `holds`.
bool wait_until(const std::function<bool()>& holds);

struct TwoCoresResult {
  Interval interval;
  double mean_us = 0, p50_us = 0, p99_us = 0;
  std::uint64_t copied_bytes = 0;  ///< payload, by the server's stack from its start on
  std::uint64_t opened_bytes = 0;  ///< of heap that opening all connections took, at both ends

  double requests_per_second() const { return interval.per_second(); }
  void set_latencies(const LatencyMeter& meter);
};

/// The echo server's stack on one lcore and the client's on another, joined by the in-process
/// cable. EAL must have two worker lcores.
Result<TwoCoresResult> run_two_cores(const TwoCoresOptions& options, std::string& why);

/// The same echo and the same client on the kernel's sockets over its loopback, on the same two
/// CPUs: one thread each, level-triggered epoll, read() and write().
Result<TwoCoresResult> run_kernel_loopback(const TwoCoresOptions& options, unsigned server_cpu,
                                           unsigned client_cpu, std::string& why);

}  // namespace zs::bench
