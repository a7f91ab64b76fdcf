#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "base/siphash.hpp"
#include "base/time.hpp"

namespace zs::ip {

using namespace std::chrono_literals;

/// What routers said about the largest packet that reaches a destination (RFC 1191, RFC 8201).
///
/// Bounded: a set of four places a hash, in which the oldest word gives way. An answer is believed
/// for ten minutes (RFC 1191 §6.3), and only down to a floor, because anybody on the path can lie.
class PathMtuCache {
 public:
  static constexpr std::uint16_t kFloorV4 = 552;   ///< Linux' min_pmtu; RFC 791's 68 is an attack
  static constexpr std::uint16_t kFloorV6 = 1280;  ///< RFC 8200 §5
  static constexpr Duration kLifetime = 10min;

  explicit PathMtuCache(SipKey key, std::uint32_t entries = 1'024);

  /// What of a router's word is believed: no less than the floor, which 0 (from routers older than
  /// RFC 1191) means as well.
  static std::uint16_t believable(const IpAddress& destination, std::uint32_t mtu);
  /// Takes note of a Packet Too Big, as far as it is believable.
  /// Returns what is believed now.
  std::uint16_t learn(const IpAddress& destination, std::uint32_t mtu, Instant now);
  /// The smaller of `link_mtu` and what is known.
  std::uint16_t lookup(const IpAddress& destination, std::uint16_t link_mtu, Instant now) const;

 private:
  static constexpr std::size_t kWays = 4;
  struct Entry {
    IpAddress destination;
    Instant expires;
    std::uint16_t mtu = 0;  ///< 0: unused
  };
  using Set = std::array<Entry, kWays>;
  std::size_t set_of(const IpAddress& destination) const;

  SipKey key_;
  std::vector<Set> sets_;
  std::size_t used_ = 0;
};

}  // namespace zs::ip
