// What only datagram sockets have: their options, and the multicast groups that they listen to.

#include <algorithm>

#include "sock/socket_table_impl.hpp"

namespace zs::sock {
namespace {

constexpr std::size_t kMostMemberships = 20;  // of a socket; Linux' igmp_max_memberships
constexpr int kMaxHops = 255;

}  // namespace

Result<void> SocketTable::Impl::set_datagram_option(Socket& socket, Option option, int value) {
  udp::SocketOptions& options = *udp.options(socket.datagram);
  switch (option) {
    case Option::kReceiveBuffer:
      return udp.set_receive_bound(socket.datagram, buffer_bytes(value));
    case Option::kReuseAddress:
      options.reuse_address = value != 0;
      return {};
    case Option::kReusePort:
      options.reuse_port = value != 0;
      return {};
    case Option::kV6Only:
      return udp.set_dual_stack(socket.datagram,
                                value != 0 ? udp::DualStack::kOff : udp::DualStack::kOn);
    case Option::kBroadcast:
      options.broadcast = value != 0;
      return {};
    case Option::kDontFragment:
      options.dont_fragment = value != 0;
      return {};
    case Option::kGroupLoop:
      options.group_loop = value != 0;
      return {};
    case Option::kGroupHops:
      // -1 is the default (RFC 3493 §5.2).
      if (value < -1 || value > kMaxHops) return Errc::kInvalid;
      options.group_hops = static_cast<std::uint8_t>(value < 0 ? 1 : value);
      return {};
    case Option::kGroupInterface:
      if (value < 0 || static_cast<std::size_t>(value) > shard.interface_count()) {
        return Errc::kNoDevice;
      }
      options.group_interface.reset();
      if (value > 0) options.group_interface = static_cast<std::uint16_t>(value - 1);
      return {};
    case Option::kSendBuffer:
    case Option::kNoDelay:
    case Option::kKeepAlive:
    case Option::kKeepAliveIdle:
    case Option::kKeepAliveInterval:
    case Option::kKeepAliveProbes:
    case Option::kUserTimeout:
    case Option::kCongestion:
    case Option::kMaxPacingRate:
    case Option::kLinger:
      break;
  }
  return Errc::kNotSupported;
}

Result<int> SocketTable::Impl::datagram_option(const Socket& socket, Option option) const {
  const udp::SocketOptions& options = *udp.options(socket.datagram);
  switch (option) {
    case Option::kReuseAddress:
      return options.reuse_address ? 1 : 0;
    case Option::kReusePort:
      return options.reuse_port ? 1 : 0;
    case Option::kV6Only:
      if (socket.family == IpFamily::kV4) return Errc::kNotSupported;
      return udp.dual_stack(socket.datagram) == udp::DualStack::kOff ? 1 : 0;
    case Option::kBroadcast:
      return options.broadcast ? 1 : 0;
    case Option::kDontFragment:
      return options.dont_fragment ? 1 : 0;
    case Option::kGroupLoop:
      return options.group_loop ? 1 : 0;
    case Option::kGroupHops:
      return options.group_hops;
    case Option::kGroupInterface:
      return options.group_interface ? *options.group_interface + 1 : 0;
    case Option::kReceiveBuffer:
    case Option::kSendBuffer:
    case Option::kNoDelay:
    case Option::kKeepAlive:
    case Option::kKeepAliveIdle:
    case Option::kKeepAliveInterval:
    case Option::kKeepAliveProbes:
    case Option::kUserTimeout:
    case Option::kCongestion:
    case Option::kMaxPacingRate:
    case Option::kLinger:
      break;
  }
  return Errc::kNotSupported;
}

Result<std::size_t> SocketTable::Impl::interface_for(const Socket& socket, const IpAddress& group,
                                                     std::optional<std::size_t> asked) const {
  if (!group.is_multicast()) return Errc::kInvalid;
  if (socket.family == IpFamily::kV4 && !group.is_v4()) return Errc::kAfNotSupported;
  if (asked) {
    if (*asked >= shard.interface_count()) return Errc::kNoDevice;
    return *asked;
  }
  // Where a datagram to the group would leave; without an address of its family, the first.
  const auto path = shard.route_for(group);
  return path ? path->interface : std::size_t { 0 };
}

Result<void> SocketTable::join_group(int fd, const IpAddress& group,
                                     std::optional<std::size_t> interface) {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->type != Type::kDatagram) return Errc::kNotSupported;
  ZS_TRY_ASSIGN(const std::size_t at, impl_->interface_for(*socket, group, interface));
  const Membership wanted{group, at};
  auto& all = socket->memberships;
  if (std::find(all.begin(), all.end(), wanted) != all.end()) return Errc::kAddrInUse;
  if (all.size() >= kMostMemberships) return Errc::kNoBuffers;
  ZS_TRY(impl_->shard.join_group(at, group));
  all.push_back(wanted);
  return {};
}

Result<void> SocketTable::leave_group(int fd, const IpAddress& group,
                                      std::optional<std::size_t> interface) {
  Socket* const socket = impl_->find(fd);
  if (socket == nullptr) return Errc::kBadFd;
  if (socket->type != Type::kDatagram) return Errc::kNotSupported;
  auto& all = socket->memberships;
  const auto is_meant = [&](const Membership& m) {
    return m.group == group && (!interface || m.interface == *interface);
  };
  const auto at = std::find_if(all.begin(), all.end(), is_meant);
  if (at == all.end()) return Errc::kAddrNotAvailable;
  (void)impl_->shard.leave_group(at->interface, group);
  all.erase(at);
  return {};
}

void SocketTable::Impl::leave_all_groups(Socket& socket) {
  for (const Membership& m : socket.memberships) (void)shard.leave_group(m.interface, m.group);
  socket.memberships.clear();
}

std::optional<std::size_t> SocketTable::interface_of(const IpAddress& address) const {
  return impl_->shard.interface_of(address);
}

}  // namespace zs::sock
