#pragma once

#include <cstdint>

namespace zs {

/// Where a connection's packets last went, kept by whoever sends often and read and written by the
/// stack's egress only. A stale generation means "look it up again".
struct EgressHint {
  std::uint32_t generation = 0;  ///< 0: never looked up
  std::uint16_t interface = 0;
  std::uint16_t neighbor = 0;
};

}  // namespace zs
