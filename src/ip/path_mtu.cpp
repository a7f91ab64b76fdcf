#include "ip/path_mtu.hpp"

#include <algorithm>
#include <bit>

namespace zs::ip {

PathMtuCache::PathMtuCache(SipKey key, std::uint32_t entries)
    : key_(key), sets_(std::bit_ceil(std::max<std::size_t>(entries / kWays, 1))) {}

std::uint16_t PathMtuCache::believable(const IpAddress& destination, std::uint32_t mtu) {
  const std::uint16_t floor = destination.is_v4() ? kFloorV4 : kFloorV6;
  return static_cast<std::uint16_t>(std::clamp<std::uint32_t>(mtu, floor, 0xffff));
}

std::uint16_t PathMtuCache::learn(const IpAddress& destination, std::uint32_t mtu, Instant now) {
  const std::uint16_t believed = believable(destination, mtu);
  Set& set = sets_[set_of(destination)];
  auto place = std::find_if(set.begin(), set.end(), [&](const Entry& e) {
    return e.mtu != 0 && e.destination == destination;
  });
  if (place == set.end()) {
    // Unused places expire at the epoch, so they are the oldest.
    place = std::min_element(set.begin(), set.end(),
                             [](const Entry& a, const Entry& b) { return a.expires < b.expires; });
    if (place->mtu == 0) ++used_;
    *place = {destination, now + kLifetime, believed};
    return believed;
  }
  if (place->expires <= now || believed <= place->mtu) {
    *place = {destination, now + kLifetime, believed};  // a larger one is no news (RFC 8201 §4)
  }
  return place->mtu;
}

std::uint16_t PathMtuCache::lookup(const IpAddress& destination, std::uint16_t link_mtu,
                                   Instant now) const {
  if (used_ == 0) return link_mtu;  // the usual case costs nothing
  for (const Entry& e : sets_[set_of(destination)]) {
    if (e.mtu != 0 && e.destination == destination && e.expires > now) {
      return std::min(link_mtu, e.mtu);
    }
  }
  return link_mtu;
}

std::size_t PathMtuCache::set_of(const IpAddress& destination) const {
  return siphash(key_, destination.bytes()) & (sets_.size() - 1);
}

}  // namespace zs::ip
