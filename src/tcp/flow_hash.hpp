#pragma once

#include <cstdint>

#include "base/address.hpp"
#include "base/siphash.hpp"

namespace zs::tcp {

/// One secret serves several uses; each gets values that say nothing about the others.
enum class HashUse : std::uint8_t {
  kIsn = 1,
  kTimestamp = 2,
  kPortOffset = 3,
  kPortIndex = 4,
  kSynCache = 5,
  kTimeWait = 6,
  kDemux = 7,
  kFastOpen = 8,
  kListener = 9,
};

/// A hash of the 4-tuple that a peer can neither predict nor steer.
std::uint64_t flow_hash(const SipKey& key, HashUse use, const FlowKey& flow) noexcept;

}  // namespace zs::tcp
