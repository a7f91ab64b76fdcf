#pragma once

#include <cstdint>

#include "buf/pool.hpp"

namespace zs::buf {

/// What one socket may have of a scarce pool's buffers. Nobody can tell whose buffers were freed,
/// so it goes by effect: each socket gets a few. One whose buffers come back (what is left has not
/// shrunk since) gets as many again; one whose buffers stay away is given another packet to try,
/// ever more rarely, and one socket at a time, so that it can be told whose they were. So an
/// application that frees what it reads goes on beside one that keeps everything, and all that keep
/// everything together cannot drain the pool.
class Loan {
 public:
  static constexpr std::uint32_t kQuota = 64;               ///< buffers
  static constexpr std::uint32_t kTrial = 16;               ///< buffers
  static constexpr std::uint32_t kMostPatience = 1u << 14;  ///< refusals between two trials

  /// May the socket have another packet of so many buffers? Costs a comparison while there is
  /// plenty.
  bool admit(Pool& data, std::uint32_t buffers = 1) noexcept {
    return data.supply() == Supply::kPlenty || admit_short(data, buffers);
  }

 private:
  bool admit_short(Pool& data, std::uint32_t buffers) noexcept;
  bool admit_scarce(Pool& data, std::uint32_t buffers) noexcept;
  void lend(const Pool& data, std::uint32_t buffers, std::uint32_t allowance) noexcept;

  std::uint32_t reliefs_ = UINT32_MAX;  ///< Pool::reliefs() when this shortage was met
  std::uint32_t looks_ = 0;             ///< Pool::looks() at the latest admission
  std::uint32_t left_before_ = 0;       ///< Pool::most_left() at the first of those that count
  std::uint32_t lent_ = 0;              ///< since then
  std::uint32_t allowance_ = 0;
  std::uint32_t patience_ = 1;
  std::uint32_t refused_ = 0;
};

}  // namespace zs::buf
