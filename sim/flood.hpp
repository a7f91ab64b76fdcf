#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/random.hpp"
#include "sim/forgery.hpp"

namespace zs::sim {

/// What a host can be flooded with by somebody who sees none of its answers.
enum class FloodKind : std::uint8_t {
  kSyn,        ///< from forged sources to a port that listens
  kFragments,  ///< of datagrams that never become whole
  kResets,     ///< on established connections, with guessed numbers
  kAcks,       ///< the same, and acknowledgements from nowhere
  kIcmp,       ///< echo requests, and errors about established connections
  kArp,        ///< requests and claims
  kNd,         ///< neighbour solicitations
};
inline constexpr std::array kAllFloods{FloodKind::kSyn,  FloodKind::kFragments, FloodKind::kResets,
                                       FloodKind::kAcks, FloodKind::kIcmp,      FloodKind::kArp,
                                       FloodKind::kNd};
std::string_view name_of(FloodKind kind);

struct FloodVictim {
  Forger forger;
  MacAddress mac;
  IpAddress v4 = IpAddress::any(IpFamily::kV4);
  IpAddress v6;
  std::uint16_t port = 0;             ///< it listens there
  std::vector<Endpoint> established;  ///< the other ends of connections with that port
};

/// Frames from the attacker, each unlike the others.
class Flood {
 public:
  Flood(FloodKind kind, const FloodVictim& victim, std::uint64_t seed)
      : kind_(kind), victim_(victim), random_(seed) {}

  Forger::Frame next();

 private:
  Forger::Frame syn();
  Forger::Frame fragment();
  Forger::Frame reset();
  Forger::Frame ack();
  Forger::Frame icmp();
  Forger::Frame arp();
  Forger::Frame nd();

  std::uint32_t word() { return static_cast<std::uint32_t>(random_()); }
  Endpoint anybody();
  /// The other end of an established connection, if there is one.
  Endpoint peer();
  Endpoint target() const { return {victim_.v4, victim_.port}; }

  FloodKind kind_;
  FloodVictim victim_;
  Random random_;
};

}  // namespace zs::sim
