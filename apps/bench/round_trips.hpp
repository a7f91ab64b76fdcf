#pragma once

#include "base/result.hpp"
#include "base/time.hpp"

namespace zs::bench {

struct RoundTrips {
  Duration p50{};
  Duration p99{};
};

/// Sends `bytes` over a connected socket of the kernel's to an echo server and waits for them,
/// `count` times with a pause of `gap` before each; a blocking client, as most are. On `cpu`, since
/// the kernel likes to wake a client on the very CPU on which the server that answered it is busy.
Result<RoundTrips> measure_round_trips(int socket, std::size_t bytes, std::uint32_t count,
                                       Duration gap, unsigned cpu);

}  // namespace zs::bench
