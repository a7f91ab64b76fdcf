#pragma once

#include <cstdint>

#include "base/time.hpp"

namespace zs::tcp {

using namespace std::chrono_literals;

/// When a SYN is answered with a cookie instead of an entry of the SYN cache (RFC 4987 §3.6).
enum class SynCookiePolicy : std::uint8_t {
  kOff,         ///< never: the oldest entry gives way to a SYN that finds the cache full
  kOnOverflow,  ///< when the cache is full
  kAlways,
};

enum class CongestionAlgorithm : std::uint8_t { kCubic, kNewReno, kDctcp, kBbr };

/// Explicit congestion notification (RFC 3168). DCTCP, which is nothing without, is as kOn.
enum class EcnMode : std::uint8_t {
  kOff,
  kPassive,  ///< for peers that ask for it
  kOn,       ///< asked for
};

/// Whose first slow start HyStart++ (RFC 9406) ends.
enum class HyStartUse : std::uint8_t { kNobody, kCubic, kEverybody };

/// Packetisation-layer path MTU discovery (RFC 4821); Linux' tcp_mtu_probing.
enum class MtuProbing : std::uint8_t {
  kOff,        ///< only messages say what a path carries
  kBlackHole,  ///< also timeouts in a row of full segments
  kOn,         ///< begins small, and probes upward
};

/// What every new connection of a shard starts with; sockets may override the per-connection part.
struct Config {
  // Per connection.
  std::uint32_t send_buffer_bytes = 1u << 20;     ///< SO_SNDBUF to begin with
  std::uint32_t receive_buffer_bytes = 1u << 20;  ///< SO_RCVBUF to begin with
  /// How far they grow where path and application can use it (buffer_tuning.hpp), unless the socket
  /// has set its own. The receive buffer's fixes the window scale.
  std::uint32_t send_buffer_max_bytes = 8u << 20;
  std::uint32_t receive_buffer_max_bytes = 6u << 20;
  /// Most buffers a connection may hold in receive queues whatever their bytes: a peer that sends
  /// one byte a segment must not drain the pool (DESIGN §5).
  std::uint32_t receive_buffer_segments = 4096;
  CongestionAlgorithm congestion = CongestionAlgorithm::kCubic;
  EcnMode ecn = EcnMode::kPassive;
  bool ecn_alternative_backoff = false;  ///< RFC 8511: a mark costs less than a loss
  HyStartUse hystart = HyStartUse::kCubic;
  bool timestamps = true;                      ///< RFC 7323
  bool sack = true;                            ///< RFC 2018
  bool window_scaling = true;                  ///< RFC 7323
  bool nodelay = false;                        ///< TCP_NODELAY
  std::uint32_t initial_window_segments = 10;  ///< RFC 6928
  MtuProbing mtu_probing = MtuProbing::kOff;   ///< RFC 4821
  bool pacing = false;                         ///< every connection; else those that ask
  Duration min_rto = 200ms;          ///< Linux' TCP_RTO_MIN; RFC 6298 §2.4 says 1 s, nobody obeys
  Duration max_rto = 120s;           ///< Linux' TCP_RTO_MAX; RFC 6298 §2.5 asks for at least 60 s
  Duration initial_rto = 1s;         ///< RFC 6298 §2.1
  Duration delayed_ack = 40ms;       ///< RFC 9293 §3.8.6.3 allows up to 500 ms
  Duration time_wait = 60s;          ///< 2 MSL as Linux and FreeBSD have it
  Duration fin_wait_2 = 60s;         ///< orphaned connections only (Linux: tcp_fin_timeout)
  std::uint8_t syn_retries = 7;      ///< RFC 9293 §3.8.3: for three minutes at least (Linux: 6)
  std::uint8_t syn_ack_retries = 5;  ///< Linux' tcp_synack_retries
  std::uint8_t data_retries = 15;    ///< RFC 1122 §4.2.3.5 R2; Linux' tcp_retries2
  Duration user_timeout{};           ///< RFC 5482; zero: data_retries decides
  bool keepalive = false;            ///< RFC 9293 §3.8.4
  Duration keepalive_idle = 7200s;
  Duration keepalive_interval = 75s;
  std::uint8_t keepalive_probes = 9;

  // Per shard.
  std::uint32_t max_connections = 65'536;
  /// Of these, more than so many sleep while nothing goes on with them (ADR 15).
  std::uint32_t awake_connections = 16'384;
  std::uint32_t syn_cache_entries = 16'384;
  SynCookiePolicy syn_cookies = SynCookiePolicy::kOnOverflow;
  std::uint32_t time_wait_entries = 65'536;
  std::uint32_t max_backlog = 4'096;     ///< bound of listen()'s backlog (somaxconn)
  std::uint32_t max_tso_bytes = 65'000;  ///< largest unit handed to the device at once
  std::uint16_t ephemeral_low = 32'768;
  std::uint16_t ephemeral_high = 60'999;
};

}  // namespace zs::tcp
