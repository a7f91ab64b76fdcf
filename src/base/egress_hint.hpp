#pragma once

#include <cstdint>
#include <cstring>

namespace zs {

/// Where a connection's packets last went, kept by whoever sends often and read and written by the
/// stack's egress only. A stale generation means "look it up again".
struct EgressHint {
  std::uint32_t generation = 0;  ///< 0: never looked up
  std::uint16_t interface = 0;
  std::uint16_t neighbor = 0;
  /// All of it, to compare at once. Never UINT64_MAX: there are fewer neighbours.
  std::uint64_t word() const {
    std::uint64_t all = 0;
    static_assert(sizeof all == 8 && sizeof(EgressHint) == 8);
    std::memcpy(&all, this, sizeof all);
    return all;
  }
};

}  // namespace zs
