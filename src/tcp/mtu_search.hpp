#pragma once

#include <cstdint>
#include <optional>

#include "base/address.hpp"
#include "base/time.hpp"
#include "tcp/seq.hpp"

namespace zs::tcp {

/// Finds out by real data how long the packets may be that a path carries (RFC 4821), where no
/// message says it. It begins at a size that nearly every path carries, and tries longer ones, one
/// at a time, until what passes and what does not lie close together (RFC 8899 §5.3).
///
/// It decides on sizes only; the connection sends, and says what became of it.
class MtuSearch {
 public:
  static constexpr Duration kPause = std::chrono::seconds{600};  ///< before it is tried anew
  static constexpr std::uint8_t kMostTries = 3;                  ///< RFC 8899 §5.1.2: MAX_PROBES
  static constexpr std::uint16_t kClose = 16;                    ///< so close is close enough

  /// RFC 8899 §5.1.2: BASE_PLPMTU.
  static constexpr std::uint16_t base(IpFamily family) {
    return family == IpFamily::kV4 ? 1200 : 1280;
  }
  /// What a path is assumed to carry after `timeouts` in a row at `mtu` (RFC 4821 §7.7), where that
  /// is less.
  static std::optional<std::uint16_t> retreat(std::uint16_t mtu, IpFamily family,
                                              std::uint32_t timeouts);

  /// What passes, and what is worth trying at most. `ceiling`: what the interface carries.
  struct Range {
    std::uint16_t low = 0;
    std::uint16_t high = 0;
    std::uint16_t ceiling = 0;
  };
  explicit MtuSearch(const Range& range) : range_(range) {}

  /// The next size to try, or 0.
  std::uint16_t next(Instant now);
  struct Probe {
    SeqRange range;
    std::uint16_t mtu = 0;
  };
  void on_sent(const Probe& probe) { probe_ = probe; }
  const std::optional<Probe>& probe() const { return probe_; }
  /// The probe was acknowledged: so long may packets be from now on.
  std::uint16_t on_delivered();
  /// The probe, and nothing else, was lost; or it will never be known.
  void on_lost(Instant now);
  /// A message, of RFC 1191 or RFC 8201, about something in flight.
  void on_packet_too_big(std::uint16_t mtu, Instant now);
  /// Nothing longer than `low` passes after all.
  void on_black_hole(std::uint16_t low, std::uint16_t high);

 private:
  bool is_settled() const { return range_.high < range_.low + kClose; }
  void settle(Instant now);

  Range range_;
  std::optional<Probe> probe_;
  std::uint8_t tries_ = 0;
  Instant again_at_ = Instant::never();
};

}  // namespace zs::tcp
