#pragma once

#include <cstdint>
#include <optional>

#include "base/address.hpp"
#include "base/time.hpp"
#include "tcp/config.hpp"
#include "tcp/pacer.hpp"
#include "tcp/seq.hpp"

namespace zs::tcp {

/// What a socket may set for itself; the rest is the shard's Config.
struct ConnectionOptions {
  std::uint32_t send_buffer_bytes = 0;
  std::uint32_t receive_buffer_bytes = 0;
  bool nodelay = false;
  bool keepalive = false;
  Duration keepalive_idle{};
  Duration keepalive_interval{};
  std::uint8_t keepalive_probes = 0;
  CongestionAlgorithm congestion = CongestionAlgorithm::kCubic;
  Duration user_timeout{};
  std::uint64_t max_pacing_rate = Pacer::kUnlimited;  ///< bytes a second (SO_MAX_PACING_RATE)
  std::optional<Duration> linger;                     ///< SO_LINGER; zero: close() resets

  static ConnectionOptions from(const Config& config);
};

/// What the two SYNs agreed on.
struct Negotiated {
  std::uint16_t peer_mss = 536;  ///< RFC 9293 §3.7.1: the default without the option
  bool timestamps = false;
  bool sack = false;
  bool window_scaling = false;
  bool ecn = false;
  std::uint8_t send_scale = 0;     ///< shift of windows that we receive (the peer's option)
  std::uint8_t receive_scale = 0;  ///< shift of windows that we send (our option)
  std::uint32_t timestamp_offset = 0;
  std::uint32_t recent_timestamp = 0;
};

struct ActiveOpen {
  FlowKey flow;
  SeqNum iss;
  std::uint32_t timestamp_offset = 0;
  std::uint16_t mtu = 1500;
  ConnectionOptions options;
};

/// A finished handshake, as the SYN cache hands it over.
struct PassiveOpen {
  FlowKey flow;
  SeqNum iss;
  SeqNum irs;
  std::uint16_t mtu = 1500;
  Negotiated negotiated;
  ConnectionOptions options;
  std::uint32_t receive_window = 0;       ///< as the SYN-ACK advertised it
  std::optional<Duration> handshake_rtt;  ///< if it could be measured (Karn)
  bool handshake_repeated = false;        ///< the SYN-ACK was sent twice, as far as is known
};

}  // namespace zs::tcp
