#pragma once

#include <linux/if.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <vector>

#include "base/result.hpp"
#include "dev/unique_fd.hpp"

namespace zs::dev {

/// A netlink request that grows: attributes, and attributes inside attributes.
class LinkRequest {
 public:
  LinkRequest(std::uint16_t type, std::uint16_t flags) {
    nlmsghdr header{};
    header.nlmsg_type = type;
    header.nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | NLM_F_ACK | flags);
    append(&header, sizeof header);
    add_interface();
  }
  void add_interface() {
    const ifinfomsg none{};
    append(&none, sizeof none);
  }
  void add(std::uint16_t type, const std::string& text) {
    const std::size_t at = begin(type);
    append(text.c_str(), text.size() + 1);
    end(at);
  }
  std::size_t begin(std::uint16_t type) {
    const std::size_t at = used_;
    const rtattr attribute{0, type};
    append(&attribute, sizeof attribute);
    return at;
  }
  void end(std::size_t at) {
    const auto length = static_cast<std::uint16_t>(used_ - at);
    std::memcpy(&bytes_[at], &length, sizeof length);
    used_ = RTA_ALIGN(used_);
  }
  /// For requests that are only acknowledged.
  Result<void> send() {
    const auto answer = ask();
    if (answer.size() < NLMSG_HDRLEN + sizeof(nlmsgerr)) return Errc::kInvalid;
    nlmsgerr said;
    std::memcpy(&said, &answer[NLMSG_HDRLEN], sizeof said);
    if (said.error != 0) return static_cast<Errc>(-said.error);
    return {};
  }
  /// The first message of the answer; empty when there is none.
  std::vector<std::byte> ask() {
    const auto length = static_cast<std::uint32_t>(used_);
    std::memcpy(bytes_.data(), &length, sizeof length);
    const UniqueFd fd{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
    if (!fd || ::send(fd.get(), bytes_.data(), used_, 0) < 0) return {};
    std::vector<std::byte> answer(16'384);
    const ssize_t n = ::recv(fd.get(), answer.data(), answer.size(), 0);
    answer.resize(n < 0 ? 0 : static_cast<std::size_t>(n));
    return answer;
  }

 private:
  void append(const void* data, std::size_t n) {
    std::memcpy(&bytes_[used_], data, n);
    used_ += n;
  }
  std::array<std::byte, 512> bytes_{};
  std::size_t used_ = 0;
};

/// A cable between two interfaces of the kernel.
inline Result<void> make_veth(const std::string& one, const std::string& other) {
  LinkRequest request{RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL};
  request.add(IFLA_IFNAME, one);
  const std::size_t info = request.begin(IFLA_LINKINFO);
  request.add(IFLA_INFO_KIND, "veth");
  const std::size_t data = request.begin(IFLA_INFO_DATA);
  const std::size_t peer = request.begin(VETH_INFO_PEER);
  request.add_interface();
  request.add(IFLA_IFNAME, other);
  request.end(peer);
  request.end(data);
  request.end(info);
  return request.send();
}

/// Whether the kernel has started the interface's queues: the operational state, which Linux sets
/// together with them (linkwatch). IFF_RUNNING says yes already while it does not know yet.
inline bool is_operational(const std::string& name) {
  LinkRequest request{RTM_GETLINK, 0};
  request.add(IFLA_IFNAME, name);
  const auto answer = request.ask();
  std::size_t at = NLMSG_HDRLEN + NLMSG_ALIGN(sizeof(ifinfomsg));
  while (at + sizeof(rtattr) <= answer.size()) {
    rtattr attribute;
    std::memcpy(&attribute, &answer[at], sizeof attribute);
    if (attribute.rta_len < sizeof attribute) break;
    if (attribute.rta_type == IFLA_OPERSTATE) {
      return answer[at + sizeof attribute] == std::byte{IF_OPER_UP};
    }
    at += RTA_ALIGN(attribute.rta_len);
  }
  return false;
}

inline Result<void> remove_interface(const std::string& name) {
  LinkRequest request{RTM_DELLINK, 0};
  request.add(IFLA_IFNAME, name);
  return request.send();
}

}  // namespace zs::dev
