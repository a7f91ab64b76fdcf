#pragma once

#include <cstdint>

#include "sock/event_source.hpp"
#include "sock/socket.hpp"

namespace zs::sock {

/// In Socket::interest: somebody watches it by a queue of events.
inline constexpr std::uint32_t kObserved = 1u << 31;

/// All readiness bits of a socket, as Linux' tcp_poll() and datagram_poll() have them. They say
/// more than poll_ready(): a stream socket that was never connected is hung up and writable, and
/// shutdown() of our own counts as the peer's. Those that are not `wanted` may be missing.
std::uint32_t posix_readiness(const Socket& socket, std::uint32_t wanted, const udp::Table& udp);

/// The readiness bits that something happened to since the last time: bytes or connections that
/// came, room that somebody waited for, all bits for a change of state.
std::uint32_t edges_of(Source& source);

}  // namespace zs::sock
