#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.hpp"
#include "base/time.hpp"
#include "sim/flood.hpp"

namespace zs::bench {

struct FloodOptions {
  std::optional<sim::FloodKind> kind;  ///< none: tiny segments on connections of the attacker's own
  double packets_per_second = 1e6;
  std::uint32_t connections = 50;  ///< established ones, each with a request in flight
  Duration measured{};             ///< with the flood; as long without it
  std::uint64_t seed = 1;
};

struct FloodResult {
  std::uint64_t forged = 0;
  double forged_per_second = 0;
  double cycles_a_forgery = 0;     ///< what the victim does about one, its answer included
  double cycles_alone = 0;         ///< an honest packet, without the flood
  double cycles_beside = 0;        ///< and with it
  std::uint32_t newcomers = 0;     ///< new connections tried meanwhile,
  std::uint32_t welcomed = 0;      ///< and answered
  std::int64_t heap_growth = 0;    ///< bytes, from the second third of the flood to its end
  std::int64_t buffer_growth = 0;  ///< buffers, likewise
  std::uint32_t broken = 0;        ///< established connections that were lost

  double ratio() const { return cycles_beside / cycles_alone; }
};

/// An echo server's stack and its client's in turn on this thread, and somebody who floods the
/// server with what `options` say, at that rate by the clock. Only the victim's work is timed: with
/// honest packets apart from that with forged ones.
Result<FloodResult> run_flood(const FloodOptions& options, std::string& why);

}  // namespace zs::bench
