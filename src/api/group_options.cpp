// Multicast groups: the structures that name them, and the interfaces, in POSIX' and Linux' ways.
#include "api/group_options.hpp"

#include <netinet/in.h>

#include <cstring>
#include <optional>

#include "api/sockaddr.hpp"

namespace zs::api {
namespace {

using sock::Option;

/// A group and where to listen to it. Interfaces are numbered from 1 at this boundary; 0, or the
/// unspecified address, lets the stack choose.
struct GroupRequest {
  IpAddress group;
  std::optional<std::size_t> interface;
};

/// Sets `out` if the option's value holds a T at least.
template <typename T>
bool take_value(T& out, const void* value, socklen_t length) {
  if (value == nullptr || length < sizeof(T)) return false;
  std::memcpy(&out, value, sizeof(T));
  return true;
}

IpAddress v4_of(const in_addr& a) { return IpAddress::v4(byte_swap(std::uint32_t{a.s_addr})); }

std::optional<std::size_t> by_index(std::uint32_t index) {
  if (index == 0) return std::nullopt;
  return index - 1;
}

Result<std::optional<std::size_t>> by_address(const Instance& here, const in_addr& address) {
  const IpAddress own = v4_of(address);
  if (own.is_unspecified()) return std::optional<std::size_t>{};
  const auto interface = here.sockets.interface_of(own);
  if (!interface) return Errc::kNoDevice;
  return interface;
}

Result<GroupRequest> request_v4(const Instance& here, const void* value, socklen_t length) {
  ip_mreqn named{};
  if (take_value(named, value, length)) {
    if (named.imr_ifindex < 0) return Errc::kNoDevice;
    if (named.imr_ifindex > 0) {
      return GroupRequest{v4_of(named.imr_multiaddr),
                          by_index(static_cast<std::uint32_t>(named.imr_ifindex))};
    }
    ZS_TRY_ASSIGN(const auto interface, by_address(here, named.imr_address));
    return GroupRequest{v4_of(named.imr_multiaddr), interface};
  }
  ip_mreq plain{};
  if (!take_value(plain, value, length)) return Errc::kInvalid;
  ZS_TRY_ASSIGN(const auto interface, by_address(here, plain.imr_interface));
  return GroupRequest{v4_of(plain.imr_multiaddr), interface};
}

Result<GroupRequest> request_v6(const void* value, socklen_t length) {
  ipv6_mreq request{};
  if (!take_value(request, value, length)) return Errc::kInvalid;
  IpAddress::Bytes bytes;
  std::memcpy(bytes.data(), &request.ipv6mr_multiaddr, bytes.size());
  return GroupRequest{IpAddress::v6(bytes), by_index(request.ipv6mr_interface)};
}

/// RFC 3678 §5.1: for both families.
Result<GroupRequest> request_any(const void* value, socklen_t length) {
  group_req request{};
  if (!take_value(request, value, length)) return Errc::kInvalid;
  sockaddr address{};
  std::memcpy(&address, &request.gr_group, sizeof(address));
  sockaddr_storage whole = request.gr_group;
  const void* const place = &whole;
  ZS_TRY_ASSIGN(const Endpoint group,
                from_sockaddr(static_cast<const sockaddr*>(place), sizeof(whole)));
  return GroupRequest{group.address, by_index(request.gr_interface)};
}

}  // namespace

bool is_group_option(int level, int name) {
  if (level == IPPROTO_IP && (name == IP_ADD_MEMBERSHIP || name == IP_DROP_MEMBERSHIP)) return true;
  if (level == IPPROTO_IPV6 && (name == IPV6_JOIN_GROUP || name == IPV6_LEAVE_GROUP)) return true;
  return (level == IPPROTO_IP || level == IPPROTO_IPV6) &&
         (name == MCAST_JOIN_GROUP || name == MCAST_LEAVE_GROUP);
}

Result<void> set_group_option(Instance& here, int fd, int level, int name, const void* value,
                              socklen_t length) {
  const bool any = name == MCAST_JOIN_GROUP || name == MCAST_LEAVE_GROUP;
  const auto request = any                   ? request_any(value, length)
                       : level == IPPROTO_IP ? request_v4(here, value, length)
                                             : request_v6(value, length);
  if (!request) return request.error();
  const bool joins = name == MCAST_JOIN_GROUP ||
                     (level == IPPROTO_IP ? name == IP_ADD_MEMBERSHIP : name == IPV6_JOIN_GROUP);
  return joins ? here.sockets.join_group(fd, request->group, request->interface)
               : here.sockets.leave_group(fd, request->group, request->interface);
}

Result<void> set_group_interface_v4(Instance& here, int fd, const void* value, socklen_t length) {
  std::optional<std::size_t> interface;
  ip_mreqn named{};
  in_addr address{};
  if (take_value(named, value, length) && named.imr_ifindex != 0) {
    interface = by_index(static_cast<std::uint32_t>(named.imr_ifindex));
  } else if (length >= sizeof(ip_mreqn)) {
    ZS_TRY_ASSIGN(interface, by_address(here, named.imr_address));
  } else if (take_value(address, value, length)) {
    ZS_TRY_ASSIGN(interface, by_address(here, address));
  } else {
    return Errc::kInvalid;
  }
  return here.sockets.set_option(fd, Option::kGroupInterface,
                                 interface ? static_cast<int>(*interface) + 1 : 0);
}

}  // namespace zs::api
