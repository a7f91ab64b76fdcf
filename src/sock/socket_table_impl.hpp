#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <unordered_map>
#include <vector>

#include "base/intrusive_list.hpp"
#include "sock/descriptor_set.hpp"
#include "sock/socket.hpp"
#include "sock/socket_table.hpp"
#include "stack/shard.hpp"
#include "tcp/engine.hpp"
#include "udp/table.hpp"

namespace zs::sock {

class EventQueues;

/// What SO_SNDBUF and SO_RCVBUF make of a wish, in bytes: below the floor not even one segment and
/// its ACK fit, and the ceiling is the largest window there is (RFC 7323 §2.2).
inline std::uint32_t buffer_bytes(int wish) {
  return static_cast<std::uint32_t>(std::clamp(wish, 4'096, 1 << 30));
}

struct SocketTable::Impl {
  Impl(stack::Shard& s, buf::Pools p, Limits limits)
      : shard(s),
        tcp(s.tcp()),
        udp(s.udp()),
        pools(p),
        descriptors(limits.descriptors, limits.first) {}

  /// The open socket behind `fd`, its connection awake, or nullptr.
  Socket* find(int fd) const {
    Socket* const socket = find_as_it_is(fd);
    if (socket != nullptr && socket->dormant != nullptr) [[unlikely]] {
      tcp.wake(*socket->dormant, shard.now());
    }
    return socket;
  }
  /// The same, asleep or not: for those who take what is not there the long way.
  Socket* find_as_it_is(int fd) const {
    const auto at = static_cast<std::size_t>(fd);  // a negative one is beyond all
    return at < by_fd_size ? by_fd[at] : nullptr;
  }
  /// The socket that a connection, a listener or a datagram socket's cookie belongs to, or nullptr:
  /// kNoOwner is beyond all.
  Socket* owner_of(std::uint64_t owner) const {
    return owner < by_fd_size ? by_fd[owner] : nullptr;
  }
  /// kTooManyFiles at the limit.
  Result<Socket*> open(Type type, IpFamily family);
  void release(Socket& socket);
  /// Puts the socket behind the descriptor `fd`, which is taken, as well.
  void add_descriptor(Socket& socket, int fd);
  /// Takes one of several descriptors away.
  void drop_descriptor(Socket& socket, int fd);
  void grow_by_fd();
  /// Moves what TCP and UDP report as changed to the ready list.
  void collect_changes();
  std::uint32_t wanted_readiness(const Socket& socket) const {
    constexpr std::uint32_t kAlways = ready::kHangup | ready::kError;
    return socket.interest == 0 ? 0 : socket.readiness(socket.interest | kAlways, udp);
  }
  /// Something happened to it: poll_ready() finds out whether that is of interest.
  void refresh(Socket& socket) {
    if (socket.interest != 0) ready.push_back_once(socket);
  }
  // membership.cpp
  Result<void> set_datagram_option(Socket& socket, Option option, int value);
  Result<int> datagram_option(const Socket& socket, Option option) const;
  Result<std::size_t> interface_for(const Socket& socket, const IpAddress& group,
                                    std::optional<std::size_t> asked) const;
  void leave_all_groups(Socket& socket);

  /// A stream's options have changed: who acts on them shall know.
  void on_options_changed(Socket& socket) {
    if (socket.connection != nullptr) socket.connection->on_options_changed(shard.now());
    if (socket.listener != nullptr) socket.listener->set_options(*socket.options);
  }

  /// Whether somebody else on the port is in the way of a stream that binds, or listens, there.
  bool is_refused(const Socket& socket, const Endpoint& local) const;
  void hold(Socket& socket, const Endpoint& local);
  void let_go(const Socket& socket);

  Result<void> check_local(const Socket& socket, const Endpoint& local) const;
  Result<udp::Path> datagram_path(const Socket& socket, const IpAddress& remote) const;

  stack::Shard& shard;
  tcp::Engine& tcp;
  udp::Table& udp;
  buf::Pools pools;
  DescriptorSet descriptors;
  std::vector<std::unique_ptr<Socket>> slots;  ///< by descriptor; kept for reuse when closed
  /// The open ones, by descriptor, nullptr between them. An array and not a vector, whose size()
  /// every call would have to work out.
  std::unique_ptr<Socket*[]> by_fd;
  std::size_t by_fd_size = 0;
  IntrusiveList<Socket, ReadyTag> ready;
  std::unordered_multimap<std::uint16_t, Socket*> bound_streams;  ///< by port; not the accepted
  std::uint64_t copied_datagram_bytes = 0;
  EventQueues* queues = nullptr;
};

}  // namespace zs::sock
