#include "tcp/ports.hpp"

#include <algorithm>

#include "tcp/flow_hash.hpp"

namespace zs::tcp {

// Port 0 is no port (RFC 6056 §2.1), whatever the configuration says.
EphemeralPorts::EphemeralPorts(const Config& config, const SipKey& secret) noexcept
    : secret_(secret),
      low_(std::max<std::uint32_t>(1, std::min(config.ephemeral_low, config.ephemeral_high))),
      count_(std::max<std::uint32_t>(1, std::max(config.ephemeral_low, config.ephemeral_high)) -
             low_ + 1) {}

EphemeralPorts::Start EphemeralPorts::start_for(const IpAddress& local,
                                                const Endpoint& remote) const noexcept {
  const FlowKey destination{{local, 0}, remote};
  return {static_cast<std::uint32_t>(flow_hash(secret_, HashUse::kPortOffset, destination) >> 32),
          flow_hash(secret_, HashUse::kPortIndex, destination) % kCounters};
}

}  // namespace zs::tcp
