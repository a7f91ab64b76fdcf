#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/time.hpp"
#include "tcp/config.hpp"
#include "tcp/pacer.hpp"

namespace zs::tcp {

/// What a socket may set for itself; the rest is the shard's Config.
struct ConnectionOptions {
  std::uint32_t send_buffer_bytes = 0;
  std::uint32_t receive_buffer_bytes = 0;
  bool send_buffer_fixed = false;     ///< SO_SNDBUF was set: it does not grow by itself
  bool receive_buffer_fixed = false;  ///< the same of SO_RCVBUF
  bool nodelay = false;
  bool keepalive = false;
  Duration keepalive_idle{};
  Duration keepalive_interval{};
  std::uint8_t keepalive_probes = 0;
  CongestionAlgorithm congestion = CongestionAlgorithm::kCubic;
  Duration user_timeout{};
  std::uint64_t max_pacing_rate = Pacer::kUnlimited;  ///< bytes a second (SO_MAX_PACING_RATE)
  std::optional<Duration> linger;                     ///< SO_LINGER; zero: close() resets

  bool cork = false;                   ///< TCP_CORK
  bool quick_ack = true;               ///< TCP_QUICKACK, before there is a connection
  std::uint8_t syn_retries = 0;        ///< TCP_SYNCNT; 0: as Config has it
  std::uint8_t defer_accept = 0;       ///< TCP_DEFER_ACCEPT, in timeouts
  std::uint16_t max_segment = 0;       ///< TCP_MAXSEG; 0: what path and peer allow
  std::uint32_t window_clamp = 0;      ///< TCP_WINDOW_CLAMP; 0: none
  std::uint32_t read_low_water = 1;    ///< SO_RCVLOWAT
  std::uint32_t unsent_low_water = 0;  ///< TCP_NOTSENT_LOWAT; 0: none
  Duration orphan_fin_wait_2{};        ///< TCP_LINGER2; 0: as Config has it; -1: none
  static constexpr Duration kNoFinWait2{-1};
  bool reuse_port = false;            ///< SO_REUSEPORT of a listener
  bool fast_open = false;             ///< TCP_FASTOPEN_CONNECT
  std::uint32_t fast_open_queue = 0;  ///< TCP_FASTOPEN of a listener; 0: none

  static ConnectionOptions from(const Config& config);

  /// Whether each segment asks for more care than the short ways take (ADR 12).
  bool are_unusual() const { return cork || read_low_water > 1 || unsent_low_water != 0; }
  /// What the buffers may grow to.
  constexpr std::uint32_t most_send_bytes(const Config& config) const {
    return send_buffer_fixed ? send_buffer_bytes
                             : std::max(send_buffer_bytes, config.send_buffer_max_bytes);
  }
  constexpr std::uint32_t most_receive_bytes(const Config& config) const {
    return receive_buffer_fixed ? receive_buffer_bytes
                                : std::max(receive_buffer_bytes, config.receive_buffer_max_bytes);
  }
  /// Bytes of window that may be offered at most.
  constexpr std::uint32_t window_bound() const {
    return window_clamp != 0 ? window_clamp : UINT32_MAX;
  }
  /// The peer may be sent, and may send, no larger segments than this.
  constexpr std::uint16_t segment_bound() const {
    return max_segment != 0 ? max_segment : UINT16_MAX;
  }
};

}  // namespace zs::tcp
