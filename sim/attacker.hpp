#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>
#include <span>
#include <vector>

#include "base/random.hpp"
#include "base/time.hpp"
#include "sim/forgery.hpp"
#include "sim/seen_segment.hpp"
#include "sim/wiretap.hpp"

namespace zs::sim {

/// Somebody on the victim's wire who forges what a TCP has to withstand: RFC 5961's blind resets,
/// SYNs and data, with numbers that hit the window but not the mark; acknowledgements of what was
/// never sent; replays; true bytes in tiny pieces; fragments; ICMP (RFC 5927); garbage.
///
/// It could read along and break any connection for good, as RFC 5961 §1.2 says of such attackers.
/// So it guesses well and is never right: no segment of its own is acceptable with bytes, or a
/// reset, or an acknowledgement that the peer did not mean.
class Attacker {
 public:
  /// `tap` is at the victim's end and outlives it.
  Attacker(Wiretap& tap, const Forger& forger, std::uint64_t seed);

  /// Sends one forged frame.
  void strike();
  std::uint64_t strikes() const { return strikes_; }

 private:
  using Frame = Forger::Frame;

  /// What was seen of a connection of the victim's.
  struct Target {
    Endpoint victim, peer;
    std::uint32_t peer_end = 0;                   ///< behind all that the peer was heard to send
    std::uint32_t peer_ack = 0;                   ///< the latest that it acknowledged
    std::uint32_t our_end = 0;                    ///< behind all that the victim sent
    std::uint32_t our_ack = 0;                    ///< the latest that the victim acknowledged
    std::uint32_t window = 0;                     ///< the victim's latest, unscaled
    std::optional<wire::TcpTimestamps> stamps{};  ///< the peer's latest
    bool heard_both = false;                      ///< beyond the SYNs
  };
  struct Recording {
    SeenSegment segment;
    std::vector<std::byte> payload;
  };

  void observe(Heading heading, const rte_mbuf& frame);
  Target& target_of(const Endpoint& victim, const Endpoint& peer);
  /// One that is established, or nullptr.
  const Target* pick();
  std::uint32_t below(std::uint32_t bound) { return random_.below(std::max(bound, 1u)); }
  wire::TcpHeaderSpec header(const Target& t, std::uint32_t seq, std::uint32_t ack,
                             std::uint8_t flags) const;
  std::uint32_t never_sent(const Target& t);
  std::vector<std::byte> noise(std::uint32_t most);

  Frame blind_reset(const Target& t);
  Frame reset_in_window(const Target& t);
  Frame syn(const Target& t);
  Frame old_data(const Target& t);
  Frame data_with_wild_ack(const Target& t);
  Frame wild_ack(const Target& t);
  Frame fragment(const Target& t);
  Frame icmp_error(const Target& t);
  Frame echo(const Target& t);
  Frame flood_syn(const Target& t);
  Frame garbage(const Target& t);
  /// At most `most` bytes of something that was sent before, as it was sent.
  Frame replay(std::uint32_t most);
  Frame forge(const Target& t);

  Wiretap& tap_;
  Forger forger_;
  Random random_;
  std::vector<Target> targets_;
  std::deque<Recording> recordings_;
  std::uint64_t strikes_ = 0;
};

}  // namespace zs::sim
