#pragma once

#include <cstdint>

#include "base/address.hpp"
#include "base/siphash.hpp"

namespace zs::ip {

/// The flow label of packets between two addresses and ports (RFC 6437 §3): the same for a flow's
/// life, spread evenly so that routers can balance by it, and not to be guessed from outside,
/// though no more than that: every packet pays for it, so it is a few multiplications and no
/// cipher. `ports`: both, as they stand on the wire.
constexpr std::uint32_t flow_label(const SipKey& key, const IpAddress& src, const IpAddress& dst,
                                   std::uint32_t ports) {
  const auto mix = [](std::uint64_t h, std::uint64_t v) {
    h = (h ^ v) * 0x9e37'79b9'7f4a'7c15ull;
    return h ^ (h >> 32);
  };
  std::uint64_t h = mix(key.k0, src.first_word());
  h = mix(h, src.last_word());
  h = mix(h, dst.first_word());
  h = mix(h, dst.last_word());
  h = mix(h, ports ^ key.k1);
  const auto label = static_cast<std::uint32_t>(h >> 44);
  return label != 0 ? label : 1;  // 0 says that there is none
}

}  // namespace zs::ip
