#pragma once

#include <cstdint>

namespace zs::tcp::recovery {

/// Proportional rate reduction (RFC 9937, which follows RFC 6937): during fast recovery the window
/// falls to ssthresh little by little, one segment for every so many that arrive.
class Prr {
 public:
  struct Ack {
    std::uint32_t delivered = 0;  ///< bytes acknowledged or SACKed for the first time
    bool una_advanced = false;
    bool found_loss = false;  ///< it showed more bytes to be lost
    std::uint32_t pipe = 0;   ///< after it
    std::uint32_t mss = 0;
  };

  void start(std::uint32_t ssthresh, std::uint32_t flight) noexcept;
  void on_ack(const Ack& ack) noexcept;
  void on_sent(std::uint32_t bytes) noexcept { out_ += bytes; }
  /// How much may be in flight until the next acknowledgement.
  std::uint32_t window() const noexcept { return window_; }

 private:
  std::uint32_t ssthresh_ = 0;
  std::uint32_t recover_fs_ = 1;  ///< RecoverFS
  std::uint64_t delivered_ = 0;   ///< prr_delivered
  std::uint64_t out_ = 0;         ///< prr_out
  std::uint32_t window_ = 0;
};

}  // namespace zs::tcp::recovery
