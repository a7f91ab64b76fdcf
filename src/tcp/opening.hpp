#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include "base/address.hpp"
#include "base/time.hpp"
#include "tcp/connection_options.hpp"
#include "tcp/fast_open.hpp"
#include "tcp/seq.hpp"

namespace zs::tcp {

/// What the two SYNs agreed on.
struct Negotiated {
  std::uint16_t peer_mss = 536;  ///< RFC 9293 §3.7.1: the default without the option
  bool timestamps = false;
  bool sack = false;
  bool window_scaling = false;
  bool ecn = false;
  bool syn_data = false;           ///< what the SYN carried was taken (RFC 7413)
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
  std::optional<FastOpenCache::Known> fast_open;  ///< what to put into the SYN (RFC 7413)
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

/// A handshake that has begun with a good cookie: the server need not wait for its end.
struct FastPassiveOpen {
  PassiveOpen open;
  std::unique_ptr<FastOpen> place;
  std::uint16_t peer_window = 0;  ///< of the SYN
};

}  // namespace zs::tcp
