#pragma once

#include <cstdint>
#include <string>
#include <thread>

#include "base/result.hpp"
#include "base/time.hpp"
#include "bench/cable_world.hpp"
#include "bench/echo.hpp"
#include "runtime/clock.hpp"

namespace zs::bench {

struct TwoCoresOptions {
  EchoApi api = EchoApi::kZeroCopy;
  EchoClientOptions client;
  CableOffloads offloads = CableOffloads::kAll;
  Duration warm_up =
      std::chrono::milliseconds{1'300};  ///< SYNs that found no neighbour come again after 1 s
  Duration measured = std::chrono::seconds{1};
};

struct TwoCoresResult {
  double requests_per_second = 0;
  std::uint64_t copied_bytes = 0;  ///< payload, by the server's stack from its start on
};

/// Lets the warm-up pass, and counts for the measured time; `answered()` is the number so far.
template <typename Answered>
double measure_rate(const TwoCoresOptions& options, Answered&& answered) {
  std::this_thread::sleep_for(options.warm_up);
  const std::uint64_t before = answered();
  const Instant began = runtime::read_clock();
  std::this_thread::sleep_for(options.measured);
  const std::uint64_t more = answered() - before;
  const Duration took = runtime::read_clock() - began;
  return static_cast<double>(more) / std::chrono::duration<double>(took).count();
}

/// The echo server's stack on one lcore and the client's on another, each in the runtime's own
/// loop, joined by the in-process cable. EAL must have two worker lcores.
Result<TwoCoresResult> run_two_cores(const TwoCoresOptions& options, std::string& why);

/// The same echo and the same client on the kernel's sockets over its loopback, on the same two
/// CPUs: one thread each, level-triggered epoll, read() and write().
Result<TwoCoresResult> run_kernel_loopback(const TwoCoresOptions& options, unsigned server_cpu,
                                           unsigned client_cpu, std::string& why);

}  // namespace zs::bench
