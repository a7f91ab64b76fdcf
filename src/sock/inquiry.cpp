// What else may be asked and said about sockets: buffers, readiness, routes.

#include "sock/readiness.hpp"
#include "sock/socket_table_impl.hpp"

namespace zs::sock {

Result<Fill> SocketTable::fill(int fd) const {
  const Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->type == Type::kDatagram) {
    return Fill{.unread = impl_->udp.next_bytes(socket->datagram), .unsent = 0, .room = 0};
  }
  if (socket->listener != nullptr) {
    return Fill{.unread = socket->listener->waiting(), .unsent = 0, .room = 0};
  }
  if (socket->connection == nullptr) return Fill{};
  const tcp::Progress p = socket->connection->progress();
  return Fill{.unread = p.unread, .unsent = p.unacknowledged, .room = p.room};
}

Result<void> SocketTable::set_non_blocking(int fd, bool on) {
  Socket* const socket = impl_->find_as_it_is(fd);
  if (socket == nullptr) return Errc::kBadFd;
  socket->non_blocking = on;
  return {};
}

Result<bool> SocketTable::is_non_blocking(int fd) const {
  const Socket* const socket = impl_->find_as_it_is(fd);
  if (socket == nullptr) return Errc::kBadFd;
  return socket->non_blocking;
}

Result<std::uint32_t> SocketTable::readiness(int fd) const {
  const Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  return posix_readiness(*socket, UINT32_MAX, impl_->udp);
}

void SocketTable::note_copied(std::size_t bytes) { impl_->copied_datagram_bytes += bytes; }

const tcp::Config& SocketTable::tcp_config() const { return impl_->tcp.config(); }

Result<void> SocketTable::add_route(const IpPrefix& destination,
                                    const std::optional<IpAddress>& gateway) {
  return impl_->shard.add_route({destination, gateway, 0});
}

Result<void> SocketTable::remove_routes(const IpPrefix& destination) {
  bool any = false;
  for (const stack::RouteConfig& route : impl_->shard.routes()) {
    if (route.destination == destination && impl_->shard.remove_route(route)) any = true;
  }
  if (!any) return Errc::kNotFound;
  return {};
}

int SocketTable::most() const { return static_cast<int>(impl_->descriptors.limit()); }

}  // namespace zs::sock
