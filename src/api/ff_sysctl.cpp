// FreeBSD's sysctl names that have a meaning here.
#include <ff_api.h>

#include <algorithm>
#include <cstring>
#include <span>
#include <string_view>

#include "api/call.hpp"
#include "tcp/config.hpp"

namespace {

using zs::Errc;
using zs::Result;
using zs::api::Instance;

/// FreeBSD's sys/sysctl.h: net, PF_INET, and the protocol; and what turns a name into numbers.
constexpr int kNet = 4, kInet = 2, kName2Oid = 3;

template <typename D>
int milliseconds(D d) {
  return static_cast<int>(std::chrono::duration_cast<std::chrono::milliseconds>(d).count());
}

struct Variable {
  std::string_view name;
  int protocol, number;  ///< as netinet/tcp_var.h and in_systm have them; from 1000 on ours
  int (*get)(const zs::tcp::Config&);
};
using C = zs::tcp::Config;
constexpr Variable kVariables[] = {
    {"net.inet.tcp.rfc1323", 6, 1,
     [](const C& c) { return c.timestamps && c.window_scaling ? 1 : 0; }},
    {"net.inet.tcp.keepidle", 6, 6, [](const C& c) { return milliseconds(c.keepalive_idle); }},
    {"net.inet.tcp.keepintvl", 6, 7, [](const C& c) { return milliseconds(c.keepalive_interval); }},
    {"net.inet.tcp.sendspace", 6, 8,
     [](const C& c) { return static_cast<int>(c.send_buffer_bytes); }},
    {"net.inet.tcp.recvspace", 6, 9,
     [](const C& c) { return static_cast<int>(c.receive_buffer_bytes); }},
    {"net.inet.tcp.delacktime", 6, 12, [](const C& c) { return milliseconds(c.delayed_ack); }},
    {"net.inet.tcp.sack.enable", 6, 1000, [](const C& c) { return c.sack ? 1 : 0; }},
    {"net.inet.tcp.keepcnt", 6, 1001, [](const C& c) { return int{c.keepalive_probes}; }},
    {"net.inet.tcp.always_keepalive", 6, 1002, [](const C& c) { return c.keepalive ? 1 : 0; }},
    {"net.inet.tcp.msl", 6, 1003, [](const C& c) { return milliseconds(c.time_wait) / 2; }},
    {"net.inet.tcp.finwait2_timeout", 6, 1004,
     [](const C& c) { return milliseconds(c.fin_wait_2); }},
    {"net.inet.tcp.sendbuf_max", 6, 1005,
     [](const C& c) {
       return static_cast<int>(std::max(c.send_buffer_bytes, c.send_buffer_max_bytes));
     }},
    {"net.inet.tcp.recvbuf_max", 6, 1006,
     [](const C& c) {
       return static_cast<int>(std::max(c.receive_buffer_bytes, c.receive_buffer_max_bytes));
     }},
    {"net.inet.tcp.delayed_ack", 6, 1007,
     [](const C& c) { return c.delayed_ack.count() > 0 ? 1 : 0; }},
    {"net.inet.tcp.initcwnd_segments", 6, 1008,
     [](const C& c) { return static_cast<int>(c.initial_window_segments); }},
    {"net.inet.ip.forwarding", 0, 1, [](const C&) { return 0; }},
    {"net.inet.ip.redirect", 0, 2, [](const C&) { return 0; }},
    {"net.inet.ip.ttl", 0, 3, [](const C&) { return 64; }},
    {"net.inet.ip.portrange.first", 0, 1000, [](const C& c) { return int{c.ephemeral_low}; }},
    {"net.inet.ip.portrange.last", 0, 1001, [](const C& c) { return int{c.ephemeral_high}; }},
    {"kern.ipc.somaxconn", 0, 1002, [](const C& c) { return static_cast<int>(c.max_backlog); }},
};

Result<void> put(std::span<const std::byte> from, void* oldp, size_t* oldlenp) {
  if (oldlenp == nullptr) return oldp == nullptr ? Result<void>{} : Errc::kInvalid;
  const std::size_t room = *oldlenp;
  *oldlenp = from.size();
  if (oldp == nullptr) return {};
  if (room < from.size()) return Errc::kNoMemory;
  std::memcpy(oldp, from.data(), from.size());
  return {};
}

Result<void> number_of(const void* newp, size_t newlen, void* oldp, size_t* oldlenp) {
  if (newp == nullptr || newlen > 1'024) return Errc::kInvalid;
  std::string_view name(static_cast<const char*>(newp), newlen);
  name = name.substr(0, name.find('\0'));
  for (const Variable& v : kVariables) {
    if (v.name != name) continue;
    const int oid[] = {kNet, kInet, v.protocol, v.number};
    return put(std::as_bytes(std::span(oid)), oldp, oldlenp);
  }
  return Errc::kNotFound;
}

}  // namespace

int ff_sysctl(const int* name, u_int namelen, void* oldp, size_t* oldlenp, const void* newp,
              size_t newlen) {
  return zs::api::call<int>([=](Instance& here) -> Result<void> {
    if (name == nullptr || namelen < 2 || namelen > 24) return Errc::kInvalid;
    if (namelen == 2 && name[0] == 0 && name[1] == kName2Oid) {
      return number_of(newp, newlen, oldp, oldlenp);
    }
    if (namelen != 4 || name[0] != kNet || name[1] != kInet) return Errc::kNotFound;
    const auto* const v =
        std::find_if(std::begin(kVariables), std::end(kVariables),
                     [&](auto& one) { return one.protocol == name[2] && one.number == name[3]; });
    if (v == std::end(kVariables)) return Errc::kNotFound;
    if (newp != nullptr) return Errc::kPermission;
    const int value = v->get(here.sockets.tcp_config());
    return put(std::as_bytes(std::span(&value, 1)), oldp, oldlenp);
  });
}
