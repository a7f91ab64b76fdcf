#pragma once

#include <algorithm>
#include <cstdint>

namespace zs::runtime {

/// How a shard's share of the memory becomes buffers.
struct MemoryPlan {
  std::uint32_t data_buffers = 0;
  std::uint32_t indirect_buffers = 0;
  std::uint16_t data_room = 0;
};

/// Four fifths of the memory for buffers, the rest for rings, tables and DPDK; two descriptors for
/// each buffer, since every slice that is sent takes one. `data_room`: bytes of packet in a buffer.
constexpr MemoryPlan plan_memory(std::uint32_t memory_mb, std::uint32_t shards,
                                 std::uint16_t data_room = 2048) {
  const std::uint64_t data_bytes = data_room + 128u + 128 + 64;  // headroom, rte_mbuf, pool
  constexpr std::uint64_t kIndirectBytes = 128 + 64 + 64;        // rte_mbuf, pool, rounding
  const std::uint64_t share = (std::uint64_t{memory_mb} << 20) / std::max(shards, 1u) / 5 * 4;
  const auto buffers = static_cast<std::uint32_t>(
      std::clamp<std::uint64_t>(share / (data_bytes + 2 * kIndirectBytes), 1'024, 1u << 20));
  return {buffers, 2 * buffers, data_room};
}

}  // namespace zs::runtime
