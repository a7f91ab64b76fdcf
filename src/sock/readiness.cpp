#include "sock/readiness.hpp"

#include <utility>

namespace zs::sock {
namespace {

constexpr std::uint32_t kAllBits =
    ready::kReadable | ready::kWritable | ready::kPeerClosed | ready::kHangup | ready::kError;

std::uint32_t connection_readiness(const tcp::Connection& connection, std::uint32_t wanted) {
  if (connection.is_in_stride() && (wanted & ready::kWritable) == 0) [[likely]] {
    return connection.has_data() ? ready::kReadable : 0;
  }
  const tcp::Progress p = connection.progress();
  std::uint32_t bits = 0;
  if (p.unread > 0 || p.no_more_in) bits |= ready::kReadable;
  if ((wanted & ready::kWritable) != 0 && connection.is_writable()) bits |= ready::kWritable;
  if (p.no_more_in) bits |= ready::kPeerClosed;
  if (p.no_more_in && p.no_more_out) bits |= ready::kHangup;
  if (connection.error() != Errc{}) bits |= ready::kError;
  return bits;
}

/// What of a connection's state, and not of its bytes, readiness depends on.
std::uint32_t state_of(const tcp::Connection& connection, const tcp::Progress& p) {
  return (p.connecting ? 1u : 0u) | (p.no_more_in ? 2u : 0u) | (p.no_more_out ? 4u : 0u) |
         (connection.error() != Errc{} ? 8u : 0u) | 16u;
}

std::uint32_t connection_edges(Source& source, const tcp::Connection& connection) {
  std::uint32_t edges = 0;
  const tcp::Progress p = connection.progress();
  if (std::exchange(source.received, p.received) != p.received) edges |= ready::kReadable;
  if (source.wants_room && connection.is_writable()) {
    source.wants_room = false;
    edges |= ready::kWritable;
  }
  const std::uint32_t state = state_of(connection, p);
  if (std::exchange(source.state, state) != state) edges = kAllBits;
  return edges;
}

}  // namespace

std::uint32_t posix_readiness(const Socket& socket, std::uint32_t wanted, const udp::Table& udp) {
  if (socket.connection != nullptr) [[likely]] {
    return connection_readiness(*socket.connection, wanted);
  }
  if (socket.dormant != nullptr) return ready::kWritable;  // nothing goes on with it (ADR 15)
  if (socket.type == Type::kDatagram) return socket.readiness(kAllBits, udp);
  if (socket.listener != nullptr) return socket.listener->has_waiting() ? ready::kReadable : 0;
  return ready::kWritable | ready::kHangup;
}

std::uint32_t edges_of(Source& source) {
  if (source.socket->connection != nullptr) {
    return connection_edges(source, *source.socket->connection);
  }
  if (source.socket->dormant != nullptr) return 0;
  // Listeners tell of connections only, datagram sockets of datagrams and errors.
  return kAllBits;
}

}  // namespace zs::sock
