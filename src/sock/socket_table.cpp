#include "sock/socket_table.hpp"

#include <algorithm>
#include <utility>

#include "sock/bind_conflict.hpp"
#include "sock/event_queues.hpp"
#include "sock/readiness.hpp"
#include "sock/socket_table_impl.hpp"

namespace zs::sock {

Result<Socket*> SocketTable::Impl::open(Type type, IpFamily family) {
  const auto fd = descriptors.take();
  if (!fd) return Errc::kTooManyFiles;
  const auto at = static_cast<std::size_t>(*fd);
  if (at >= slots.size()) slots.resize(at + 1);
  while (at >= by_fd_size) grow_by_fd();
  if (!slots[at]) slots[at] = std::make_unique<Socket>();
  Socket& socket = *slots[at];
  socket.fd = *fd;
  socket.type = type;
  socket.family = family;
  by_fd[at] = &socket;
  socket.interest = 0;
  socket.user_data = 0;
  socket.bound.reset();
  socket.connection = nullptr;
  socket.dormant = nullptr;
  socket.listener = nullptr;
  if (type == Type::kStream) socket.options = tcp::ConnectionOptions::from(tcp.config());
  socket.reuse_address = false;
  socket.reuse_port = false;
  socket.non_blocking = false;
  socket.v6_only = false;
  socket.memberships.clear();
  socket.descriptors = 1;
  return &socket;
}

bool SocketTable::Impl::is_refused(const Socket& socket, const Endpoint& local) const {
  const auto holder = [](const Socket& s, const IpAddress& address) {
    return Holder{.address = address,
                  .v6_only = s.v6_only,
                  .reuse_address = s.reuse_address,
                  .reuse_port = s.reuse_port,
                  .is_listening = s.listener != nullptr};
  };
  const Holder newcomer = holder(socket, local.address);
  const auto [first, last] = bound_streams.equal_range(local.port);
  return std::any_of(first, last, [&](const auto& item) {
    const Socket& other = *item.second;
    return &other != &socket && is_refused_for(newcomer, holder(other, other.bound->address));
  });
}

void SocketTable::Impl::hold(Socket& socket, const Endpoint& local) {
  bound_streams.emplace(local.port, &socket);
}

void SocketTable::Impl::let_go(const Socket& socket) {
  if (!socket.bound) return;
  const auto [first, last] = bound_streams.equal_range(socket.bound->port);
  const auto at = std::find_if(first, last, [&](const auto& i) { return i.second == &socket; });
  if (at != last) bound_streams.erase(at);
}

void SocketTable::Impl::release(Socket& socket) {
  if (socket.source) {
    EventQueues::drop_all(*socket.source);
    socket.source.reset();
  }
  let_go(socket);
  if (static_cast<ListHook<ReadyTag>&>(socket).is_linked()) ready.erase(socket);
  descriptors.give_back(socket.fd);
  by_fd[static_cast<std::size_t>(socket.fd)] = nullptr;
}

void SocketTable::Impl::grow_by_fd() {
  const std::size_t size = std::max<std::size_t>(2 * by_fd_size, 64);
  auto grown = std::make_unique<Socket*[]>(size);
  std::copy_n(by_fd.get(), by_fd_size, grown.get());
  by_fd = std::move(grown);
  by_fd_size = size;
}

void SocketTable::Impl::collect_changes() {
  while (tcp::Connection* connection = tcp.take_changed()) {
    if (Socket* socket = owner_of(connection->owner())) refresh(*socket);
  }
  while (tcp::Listener* listener = tcp.take_changed_listener()) {
    if (Socket* socket = owner_of(listener->owner())) refresh(*socket);
  }
  while (const auto cookie = udp.poll_event()) {
    if (Socket* socket = owner_of(*cookie)) refresh(*socket);
  }
}

Result<void> SocketTable::Impl::check_local(const Socket& socket, const Endpoint& local) const {
  const bool same_family = local.address.family() == socket.family;
  if (!same_family && (socket.family == IpFamily::kV4 || socket.v6_only)) {
    return Errc::kAfNotSupported;
  }
  if (local.address.is_unspecified() || shard.is_local(local.address)) return {};
  // RFC 3678, and custom: a datagram socket may be bound to a group, and hears nothing else.
  if (local.address.is_multicast() && socket.type == Type::kDatagram) return {};
  return Errc::kAddrNotAvailable;
}

Result<udp::Path> SocketTable::Impl::datagram_path(const Socket& socket,
                                                   const IpAddress& remote) const {
  const udp::SocketOptions& options = *udp.options(socket.datagram);
  std::optional<std::size_t> by;
  if (remote.is_multicast()) by = options.group_interface;
  ZS_TRY_ASSIGN(const auto path, shard.route_for(remote, by));
  // POSIX: who reaches everybody has to say that it means to.
  if (path.to_many && !remote.is_multicast() && !options.broadcast) return Errc::kAccess;
  return udp::Path{.source = path.source, .mtu = path.mtu};
}

SocketTable::SocketTable(stack::Shard& shard, buf::Pools pools, Limits limits)
    : impl_(std::make_unique<Impl>(shard, pools, limits)) {}

SocketTable::~SocketTable() { close_all(); }

void SocketTable::close_all() {
  for (std::size_t fd = 0; fd < impl_->by_fd_size; ++fd) {
    if (impl_->by_fd[fd] != nullptr) (void)close(static_cast<int>(fd));
  }
}

Result<int> SocketTable::socket(Type type, IpFamily family) {
  ZS_TRY_ASSIGN(Socket* const socket, impl_->open(type, family));
  if (type == Type::kDatagram) {
    auto id = impl_->udp.open(family, static_cast<std::uint64_t>(socket->fd));
    if (!id) {
      impl_->release(*socket);
      return id.error();
    }
    socket->datagram = *id;
  }
  return socket->fd;
}

Result<void> SocketTable::bind(int fd, const Endpoint& local) {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  ZS_TRY(impl_->check_local(*socket, local));
  if (socket->type == Type::kDatagram) return impl_->udp.bind(socket->datagram, local);
  if (socket->bound || socket->connection != nullptr || socket->listener != nullptr) {
    return Errc::kInvalid;
  }
  if (local.port != 0) {
    if (impl_->is_refused(*socket, local)) return Errc::kAddrInUse;
    impl_->hold(*socket, local);
  }
  socket->bound = local;
  return {};
}

Result<void> SocketTable::listen(int fd, int backlog) {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->type != Type::kStream) return Errc::kNotSupported;
  if (socket->connection != nullptr) return Errc::kIsConnected;
  const auto depth = static_cast<std::uint32_t>(std::max(backlog, 1));
  if (socket->listener != nullptr) {  // POSIX: a second listen() changes the backlog
    socket->listener->set_backlog(std::min(depth, impl_->tcp.config().max_backlog));
    return {};
  }
  const Endpoint local =
      socket->bound.value_or(Endpoint{.address = IpAddress::any(socket->family), .port = 0});
  if (local.port != 0 && impl_->is_refused(*socket, local)) return Errc::kAddrInUse;
  ZS_TRY_ASSIGN(tcp::Listener* const listener,
                impl_->tcp.listen(local, depth, *socket->options, impl_->shard.now()));
  listener->set_v6_only(socket->v6_only);
  listener->set_owner(static_cast<std::uint32_t>(fd));
  socket->listener = listener;
  if (local.port == 0) impl_->hold(*socket, listener->local());
  socket->bound = listener->local();
  return {};
}

