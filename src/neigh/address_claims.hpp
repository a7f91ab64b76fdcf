#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/address.hpp"
#include "base/time.hpp"

namespace zs::neigh {

using namespace std::chrono_literals;

/// RFC 5227's constants, and RFC 4862's for IPv6.
struct ClaimConfig {
  std::uint8_t probes_v4 = 3;       ///< PROBE_NUM; 0: do not ask, believe the configuration
  std::uint8_t probes_v6 = 1;       ///< DupAddrDetectTransmits; 0 as above
  std::uint8_t announcements = 2;   ///< ANNOUNCE_NUM
  Duration probe_interval = 1s;     ///< PROBE_MIN, RetransTimer
  Duration announce_wait = 2s;      ///< ANNOUNCE_WAIT
  Duration announce_interval = 2s;  ///< ANNOUNCE_INTERVAL
  Duration defend_interval = 10s;   ///< DEFEND_INTERVAL
  Duration duplicate_retry = 60s;   ///< RATE_LIMIT_INTERVAL: when to ask again
};

enum class ClaimState : std::uint8_t {
  kTentative,  ///< in use already, probes are going out
  kPreferred,  ///< nobody objected
  kDuplicate,  ///< somebody else has it: not answered for, until a later probe finds it free
};
std::string_view to_string(ClaimState state);

/// A message that a claim wants sent.
struct ClaimMessage {
  enum class Kind : std::uint8_t { kProbe, kAnnouncement };
  Kind kind = Kind::kProbe;
  std::uint16_t interface = 0;
  IpAddress address;
};

/// What of a rival was seen.
enum class Rival : std::uint8_t {
  kUses,    ///< it sends from, or advertises, our address
  kProbes,  ///< it asks whether the address is free
};

/// Our addresses as the link sees them: duplicate detection, announcements and defence.
///
/// The decision (docs/adr): detection is optimistic, in the spirit of RFC 4429. RFC 5227 would have
/// a host keep silent for some six seconds before it uses an address; a server that restarts would
/// be gone that long each time, while its address, which an administrator wrote down, is nearly
/// always its own. So an address is usable at once and the probes go out beside the traffic. When a
/// rival shows up during that time, we step back: the address is not answered for or announced any
/// more (so that the rival's peers find the rival), the state says so, and we ask again every
/// minute. After it, we stay and defend, at most once in ten seconds (RFC 5227 §2.4(c)): giving up
/// would let anyone on the link take us off it with one forged packet.
class AddressClaims {
 public:
  explicit AddressClaims(const ClaimConfig& config) : config_(config) {}

  /// Probes go out from `when` on.
  void add(std::uint16_t interface, const IpAddress& address, Instant when);
  /// The address is not ours any more.
  void remove(std::uint16_t interface, const IpAddress& address);
  /// The link came (back) up: what we knew of it may be wrong now. Settled claims are announced, so
  /// that switches and neighbours learn the way; others are probed anew.
  void on_link_up(std::uint16_t interface, Instant now);
  void on_rival(std::uint16_t interface, const IpAddress& address, Rival rival, Instant now);

  /// Whether to answer for the address: it is a claim of ours and no duplicate.
  bool is_answering(std::uint16_t interface, const IpAddress& address) const;

  void on_deadline(Instant now);
  Instant next_deadline() const;
  std::optional<ClaimMessage> poll_message();

  struct Claim {
    IpAddress address;
    std::uint16_t interface = 0;
    ClaimState state = ClaimState::kTentative;
    std::uint32_t conflicts = 0;  ///< rivals' packets, ever

   private:
    friend class AddressClaims;
    enum class Phase : std::uint8_t { kProbing, kAnnouncing, kSettled, kBackedOff };
    Phase phase = Phase::kSettled;
    std::uint8_t probes_left = 0;
    std::uint8_t announcements_left = 0;
    std::optional<ClaimMessage::Kind> pending;  ///< to be sent now
    Instant next = Instant::never();
    Instant defended = Instant::never();  ///< never: not yet
  };
  std::span<const Claim> all() const { return claims_; }

 private:
  void start(Claim& claim, Instant now);
  void on_timer(Claim& claim, Instant now);
  Claim* find(std::uint16_t interface, const IpAddress& address);

  ClaimConfig config_;
  std::vector<Claim> claims_;
};

}  // namespace zs::neigh
