#include "ip/route_table.hpp"

#include <algorithm>

namespace zs::ip {
namespace {

/// Length in the 16-byte form, so that families sort together.
unsigned width(const IpPrefix& p) { return p.length + (p.address.is_v4() ? 96u : 0u); }

bool is_well_formed(const Route& route) {
  const IpPrefix& p = route.destination;
  if (p.length > (p.address.is_v4() ? 32 : 128)) return false;
  return !route.gateway || route.gateway->family() == p.address.family();
}

void clear_host_bits(Route& route) { route.destination.address = route.destination.network(); }

}  // namespace

Result<void> RouteTable::add(Route route) {
  if (!is_well_formed(route)) return Errc::kInvalid;
  // ::/0 cleared to the unspecified address stays IPv6, and 0.0.0.0/0 stays mapped IPv4.
  clear_host_bits(route);
  if (std::find(routes_.begin(), routes_.end(), route) != routes_.end()) return Errc::kAlready;
  if (routes_.size() >= kMaxRoutes) return Errc::kNoMemory;
  const auto at = std::find_if(routes_.begin(), routes_.end(), [&route](const Route& r) {
    return width(r.destination) < width(route.destination);
  });
  keys_.insert(keys_.begin() + (at - routes_.begin()), key_of(route.destination));
  routes_.insert(at, route);
  if (++generation_ == 0) generation_ = 1;
  return {};
}

Result<void> RouteTable::remove(Route route) {
  if (!is_well_formed(route)) return Errc::kInvalid;
  clear_host_bits(route);
  const auto at = std::find(routes_.begin(), routes_.end(), route);
  if (at == routes_.end()) return Errc::kNotFound;
  keys_.erase(keys_.begin() + (at - routes_.begin()));
  routes_.erase(at);
  if (++generation_ == 0) generation_ = 1;
  return {};
}

const Route* RouteTable::lookup(const IpAddress& destination) const {
  for (std::size_t i = 0; i < keys_.size(); ++i) {
    if (!keys_[i].matches(destination)) continue;
    // ::/0 covers the mapped addresses too in this form; IPv4 must not leave by it.
    if (routes_[i].destination.address.family() == destination.family()) return &routes_[i];
  }
  return nullptr;
}

RouteTable::Key RouteTable::key_of(const IpPrefix& prefix) {
  const unsigned bits = width(prefix);
  const auto mask = [](unsigned n) { return n == 0 ? 0 : ~std::uint64_t{0} << (64 - n); };
  Key key;
  key.high_mask = mask(std::min(bits, 64u));
  key.low_mask = mask(bits > 64 ? bits - 64 : 0);
  key.high = prefix.address.high() & key.high_mask;
  key.low = prefix.address.low() & key.low_mask;
  return key;
}

}  // namespace zs::ip