Result<int> SocketTable::accept(int fd, Endpoint* peer) {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->listener == nullptr) return Errc::kInvalid;
  if (!socket->listener->has_waiting()) return Errc::kAgain;
  // A descriptor first: without one the connection keeps its place in the queue.
  ZS_TRY_ASSIGN(Socket* const accepted, impl_->open(Type::kStream, socket->family));
  tcp::Connection& connection = *socket->listener->dequeue();
  connection.set_owner(static_cast<std::uint32_t>(accepted->fd));
  connection.set_seat(accepted);
  accepted->connection = &connection;
  accepted->options.reset();
  if (peer != nullptr) *peer = connection.flow().remote;
  return accepted->fd;
}

Result<void> SocketTable::connect(int fd, const Endpoint& remote) {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->family == IpFamily::kV4 && !remote.address.is_v4()) return Errc::kAfNotSupported;
  if (socket->type == Type::kDatagram) {
    ZS_TRY_ASSIGN(const auto path, impl_->datagram_path(*socket, remote.address));
    return impl_->udp.connect(socket->datagram, remote, path.source);
  }
  if (socket->listener != nullptr) return Errc::kInvalid;
  if (socket->v6_only && remote.address.is_v4()) return Errc::kNoRoute;  // as Linux says it
  if (socket->connection != nullptr) {
    if (socket->connection->waits_to_open()) return Errc::kInProgress;
    return socket->connection->state() == tcp::State::kSynSent ? Errc::kAlready
                                                               : Errc::kIsConnected;
  }
  ZS_TRY_ASSIGN(const auto path, impl_->shard.route_for(remote.address));
  if (path.to_many) return Errc::kNoRoute;  // nothing of TCP is for many (RFC 9293 §3.9.2.3)
  Endpoint local{.address = path.source, .port = 0};
  if (socket->bound) {
    local.port = socket->bound->port;
    if (!socket->bound->address.is_unspecified()) local.address = socket->bound->address;
  }
  // An IPv6 socket may be bound to an address of either family; a flow has one.
  if (local.address.family() != remote.address.family()) return Errc::kAfNotSupported;
  ZS_TRY_ASSIGN(tcp::Connection* const connection,
                impl_->tcp.connect(local, remote, path.mtu, *socket->options, impl_->shard.now()));
  connection->set_owner(static_cast<std::uint32_t>(fd));
  connection->set_seat(socket);
  socket->connection = connection;
  // Only who holds a port must go on saying where; the others would say what the flow says.
  if (socket->bound && socket->bound->port != 0) {
    socket->bound = connection->flow().local;
  } else {
    socket->bound.reset();
  }
  socket->options.reset();
  if (connection->waits_to_open()) return {};  // the first write() will begin
  return Errc::kInProgress;
}

