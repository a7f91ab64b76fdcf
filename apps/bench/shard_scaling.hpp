#pragma once

#include <cstdint>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "bench/echo.hpp"

namespace zs::bench {

struct ShardScalingOptions {
  std::size_t shards = 1;    ///< at most as many as EAL has worker lcores
  EchoClientOptions client;  ///< of each shard
  Duration warm_up = std::chrono::milliseconds{300};
  Duration measured = std::chrono::seconds{1};
};

struct ShardScalingResult {
  /// Of all shards, each by the CPU time that its thread got: on a quiet machine the same as by the
  /// clock, and other programs take nothing from it.
  double requests_per_second = 0;
  double core_share = 0;  ///< CPU time over time, on average
  /// Between the shards, of both sides, while it was measured.
  std::uint64_t passed_packets = 0;
  std::uint64_t copied_packets = 0;
};

/// A server with `shards` shards, each on a core of its own together with the client that loads it,
/// joined by a cable: what a core does does not depend on how many there are, unless the shards
/// share something. Ports are dealt (PortPlan) and every packet passes the runtime's relay, which
/// counts those that arrived at the wrong shard.
Result<ShardScalingResult> run_shards(const ShardScalingOptions& options, std::string& why);

}  // namespace zs::bench
