#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/result.hpp"
#include "bench/echo.hpp"
#include "bench/echo_programs.hpp"
#include "bench/visits.hpp"

namespace zs::bench {

/// What a request costs, by the part of the server's turn that it is spent in.
enum class Part : std::uint8_t { kDriver, kReceive, kSocket, kTransmit };
inline constexpr std::size_t kParts = 4;
inline constexpr std::array<std::string_view, kParts> kPartNames = {
    "driver (rx_burst, tx_burst)", "demux and TCP in (on_burst)",
    "sockets and application (poll_ready, on_ready)", "TCP out (poll_transmit)"};

struct StackOnlyOptions {
  EchoApi api = EchoApi::kZeroCopy;
  /// What serves. Others than kInternal can be run once in a process only.
  EchoProgram program = EchoProgram::kInternal;
  EchoClientOptions client;
  /// Instead of requests on connections that stay open, whole connections (visits.hpp).
  std::optional<Visit> visit = std::nullopt;
  std::uint64_t requests = 200'000;  ///< measured ones, in whole rounds of all connections
  std::uint64_t warm_up = 20'000;
};

struct StackOnlyResult {
  std::uint64_t requests = 0;
  std::array<double, kParts> cycles{};  ///< TSC ticks a request
  double packets_in = 0;                ///< packets that the server received, a request
  double packets_a_burst = 0;           ///< how many of them came at once
  std::uint64_t copied_bytes = 0;       ///< payload, by the server's stack, while measured

  /// Without the driver: what DESIGN §10 budgets.
  double stack_cycles() const { return cycles[1] + cycles[2] + cycles[3]; }
};

/// Client and server take turns on this one thread, over the in-process cable, and the parts of the
/// server's turns are timed; slices of time in which another program had the CPU are left out.
/// Under callgrind only the part `counted` is collected instead.
Result<StackOnlyResult> run_stack_only(const StackOnlyOptions& options, std::string& why);

/// The parts whose instructions are to be counted when callgrind runs this process. Default: none.
void count_instructions_of(std::span<const Part> parts);

}  // namespace zs::bench
