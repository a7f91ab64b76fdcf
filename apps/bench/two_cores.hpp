#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "bench/cable_world.hpp"
#include "bench/echo.hpp"

namespace zs::bench {

struct TwoCoresOptions {
  EchoApi api = EchoApi::kZeroCopy;
  EchoClientOptions client;
  CableOffloads offloads = CableOffloads::kAll;
  Duration warm_up = std::chrono::milliseconds{200};
  Duration measured = std::chrono::seconds{1};
};

struct TwoCoresResult {
  double requests_per_second = 0;
  std::uint64_t copied_bytes = 0;  ///< payload, by the server's stack from its start on
};

/// The echo server's stack on one lcore and the client's on another, each in the runtime's own
/// loop, joined by the in-process cable. EAL must have two worker lcores.
Result<TwoCoresResult> run_two_cores(const TwoCoresOptions& options, std::string& why);

/// The same echo and the same client on the kernel's sockets over its loopback, on the same two
/// CPUs: one thread each, level-triggered epoll, read() and write().
Result<TwoCoresResult> run_kernel_loopback(const TwoCoresOptions& options, unsigned server_cpu,
                                           unsigned client_cpu, std::string& why);

}  // namespace zs::bench
