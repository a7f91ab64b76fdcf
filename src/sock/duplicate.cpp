// Several descriptors of one socket.

#include "sock/event_queues.hpp"
#include "sock/socket_table_impl.hpp"

namespace zs::sock {

void SocketTable::Impl::add_descriptor(Socket& socket, int fd) {
  const auto at = static_cast<std::size_t>(fd);
  while (at >= by_fd_size) grow_by_fd();
  if (at >= slots.size()) slots.resize(at + 1);
  by_fd[at] = &socket;
  ++socket.descriptors;
}

void SocketTable::Impl::drop_descriptor(Socket& socket, int fd) {
  const auto at = static_cast<std::size_t>(fd);
  if (socket.source) EventQueues::drop_by_number(*socket.source, fd);
  descriptors.give_back(fd);
  by_fd[at] = nullptr;
  --socket.descriptors;
  if (socket.fd != fd) return;
  // TCP and UDP know it by this number: from now on by another one.
  std::size_t other = 0;
  while (by_fd[other] != &socket) ++other;
  std::swap(slots[at], slots[other]);
  socket.fd = static_cast<int>(other);
  const auto owner = static_cast<std::uint32_t>(other);
  if (socket.connection != nullptr) socket.connection->set_owner(owner);
  if (socket.listener != nullptr) socket.listener->set_owner(owner);
  if (socket.type == Type::kDatagram) udp.set_cookie(socket.datagram, owner);
}

Result<int> SocketTable::duplicate(int fd, int least) {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (least < 0) return Errc::kInvalid;
  const auto taken = least == 0 ? impl_->descriptors.take()
                                : impl_->descriptors.take_from(static_cast<std::uint32_t>(least));
  if (!taken) return Errc::kTooManyFiles;
  impl_->add_descriptor(*socket, *taken);
  return *taken;
}

Result<int> SocketTable::duplicate_as(int fd, int as) {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr || as < 0) return Errc::kBadFd;
  if (as == fd) return as;
  if (impl_->queues != nullptr) impl_->queues->close(as);
  if (impl_->find(as) != nullptr) ZS_TRY(close(as));
  if (!impl_->descriptors.take_this(static_cast<std::uint32_t>(as))) return Errc::kBadFd;
  impl_->add_descriptor(*socket, as);
  return as;
}

}  // namespace zs::sock
