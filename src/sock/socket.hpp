#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "base/address.hpp"
#include "base/intrusive_list.hpp"
#include "sock/event_source.hpp"
#include "sock/lazy.hpp"
#include "sock/socket_table.hpp"
#include "tcp/connection.hpp"
#include "tcp/listener.hpp"
#include "tcp/seat.hpp"
#include "udp/table.hpp"

namespace zs::sock {

struct ReadyTag;

/// A multicast group that a socket listens to.
struct Membership {
  IpAddress group;
  std::size_t interface = 0;
  friend bool operator==(const Membership&, const Membership&) = default;
};

/// One descriptor's state. A stream socket is fresh, then a listener or a connection; both of these
/// belong to tcp::Engine and are borrowed here. The seat's connection may sleep.
struct Socket : ListHook<ReadyTag>, tcp::Seat {
  int fd = -1;  ///< one of its descriptors, by which TCP and UDP know it
  Type type = Type::kStream;
  IpFamily family = IpFamily::kV4;
  std::uint32_t interest = 0;
  std::uint64_t user_data = 0;
  Lazy<Endpoint> bound;  ///< a connection has it only if it holds the port
  tcp::Listener* listener = nullptr;
  udp::SocketId datagram;
  /// Of a stream without a connection, and there always: what it will start with.
  Lazy<tcp::ConnectionOptions> options;
  bool reuse_address = false;
  bool reuse_port = false;
  bool non_blocking = false;
  bool v6_only = false;  ///< of a stream; a datagram socket's is udp::Table's
  std::vector<Membership> memberships;
  std::uint32_t descriptors = 1;   ///< how many there are (dup())
  std::unique_ptr<Source> source;  ///< where queues of events watch it

  /// Which of the `wanted` bits of namespace ready are true now.
  std::uint32_t readiness(std::uint32_t wanted, const udp::Table& udp) const;
};

}  // namespace zs::sock