Result<void> SocketTable::connect_with(int fd, const Endpoint& remote, buf::Chain& chain,
                                       WriteFlags flags) {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->type != Type::kStream) return Errc::kNotSupported;
  if (socket->connection != nullptr && socket->connection->waits_to_open()) {
    return write(fd, chain, flags);
  }
  if (!socket->options) return connect(fd, remote);  // it says which way it is connected already
  const bool before = std::exchange(socket->options->fast_open, true);
  const auto begun = connect(fd, remote);
  if (socket->options) socket->options->fast_open = before;
  if (!begun) return begun;
  return write(fd, chain, flags);
}

Result<void> SocketTable::close(int fd) {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->descriptors > 1) {
    impl_->drop_descriptor(*socket, fd);
    return {};
  }
  if (socket->type == Type::kDatagram) (void)impl_->udp.close(socket->datagram);
  impl_->leave_all_groups(*socket);
  if (socket->listener != nullptr) impl_->tcp.close(*socket->listener, impl_->shard.now());
  if (socket->connection != nullptr) impl_->tcp.release(*socket->connection, impl_->shard.now());
  impl_->release(*socket);
  return {};
}

Result<void> SocketTable::watch(int fd, std::uint32_t interest, std::uint64_t user_data) {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  socket->interest = interest | (socket->source ? kObserved : 0);
  socket->user_data = user_data;
  impl_->refresh(*socket);
  return {};
}

[[gnu::flatten]] std::size_t SocketTable::poll_ready(std::span<ReadyEvent> out) {
  impl_->collect_changes();
  if (out.empty()) return 0;
  std::size_t filled = 0;
  // Each that waits now is looked at once; what stays ready goes behind the others.
  impl_->ready.visit_in_turn([&](Socket& socket) {
    const std::uint32_t bits = impl_->wanted_readiness(socket);
    if (bits == 0) {
      impl_->ready.erase(socket);
      return true;
    }
    out[filled++] = {.fd = socket.fd, .ready = bits, .user_data = socket.user_data};
    return filled < out.size();
  });
  return filled;
}

bool SocketTable::has_ready() {
  if (impl_->queues != nullptr) return impl_->queues->has_ready();
  impl_->collect_changes();
  while (!impl_->ready.empty()) {
    if (impl_->wanted_readiness(impl_->ready.front()) != 0) return true;
    impl_->ready.pop_front();
  }
  return false;
}

std::size_t SocketTable::open_count() const { return impl_->descriptors.count(); }
buf::Pools SocketTable::pools() const { return impl_->pools; }

std::uint64_t SocketTable::copied_bytes() const {
  const tcp::Counters& tcp = impl_->tcp.counters();
  return tcp.copied_bytes_in + tcp.copied_bytes_out + impl_->copied_datagram_bytes;
}

}  // namespace zs::sock
