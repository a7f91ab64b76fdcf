#include "bench/device_world.hpp"

#include <unistd.h>

#include "runtime/clock.hpp"

namespace zs::bench {
namespace {

using namespace std::chrono_literals;

constexpr Duration kServerStartPatience = 15s;

std::vector<std::string> device_options(KernelLink link) {
  const std::string address = std::string(DeviceWorld::kServerAddress) + "/24";
  switch (link) {
    case KernelLink::kTap:
      return {"--device", "tap:zsb1", "--address", address, "--kernel-address", "10.99.0.1/24"};
    case KernelLink::kPacket:
      return {"--device", "packet:zsb1", "--address", address};
    case KernelLink::kAfXdp:
      return {"--device", "dpdk:net_af_xdp0,iface=zsb1", "--address", address};
    case KernelLink::kVeth:
      break;
  }
  return {};
}

}  // namespace

std::string_view name_of(KernelLink link) {
  switch (link) {
    case KernelLink::kTap:
      return "tap";
    case KernelLink::kPacket:
      return "packet";
    case KernelLink::kAfXdp:
      return "af_xdp";
    case KernelLink::kVeth:
      return "kernel, veth";
  }
  return {};
}

Result<DeviceWorld> DeviceWorld::create(KernelLink link, std::string& why) {
  DeviceWorld world(link);
  ZS_TRY_ASSIGN(world.clients_, NetSpace::create(why));
  if (link != KernelLink::kTap) ZS_TRY(world.make_link(why));
  return world;
}

Result<void> DeviceWorld::make_link(std::string& why) {
  ZS_TRY(clients_.run("ip link add zsb0 type veth peer name zsb1", why));
  ZS_TRY(clients_.run("ip addr add 10.99.0.1/24 dev zsb0", why));
  if (link_ == KernelLink::kAfXdp) {
    // DPDK's driver knows no half checksums.
    ZS_TRY(clients_.run("ethtool -K zsb0 tx off", why));
    ZS_TRY(clients_.run("ethtool -K zsb1 tx off", why));
  }
  if (link_ == KernelLink::kVeth) {
    ZS_TRY_ASSIGN(servers_, NetSpace::create(why));
    const std::string there =
        "/proc/" + std::to_string(getpid()) + "/fd/" + std::to_string(servers_.fd());
    ZS_TRY(clients_.run("ip link set zsb1 netns " + there, why));
    ZS_TRY(servers_.run(std::string("ip addr add ") + kServerAddress + "/24 dev zsb1", why));
    ZS_TRY(servers_.run("ip link set zsb1 up", why));
  } else {
    ZS_TRY(clients_.run("ip link set zsb1 up", why));
  }
  return clients_.run("ip link set zsb0 up", why);
}

Result<Child> DeviceWorld::serve(const std::vector<std::string>& options, unsigned cpu,
                                 std::uint16_t port, std::string& why) const {
  ChildOptions child;
  // Little memory: with what is enough for 100 connections it starts sooner.
  child.command = {
      own_program(),       "serve",       "--memory-mb", "64",     "--lcores",
      std::to_string(cpu), "--log-level", "warning",     "--port", std::to_string(port)};
  for (const auto& words : {device_options(link_), options}) {
    child.command.insert(child.command.end(), words.begin(), words.end());
  }
  child.network_namespace = clients_.fd();
  ZS_TRY_ASSIGN(Child started, Child::start(child, why));
  return wait_until_it_answers(std::move(started), port, why);
}

Result<Child> DeviceWorld::serve_by_kernel(const std::vector<std::string>& command, unsigned cpu,
                                           std::uint16_t port, std::string& why) const {
  ZS_TRY_ASSIGN(Child started, Child::start({command, servers_.fd(), {cpu}}, why));
  return wait_until_it_answers(std::move(started), port, why);
}

Result<Child> DeviceWorld::wait_until_it_answers(Child child, std::uint16_t port,
                                                 std::string& why) const {
  const Instant end = runtime::read_clock() + kServerStartPatience;
  while (!connect_from(clients_, kServerAddress, port, 400ms)) {
    if (child.is_running() && runtime::read_clock() < end) continue;
    why = "the server over " + std::string(name_of(link_)) +
          " does not answer; it says: " + child.complaints();
    return Errc::kTimedOut;
  }
  return child;
}

}  // namespace zs::bench
