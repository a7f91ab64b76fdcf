#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "base/address.hpp"
#include "base/result.hpp"

namespace zs::ip {

struct Route {
  IpPrefix destination;
  std::optional<IpAddress> gateway;  ///< none: on link
  std::uint16_t interface = 0;
  friend bool operator==(const Route&, const Route&) = default;
};

/// Longest-prefix match over a host's few routes of both families, kept longest first: the first
/// match wins. Connections remember the answer (EgressHint), so lookups are rare.
class RouteTable {
 public:
  static constexpr std::size_t kMaxRoutes = 4'096;

  /// Host bits of the destination are cleared. kAlready when the same route is there, kInvalid for
  /// a gateway of another family, kNoMemory at kMaxRoutes. Among routes to one prefix the first
  /// added wins.
  Result<void> add(Route route);
  /// kNotFound.
  Result<void> remove(Route route);
  /// nullptr: nowhere to go.
  const Route* lookup(const IpAddress& destination) const;

  std::span<const Route> routes() const { return routes_; }
  /// Changes with every change of the table. Never 0.
  std::uint32_t generation() const { return generation_; }

 private:
  /// The prefix in the 16-byte form of IpAddress, ready to compare.
  struct Key {
    std::uint64_t high = 0, low = 0, high_mask = 0, low_mask = 0;
    bool matches(const IpAddress& a) const {
      return (a.high() & high_mask) == high && (a.low() & low_mask) == low;
    }
  };
  static Key key_of(const IpPrefix& prefix);

  std::vector<Route> routes_;
  std::vector<Key> keys_;  ///< of the route at the same index
  std::uint32_t generation_ = 1;
};

}  // namespace zs::ip
