// Moving bytes: read, write and their copying and datagram twins.

#include <algorithm>
#include <utility>

#include "sock/socket_table_impl.hpp"

namespace zs::sock {

namespace {
/// The connection to move bytes over, or why there is none.
Result<tcp::Connection*> stream_of(Socket* socket) {
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->connection == nullptr) return Errc::kNotConnected;
  return socket->connection;
}
}  // namespace

[[gnu::flatten]] Result<buf::Chain> SocketTable::read(int fd, std::uint32_t limit) {
  Socket* const socket = impl_->find_as_it_is(fd);
  if (socket != nullptr && socket->connection != nullptr && socket->connection->has_whole(limit))
      [[likely]] {
    return socket->connection->take_whole();
  }
  return read_slowly(fd, limit);
}

Result<buf::Chain> SocketTable::read_slowly(int fd, std::uint32_t limit) {
  Socket* const socket = impl_->find(fd);
  if (socket != nullptr && socket->type == Type::kDatagram) {
    auto chain = receive_from(fd, nullptr);
    if (chain && chain->size() > limit) chain->truncate(limit);  // POSIX: the rest is discarded
    return chain;
  }
  ZS_TRY_ASSIGN(tcp::Connection* const connection, stream_of(socket));
  return connection->read(limit);
}

Result<buf::Chain> SocketTable::peek(int fd, std::uint32_t limit) {
  Socket* const socket = impl_->find(fd);
  if (socket != nullptr && socket->type == Type::kDatagram) return Errc::kNotSupported;
  ZS_TRY_ASSIGN(const tcp::Connection* const connection, stream_of(socket));
  return connection->peek(limit);
}

[[gnu::flatten]] Result<void> SocketTable::write(int fd, buf::Chain& chain) {
  Socket* const socket = impl_->find_as_it_is(fd);
  if (socket != nullptr && socket->connection != nullptr &&
      socket->connection->write_steadily(chain)) [[likely]] {
    return {};
  }
  return write_slowly(fd, chain);
}

Result<void> SocketTable::write_slowly(int fd, buf::Chain& chain) { return write(fd, chain, {}); }

Result<void> SocketTable::write(int fd, buf::Chain& chain, WriteFlags flags) {
  Socket* const socket = impl_->find(fd);
  if (socket != nullptr && socket->type == Type::kDatagram) {
    if (flags.more) return Errc::kNotSupported;
    const auto peer = impl_->udp.remote_endpoint(socket->datagram);
    if (!peer) return Errc::kDestinationRequired;
    ZS_TRY_ASSIGN(const auto path, impl_->datagram_path(*socket, peer->address));
    return impl_->udp.send(socket->datagram, chain, std::nullopt, path);
  }
  ZS_TRY_ASSIGN(tcp::Connection* const connection, stream_of(socket));
  const auto written = connection->write(chain, flags.more);
  if (!written && socket->source) socket->source->wants_room = true;
  return written;
}

Result<std::size_t> SocketTable::read_copy(int fd, std::span<std::byte> out) {
  Socket* const socket = impl_->find(fd);
  if (socket != nullptr && socket->type == Type::kDatagram) {
    ZS_TRY_ASSIGN(const buf::Chain chain, receive_from(fd, nullptr));
    const std::size_t bytes = std::min<std::size_t>(chain.size(), out.size());
    chain.copy_out(0, out.first(bytes));
    impl_->copied_datagram_bytes += bytes;
    return bytes;
  }
  ZS_TRY_ASSIGN(tcp::Connection* const connection, stream_of(socket));
  return connection->read_copy(out);
}

Result<std::size_t> SocketTable::write_copy(int fd, std::span<const std::byte> in,
                                            WriteFlags flags) {
  Socket* const socket = impl_->find(fd);
  if (socket != nullptr && socket->type == Type::kDatagram) {
    ZS_TRY_ASSIGN(buf::Chain chain, buf::Chain::copy_of(in, *impl_->pools.data));
    ZS_TRY(write(fd, chain, flags));
    impl_->copied_datagram_bytes += in.size();
    return in.size();
  }
  ZS_TRY_ASSIGN(tcp::Connection* const connection, stream_of(socket));
  auto written = connection->write_copy(in, flags.more);
  if (socket->source && (!written || *written < in.size())) socket->source->wants_room = true;
  return written;
}

Result<buf::Chain> SocketTable::receive_from(int fd, Endpoint* peer) {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->type != Type::kDatagram) return Errc::kNotSupported;
  ZS_TRY_ASSIGN(udp::Datagram datagram, impl_->udp.receive(socket->datagram));
  if (peer != nullptr) *peer = datagram.remote;
  return std::move(datagram.payload);
}

Result<void> SocketTable::send_to(int fd, buf::Chain& chain, const Endpoint& peer) {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->type != Type::kDatagram) return Errc::kNotSupported;
  if (socket->family == IpFamily::kV4 && !peer.address.is_v4()) return Errc::kAfNotSupported;
  ZS_TRY_ASSIGN(const auto path, impl_->datagram_path(*socket, peer.address));
  return impl_->udp.send(socket->datagram, chain, peer, path);
}

Result<void> SocketTable::shutdown(int fd, ShutdownHow how) {
  ZS_TRY_ASSIGN(tcp::Connection* const connection, stream_of(impl_->find(fd)));
  if (!tcp::is_synchronized(connection->state())) return Errc::kNotConnected;
  if (how != ShutdownHow::kWrite) connection->shutdown_read();
  if (how != ShutdownHow::kRead) connection->shutdown_write();
  return {};
}

}  // namespace zs::sock
