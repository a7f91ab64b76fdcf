#include "runtime/config_check.hpp"

#include <algorithm>

#include "runtime/units.hpp"

namespace zs::runtime {
namespace {

using Report = std::function<void(std::string_view key, std::string what)>;

/// Why no host can be reached, or live, at `a`; empty if one can.
std::string why_not_a_host(const IpAddress& a) {
  if (a.is_unspecified()) return "is the unspecified address";
  if (a.is_multicast()) return "is a multicast address";
  if (a.is_limited_broadcast()) return "is the broadcast address";
  if (a.is_loopback()) return "is a loopback address";
  // RFC 1122 §3.2.1.3: network 0 is "this network"; RFC 1112 §4: class E is reserved.
  if (a.is_v4() && (a.v4_value() >> 24) == 0) return "belongs to 0.0.0.0/8, \"this network\"";
  if (a.is_v4() && (a.v4_value() >> 28) == 0xf) return "belongs to the reserved 240.0.0.0/4";
  return {};
}

/// Whether `a` is the network's or the broadcast address of `p`, in words.
std::string why_not_in_prefix(const IpAddress& a, const IpPrefix& p) {
  // RFC 3021: a /31 has two hosts and neither a network nor a broadcast address.
  if (!a.is_v4() || p.length >= 31) return {};
  if (a == p.network()) return "is the network address of " + p.to_string();
  if (a == p.broadcast()) return "is the broadcast address of " + p.to_string();
  return {};
}

const IpPrefix* on_link(const std::vector<IpPrefix>& ours, const IpAddress& a) {
  const auto it = std::find_if(ours.begin(), ours.end(), [&](const IpPrefix& p) {
    return p.address.family() == a.family() && p.contains(a);
  });
  return it == ours.end() ? nullptr : &*it;
}

std::string list(const std::vector<IpPrefix>& prefixes) {
  std::string text;
  for (const auto& p : prefixes) text += (text.empty() ? "" : ", ") + p.to_string();
  return text;
}

/// Why `gateway` cannot be one, given our addresses; empty if it can.
std::string why_not_gateway(const IpAddress& gateway, const std::vector<IpPrefix>& ours) {
  const std::string text = gateway.to_string();
  if (auto why = why_not_a_host(gateway); !why.empty()) return text + " " + why;
  const IpPrefix* link = on_link(ours, gateway);
  if (link == nullptr) {
    // A router's link-local address is on every link (RFC 4861 §2.3).
    if (gateway.is_v6() && gateway.is_link_local()) return {};
    return text + " is not on our link; expected an address in " + list(ours);
  }
  if (auto why = why_not_in_prefix(gateway, *link); !why.empty()) return text + " " + why;
  for (const auto& p : ours) {
    if (p.address == gateway) return text + " is our own address";
  }
  return {};
}

void check_addresses(const Config& c, const Report& report) {
  const auto& ours = c.interface.addresses;
  if (ours.empty()) {
    report("interface.addresses",
           "none given; expected at least one such as \"10.77.0.2/24\" for device " +
               c.device.to_string());
  }
  for (auto it = ours.begin(); it != ours.end(); ++it) {
    if (auto why = why_not_our_address(*it); !why.empty()) report("interface.addresses", why);
    const bool twice = std::any_of(
        ours.begin(), it, [&](const IpPrefix& earlier) { return earlier.address == it->address; });
    if (twice) report("interface.addresses", it->address.to_string() + " is given twice");
  }
  if (c.interface.gateway) {
    if (auto why = why_not_gateway(*c.interface.gateway, ours); !why.empty()) {
      report("interface.gateway", why);
    }
  }
  if (c.interface.mac && (c.interface.mac->is_multicast() || c.interface.mac->is_zero())) {
    report("interface.mac", c.interface.mac->to_string() +
                                " cannot be the address of one station; expected one such as "
                                "02:00:00:00:00:01");
  }
}

void check_kernel_address(const Config& c, const Report& report) {
  if (!c.interface.kernel_address) return;
  const IpPrefix& kernel = *c.interface.kernel_address;
  constexpr std::string_view kKey = "interface.kernel_address";
  if (c.device.kind != DeviceKind::kTap) {
    report(kKey, "only a tap has a kernel's end; the device is " + c.device.to_string());
  } else if (auto why = why_not_our_address(kernel); !why.empty()) {
    report(kKey, why);
  } else if (on_link(c.interface.addresses, kernel.address) == nullptr) {
    report(kKey, kernel.address.to_string() + " is not on our link; expected an address in " +
                     list(c.interface.addresses));
  } else if (std::any_of(c.interface.addresses.begin(), c.interface.addresses.end(),
                         [&](const IpPrefix& p) { return p.address == kernel.address; })) {
    report(kKey, kernel.address.to_string() +
                     " is our own address; the kernel's end needs another on the same network");
  }
}

void check_routes(const Config& c, const Report& report) {
  for (std::size_t i = 0; i < c.routes.size(); ++i) {
    const RouteConfig& route = c.routes[i];
    const std::string key = "route[" + std::to_string(i) + "]";
    const IpPrefix network{route.destination.network(), route.destination.length};
    if (!(network == route.destination)) {
      report(key,
             route.destination.to_string() + " has host bits set; expected " + network.to_string());
    }
    if (!route.gateway) continue;
    if (route.gateway->family() != route.destination.address.family()) {
      report(key, "the gateway " + route.gateway->to_string() + " is of another family than " +
                      route.destination.to_string());
    } else if (auto why = why_not_gateway(*route.gateway, c.interface.addresses); !why.empty()) {
      report(key, why);
    }
  }
}

void check_tcp(const tcp::Config& t, const Report& report) {
  if (t.min_rto > t.max_rto) {
    report("tcp.min_rto",
           format_duration(t.min_rto) + " is more than tcp.max_rto, " + format_duration(t.max_rto));
  }
  if (t.initial_rto > t.max_rto) {
    report("tcp.initial_rto", format_duration(t.initial_rto) + " is more than tcp.max_rto, " +
                                  format_duration(t.max_rto));
  }
  if (t.ephemeral_low > t.ephemeral_high) {
    report("tcp.ephemeral_low", std::to_string(t.ephemeral_low) +
                                    " is more than tcp.ephemeral_high, " +
                                    std::to_string(t.ephemeral_high));
  }
}

void check_runtime(const Config& c, const Machine& machine, const Report& report) {
  const auto& lcores = c.runtime.lcores;
  for (const unsigned cpu : lcores) {
    if (std::find(machine.cpus.begin(), machine.cpus.end(), cpu) == machine.cpus.end()) {
      std::string usable;
      for (const unsigned u : machine.cpus) {
        usable += (usable.empty() ? "" : ",") + std::to_string(u);
      }
      report("runtime.lcores", "CPU " + std::to_string(cpu) +
                                   " does not exist or is not ours to use; expected some of " +
                                   usable);
    }
  }
  constexpr std::size_t kMaxShards = 64;  // beyond it DPDK's 128 lcores and queues run short
  if (lcores.size() > kMaxShards) {
    report("runtime.lcores", std::to_string(lcores.size()) + " shards; expected at most " +
                                 std::to_string(kMaxShards));
  }
  // A shard needs 32 MiB to hold 8,192 buffers and its tables.
  constexpr std::uint32_t kLeastPerShard = 32;
  const auto shards = static_cast<std::uint32_t>(std::max<std::size_t>(1, lcores.size()));
  if (c.runtime.memory_mb != 0 && c.runtime.memory_mb < kLeastPerShard * shards) {
    report("runtime.memory_mb", "found " + std::to_string(c.runtime.memory_mb) +
                                    ", expected at least " + std::to_string(kLeastPerShard) +
                                    " for each of " + std::to_string(shards) + " shard(s)");
  }
}

}  // namespace

std::string why_not_our_address(const IpPrefix& prefix) {
  const std::string text = prefix.to_string();
  std::string why = why_not_a_host(prefix.address);
  if (why.empty() && prefix.length == 0) why = "makes the whole Internet our neighbour";
  if (why.empty()) why = why_not_in_prefix(prefix.address, prefix);
  if (why.empty()) return {};
  return text + " " + why + "; expected the address of a host such as 10.77.0.2/24";
}

void check_config(const Config& config, const Machine& machine, const Report& report) {
  check_addresses(config, report);
  check_kernel_address(config, report);
  check_routes(config, report);
  check_tcp(config.tcp, report);
  check_runtime(config, machine, report);
}

}  // namespace zs::runtime
