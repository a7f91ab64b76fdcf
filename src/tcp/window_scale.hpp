#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>

#include "base/address.hpp"
#include "tcp/connection_options.hpp"
#include "tcp/segment.hpp"

namespace zs::tcp {

inline constexpr std::uint32_t kMaxUnscaledWindow = 65'535;
inline constexpr std::uint8_t kMaxWindowScale = 14;  ///< RFC 7323 §2.3

/// The smallest shift with which a window of `buffer_bytes` can be announced.
constexpr std::uint8_t window_scale_for(std::uint32_t buffer_bytes) {
  std::uint8_t scale = 0;
  while (scale < kMaxWindowScale && (buffer_bytes >> scale) > kMaxUnscaledWindow) ++scale;
  return scale;
}

/// For what the buffer may grow to: the scale is told once, with the SYN.
constexpr std::uint8_t receive_scale(const ConnectionOptions& options, const Config& config) {
  return window_scale_for(std::min(options.most_receive_bytes(config), options.window_bound()));
}

/// The window of a SYN, never scaled (RFC 7323 §2.2).
constexpr std::uint16_t syn_window(const ConnectionOptions& options) {
  return static_cast<std::uint16_t>(
      std::min({options.receive_buffer_bytes, options.window_bound(), kMaxUnscaledWindow}));
}

/// RFC 9293 §3.7.1: MTU less the fixed headers of IP and TCP, options not counted (RFC 6691).
constexpr std::uint16_t mss_for_mtu(std::uint16_t mtu, const FlowKey& flow) {
  const int headers = (flow.remote.address.is_v4() ? 20 : 40) + 20;
  return static_cast<std::uint16_t>(std::max(int{mtu} - headers, 64));
}

/// RFC 9293 §3.7.1: 536 when the option is absent, over IPv6 1220. The floor is Linux'
/// tcp_min_snd_mss: a peer that asks for tiny segments makes us spend a packet on every few bytes
/// (CVE-2019-11479).
inline constexpr std::uint16_t kMinPeerMss = 48;
constexpr std::uint16_t clamp_peer_mss(std::optional<std::uint16_t> option, const FlowKey& flow) {
  const std::uint16_t otherwise = flow.remote.address.is_v4() ? 536 : 1220;
  return std::max(option.value_or(otherwise), kMinPeerMss);
}

}  // namespace zs::tcp
