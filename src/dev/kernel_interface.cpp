#include "dev/kernel_interface.hpp"

#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstring>

#include "base/assert.hpp"

namespace zs::dev {
namespace {

ifreq request_for(const std::string& name) noexcept {
  ifreq r{};
  std::memcpy(r.ifr_name, name.data(), std::min(name.size(), sizeof r.ifr_name - 1));
  return r;
}

template <typename Request>
Result<void> control(int fd, unsigned long operation, Request& request) noexcept {
  if (::ioctl(fd, operation, &request) != 0) return static_cast<Errc>(errno);
  return {};
}

struct AddressRequest {
  nlmsghdr header;
  ifaddrmsg body;
  std::array<std::byte, 2 * RTA_SPACE(16)> attributes;
};

}  // namespace

Errc refuse(std::string* why, Errc code, std::string sentence) {
  if (why != nullptr) *why = std::move(sentence);
  return code;
}

Errc refuse_errno(std::string* why, int error, const std::string& what) {
  return refuse(why, static_cast<Errc>(error), what + ": " + std::strerror(error));
}

bool is_interface_name(std::string_view name) noexcept {
  if (name.empty() || name.size() >= IFNAMSIZ || name == "." || name == "..") return false;
  return std::all_of(name.begin(), name.end(), [](char c) {
    return c > ' ' && c < 0x7f && c != '/' && c != ':' && c != '%';
  });
}

MacAddress derive_mac(const MacAddress& other) noexcept {
  MacAddress mac = other;
  mac.bytes[0] = (mac.bytes[0] | std::byte{0x02}) & std::byte{0xfe};
  mac.bytes[5] ^= std::byte{0xa5};
  return mac;
}

Result<NamespaceScope> NamespaceScope::enter(const std::string& where, std::string* why) {
  if (where.empty()) return NamespaceScope{UniqueFd{}};
  const std::string path = where.find('/') == std::string::npos ? "/run/netns/" + where : where;
  const UniqueFd target{::open(path.c_str(), O_RDONLY | O_CLOEXEC)};
  if (!target) return refuse_errno(why, errno, "cannot open network namespace " + path);
  UniqueFd home{::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC)};
  if (!home) return refuse_errno(why, errno, "cannot open /proc/thread-self/ns/net");
  if (::setns(target.get(), CLONE_NEWNET) != 0) {
    return refuse_errno(why, errno, "cannot enter network namespace " + path);
  }
  return NamespaceScope{std::move(home)};
}

NamespaceScope::~NamespaceScope() {
  if (home_) ZS_CHECK(::setns(home_.get(), CLONE_NEWNET) == 0);
}

Result<KernelInterface> KernelInterface::open(std::string name) noexcept {
  UniqueFd fd{::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)};
  if (!fd) return static_cast<Errc>(errno);
  return KernelInterface{std::move(fd), std::move(name)};
}

Result<int> KernelInterface::index() const noexcept {
  ifreq r = request_for(name_);
  ZS_TRY(control(control_.get(), SIOCGIFINDEX, r));
  return r.ifr_ifindex;
}

Result<std::uint16_t> KernelInterface::mtu() const noexcept {
  ifreq r = request_for(name_);
  ZS_TRY(control(control_.get(), SIOCGIFMTU, r));
  return static_cast<std::uint16_t>(std::clamp(r.ifr_mtu, 0, 0xffff));  // loopback has 65,536
}

Result<MacAddress> KernelInterface::mac() const noexcept {
  ifreq r = request_for(name_);
  ZS_TRY(control(control_.get(), SIOCGIFHWADDR, r));
  MacAddress mac;
  std::memcpy(mac.bytes.data(), r.ifr_hwaddr.sa_data, mac.bytes.size());
  return mac;
}

Result<bool> KernelInterface::is_ethernet() const noexcept {
  ifreq r = request_for(name_);
  ZS_TRY(control(control_.get(), SIOCGIFHWADDR, r));
  return r.ifr_hwaddr.sa_family == ARPHRD_ETHER;
}

LinkState KernelInterface::link_state() const noexcept {
  ifreq r = request_for(name_);
  if (!control(control_.get(), SIOCGIFFLAGS, r)) return LinkState::kGone;
  constexpr int kBoth = IFF_UP | IFF_RUNNING;
  return (r.ifr_flags & kBoth) == kBoth ? LinkState::kUp : LinkState::kDown;
}

Result<void> KernelInterface::set_mtu(std::uint16_t mtu) noexcept {
  ifreq r = request_for(name_);
  r.ifr_mtu = mtu;
  return control(control_.get(), SIOCSIFMTU, r);
}

Result<void> KernelInterface::set_mac(const MacAddress& mac) noexcept {
  ifreq r = request_for(name_);
  r.ifr_hwaddr.sa_family = ARPHRD_ETHER;
  std::memcpy(r.ifr_hwaddr.sa_data, mac.bytes.data(), mac.bytes.size());
  return control(control_.get(), SIOCSIFHWADDR, r);
}

Result<void> KernelInterface::set_queue_length(int packets) noexcept {
  ifreq r = request_for(name_);
  r.ifr_qlen = packets;
  return control(control_.get(), SIOCSIFTXQLEN, r);
}

Result<void> KernelInterface::add_address(const IpPrefix& prefix) noexcept {
  ZS_TRY_ASSIGN(const int interface_index, index());
  const UniqueFd netlink{::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE)};
  if (!netlink) return static_cast<Errc>(errno);
  const auto address = prefix.address.wire_bytes();
  AddressRequest request{};
  request.header.nlmsg_type = RTM_NEWADDR;
  request.header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE;
  request.body.ifa_family = prefix.address.is_v4() ? AF_INET : AF_INET6;
  request.body.ifa_prefixlen = prefix.length;
  // Nobody else can have the address on a cable with two ends, and waiting for duplicate address
  // detection would keep the interface useless for a second.
  request.body.ifa_flags = prefix.address.is_v4() ? 0 : IFA_F_NODAD;
  request.body.ifa_index = static_cast<std::uint32_t>(interface_index);
  std::size_t used = offsetof(AddressRequest, attributes);
  for (const std::uint16_t type : {IFA_LOCAL, IFA_ADDRESS}) {
    const rtattr attribute{static_cast<std::uint16_t>(RTA_LENGTH(address.size())), type};
    std::byte* const at = reinterpret_cast<std::byte*>(&request) + used;
    std::memcpy(at, &attribute, sizeof attribute);
    std::memcpy(at + RTA_LENGTH(0), address.data(), address.size());
    used += RTA_SPACE(address.size());
  }
  request.header.nlmsg_len = static_cast<std::uint32_t>(used);
  if (::send(netlink.get(), &request, used, 0) < 0) return static_cast<Errc>(errno);
  struct {
    nlmsghdr header;
    nlmsgerr error;
    std::array<std::byte, 256> rest;  // the kernel quotes the request
  } answer{};
  if (::recv(netlink.get(), &answer, sizeof answer, 0) < 0) return static_cast<Errc>(errno);
  if (answer.header.nlmsg_type != NLMSG_ERROR) return Errc::kProtocol;
  if (answer.error.error != 0) return static_cast<Errc>(-answer.error.error);
  return {};
}

Result<void> KernelInterface::set_up() noexcept {
  ifreq r = request_for(name_);
  ZS_TRY(control(control_.get(), SIOCGIFFLAGS, r));
  r.ifr_flags = static_cast<short>(r.ifr_flags | IFF_UP);
  return control(control_.get(), SIOCSIFFLAGS, r);
}

}  // namespace zs::dev
