#include "sock/socket.hpp"

namespace zs::sock {

namespace {
std::uint32_t stream_readiness(const tcp::Connection& connection) {
  std::uint32_t bits = 0;
  if (connection.is_readable()) bits |= ready::kReadable;
  if (connection.is_writable()) bits |= ready::kWritable;
  if (connection.peer_closed()) bits |= ready::kPeerClosed;
  if (connection.both_closed()) bits |= ready::kHangup;
  if (connection.error() != Errc{}) bits |= ready::kError;
  return bits;
}
}  // namespace

std::uint32_t Socket::readiness(const udp::Table& udp) const {
  if (type == Type::kDatagram) {
    std::uint32_t bits = udp.can_send() ? ready::kWritable : 0;
    if (udp.has_data(datagram)) bits |= ready::kReadable;
    if (udp.has_error(datagram)) bits |= ready::kError;
    return bits;
  }
  if (connection != nullptr) return stream_readiness(*connection);
  if (listener != nullptr && listener->has_waiting()) return ready::kReadable;
  return 0;
}

}  // namespace zs::sock
