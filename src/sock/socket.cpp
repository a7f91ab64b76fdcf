#include "sock/socket.hpp"

namespace zs::sock {

namespace {
constexpr std::uint32_t kReadableOnly = ready::kReadable | ready::kHangup | ready::kError;

std::uint32_t stream_readiness(const tcp::Connection& connection, std::uint32_t wanted) {
  std::uint32_t bits = 0;
  if (connection.is_in_stride() && wanted == kReadableOnly) [[likely]] {
    return connection.has_data() ? ready::kReadable : 0;
  }
  if (connection.is_readable()) bits |= ready::kReadable;
  if ((wanted & ready::kWritable) != 0 && connection.is_writable()) bits |= ready::kWritable;
  if (connection.peer_closed()) bits |= ready::kPeerClosed;
  if (connection.both_closed()) bits |= ready::kHangup;
  if (connection.error() != Errc{}) bits |= ready::kError;
  return bits & wanted;
}

std::uint32_t datagram_readiness(udp::SocketId socket, const udp::Table& udp) {
  std::uint32_t bits = udp.can_send() ? ready::kWritable : 0;
  if (udp.has_data(socket)) bits |= ready::kReadable;
  if (udp.has_error(socket)) bits |= ready::kError;
  return bits;
}
}  // namespace

std::uint32_t Socket::readiness(std::uint32_t wanted, const udp::Table& udp) const {
  if (connection != nullptr) [[likely]]
    return stream_readiness(*connection, wanted);
  if (type == Type::kDatagram) return datagram_readiness(datagram, udp) & wanted;
  if (dormant != nullptr) return ready::kWritable & wanted;
  if (listener != nullptr && listener->has_waiting()) return ready::kReadable & wanted;
  return 0;
}

}  // namespace zs::sock
