#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"
#include "sim/bottleneck.hpp"
#include "sim/host.hpp"
#include "sim/link_spec.hpp"
#include "sim/stream.hpp"

namespace zs::sim {

/// What kind of world to draw.
enum class Profile : std::uint8_t {
  kLan,      ///< fast and near, hardly a loss
  kWan,      ///< far, with queues that overflow
  kLossy,    ///< loses, reorders, doubles and corrupts, up to a fifth of all
  kHostile,  ///< somebody on the wire forges segments
  kTiny,     ///< buffers and pools almost too small
  kMixed,    ///< several hosts, each with its congestion control, over one bottleneck
};
inline constexpr std::array<std::pair<std::string_view, Profile>, 6> kProfiles{
    {{"lan", Profile::kLan},
     {"wan", Profile::kWan},
     {"lossy", Profile::kLossy},
     {"hostile", Profile::kHostile},
     {"tiny", Profile::kTiny},
     {"mixed", Profile::kMixed}}};
std::string_view name_of(Profile profile);
std::optional<Profile> profile_named(std::string_view name);

struct PlannedHost {
  HostConfig config;
  LinkSpec access;  ///< what its own cable does to what it sends
};

struct PlannedConnection {
  std::size_t client = 0, server = 1;  ///< of Scenario::hosts
  IpFamily family = IpFamily::kV4;
  Duration begins{};
  StreamPlan initiator, acceptor;

  bool may_abort() const {
    return initiator.abort_at != StreamPlan::kNever || acceptor.abort_at != StreamPlan::kNever;
  }
};

/// Something that goes wrong for a while.
struct Trouble {
  enum class Kind : std::uint8_t { kCableOut, kHostStandsStill };
  Kind kind = Kind::kCableOut;
  Duration begins{}, lasts{};
  std::size_t host = 0;
};

/// A world, before anything has happened in it. All of it follows from profile and seed.
struct Scenario {
  Profile profile = Profile::kLan;
  std::uint64_t seed = 0;
  /// Two hosts at one cable; with a bottleneck the first half are its left side.
  std::vector<PlannedHost> hosts;
  std::optional<LinkSpec> bottleneck;
  /// Frames arrive in buffers of the receiver's, as a NIC's DMA has it; else the cable passes the
  /// sender's.
  bool copies = false;
  std::vector<PlannedConnection> connections;
  std::vector<Trouble> troubles;
  std::uint32_t strikes = 0;  ///< of the attackers, one at each host
  Duration strike_interval{};
  Duration limit{};  ///< by then everything must be over
};

Scenario draw_scenario(Profile profile, std::uint64_t seed);
/// Some lines for whoever looks into a failure.
std::string describe(const Scenario& scenario);

}  // namespace zs::sim
