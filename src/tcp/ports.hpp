#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/address.hpp"
#include "base/siphash.hpp"
#include "tcp/config.hpp"

namespace zs::tcp {

/// Ephemeral ports by RFC 6056 §3.3.4 (algorithm 4, "double-hash"): successive ports for one
/// destination, at an offset that other hosts cannot guess, with counters split so that the rate of
/// connections to one destination does not show in the ports of another.
class EphemeralPorts {
 public:
  /// The range is [low, high], as configured; a reversed one is read the other way round.
  EphemeralPorts(const Config& config, const SipKey& secret) noexcept;

  /// A port for a connection from `local` to `remote` for which in_use(port) is false; nullopt when
  /// all are taken. Every port of the range is asked about at most once.
  // clang-format off
  template <std::predicate<std::uint16_t> InUse>
  std::optional<std::uint16_t> choose(const IpAddress& local, const Endpoint& remote,
                                      InUse&& in_use) {
    // clang-format on
    const Start start = start_for(local, remote);
    for (std::uint32_t i = 0; i < count_; ++i) {
      // The sum is taken in 32 bits and wraps once in 2^32 connections; a port may then be asked
      // about twice and another not at all, which costs nothing but that try.
      const std::uint32_t step = counters_[start.counter]++;
      const auto port = static_cast<std::uint16_t>(low_ + (start.offset + step) % count_);
      if (!in_use(port)) return port;
    }
    return std::nullopt;
  }

 private:
  static constexpr std::size_t kCounters = 256;  ///< RFC 6056 §3.3.4 suggests 10 or more
  struct Start {
    std::uint32_t offset;
    std::size_t counter;
  };
  Start start_for(const IpAddress& local, const Endpoint& remote) const noexcept;

  SipKey secret_;
  std::uint32_t low_;
  std::uint32_t count_;
  std::array<std::uint32_t, kCounters> counters_{};
};

}  // namespace zs::tcp
