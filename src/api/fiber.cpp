// Fibers: functions that may wait.
#include <zstack/zstack.h>

#include <algorithm>

#include "api/call.hpp"

namespace {

using zs::Duration;
using zs::Errc;
using zs::Result;
using zs::api::Instance;

/// Of the fiber that calls, or why there is none.
Result<Instance*> fiber_here() {
  Instance* const here = zs::api::current();
  if (here == nullptr || !here->fibers.is_inside()) return Errc::kPermission;
  if (here->is_in_call) return Errc::kBusy;
  return here;
}

/// Longer than any program runs, and no sum with a time overflows.
constexpr std::uint64_t kMostMicroseconds = std::uint64_t{100} * 365 * 86'400 * 1'000'000;

}  // namespace

int z_spawn(void (*entry)(void* arg), void* arg, size_t stack_bytes) {
  return zs::api::call<int>(
      [=](Instance& here) { return here.fibers.spawn(entry, arg, stack_bytes); });
}

int z_yield(void) {
  return zs::api::to_c<int>([]() -> Result<void> {
    ZS_TRY_ASSIGN(Instance* const here, fiber_here());
    if (!here->fibers.yield()) return Errc{ECANCELED};
    return {};
  });
}

int z_usleep(uint64_t microseconds) {
  return zs::api::to_c<int>([=]() -> Result<void> {
    ZS_TRY_ASSIGN(Instance* const here, fiber_here());
    const auto time = std::min(microseconds, kMostMicroseconds);
    const auto until = here->queues.now() + Duration{static_cast<std::int64_t>(time) * 1'000};
    ZS_TRY_ASSIGN(const zs::sock::WaitEnd end, here->fibers.wait({}, until));
    if (end == zs::sock::WaitEnd::kCancelled) return Errc{ECANCELED};
    return {};
  });
}
