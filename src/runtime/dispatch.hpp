#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "dev/queue.hpp"
#include "runtime/relay.hpp"

namespace zs::runtime {

/// Decides which shard takes a received frame; the shape of F-Stack's packet dispatcher. It may
/// change the frame and `length`, within the buffer. Returns the shard, or one of the two below.
/// Called on every shard's thread, at the same time.
using Dispatcher = int (*)(void* frame, std::uint16_t* length, std::uint16_t shard,
                           std::uint16_t shards);
inline constexpr int kDispatchDiscard = -1;  ///< as any other number that is no shard
inline constexpr int kDispatchAnswer = -2;   ///< the frame leaves again as it is now

/// The one of this program, if it has one. Any thread sets it.
using DispatcherChoice = std::atomic<Dispatcher>;
inline const DispatcherChoice kNoDispatcher{nullptr};

/// Asks the dispatcher about what shard `from` received from `queue`: takes what is for others, for
/// the link or for nobody out of `packets`, and returns how many are left, in front. The next
/// Relay::offer() wakes who got something.
std::size_t dispatch(Dispatcher dispatcher, std::size_t from, std::span<rte_mbuf*> packets,
                     Relay& relay, dev::PacketQueue& queue);

}  // namespace zs::runtime
