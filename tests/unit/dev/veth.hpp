#pragma once

#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <net/if.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <string>

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
  Result<void> send() {
    const auto length = static_cast<std::uint32_t>(used_);
    std::memcpy(bytes_.data(), &length, sizeof length);
    const UniqueFd fd{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
    if (!fd || ::send(fd.get(), bytes_.data(), used_, 0) < 0) return static_cast<Errc>(errno);
    struct {
      nlmsghdr header;
      nlmsgerr error;
      std::array<std::byte, 512> rest;
    } answer{};
    if (::recv(fd.get(), &answer, sizeof answer, 0) < 0) return static_cast<Errc>(errno);
    if (answer.error.error != 0) return static_cast<Errc>(-answer.error.error);
    return {};
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

inline Result<void> remove_interface(const std::string& name) {
  LinkRequest request{RTM_DELLINK, 0};
  request.add(IFLA_IFNAME, name);
  return request.send();
}

}  // namespace zs::dev
