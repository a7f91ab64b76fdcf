#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/time.hpp"
#include "sim/scenario.hpp"
#include "sim/wiretap.hpp"

namespace zs::sim {

/// What became of a world.
struct Outcome {
  bool ok = false;
  std::string why;  ///< if it is not
  std::uint64_t bytes = 0;
  std::uint64_t segments = 0;
  std::uint64_t steps = 0;
  std::uint64_t strikes = 0;
  Duration lasted{};  ///< of virtual time
  std::uint64_t trace_hash = 0;
};

/// Shown every frame that a host sends or hears; hosts count from 0.
using TrialWitness =
    std::function<void(Instant now, std::size_t host, Heading heading, const rte_mbuf& frame)>;

/// Lives a world to its end: every stream byte-exact and complete (but those that somebody aborts),
/// every connection over, every buffer, connection and timer given back, and the invariants of
/// World and tcp::Connection::audit() at each step.
Outcome run_trial(const Scenario& scenario, const TrialWitness& witness = {});

}  // namespace zs::sim
