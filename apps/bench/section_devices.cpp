// `zstack serve` on devices whose other end is the kernel's, beside a server on its sockets.

#include <fmt/format.h>

#include <array>
#include <vector>

#include "bench/context.hpp"
#include "bench/device_world.hpp"
#include "bench/sections.hpp"
#include "bench/wrk.hpp"

namespace zs::bench {
namespace {

constexpr std::array kDeviceLinks = {KernelLink::kVeth, KernelLink::kTap, KernelLink::kPacket,
                                     KernelLink::kAfXdp};
constexpr std::uint16_t kHttpPort = 80;

/// One server, one size, once.
Result<double> measure_device(BenchContext& context, const DeviceWorld& world, std::uint32_t size) {
  const std::vector<std::string> size_option = {"--size", std::to_string(size)};
  const unsigned cpu = context.server_cpu();
  std::vector<std::string> kernel = {sibling_program("kernel_server"), "--port", "80", "--size",
                                     std::to_string(size)};
  auto server = world.link() == KernelLink::kVeth
                    ? world.serve_by_kernel(kernel, cpu, kHttpPort, context.why)
                    : world.serve(size_option, cpu, kHttpPort, context.why);
  if (!server) return server.error();
  WrkOptions wrk;
  wrk.address = DeviceWorld::kServerAddress;
  wrk.connections = context.options.connections;
  wrk.seconds = context.options.quick ? 1 : 3;
  wrk.cpu = context.client_cpu();
  return run_wrk(world.clients(), wrk, context.why);
}

/// In each round all of them, one after the other.
Result<void> compare_devices(BenchContext& context, const std::vector<DeviceWorld>& worlds,
                             std::uint32_t size, Steps& steps) {
  std::array<Figure, kDeviceLinks.size()> figures;
  const std::uint32_t rounds = context.options.quick ? 1 : context.rounds();
  for (std::uint32_t round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < worlds.size(); ++i) {
      ZS_TRY_ASSIGN(const double rate, measure_device(context, worlds[i], size));
      figures[i].add(rate);
      steps.done();
    }
  }
  const double kernel = figures[0].median();
  for (std::size_t i = 0; i < worlds.size(); ++i) {
    const std::string name(name_of(kDeviceLinks[i]));
    const double ratio = figures[i].median() / kernel;
    context.report.add_row({size_text(size), name, with_spread(figures[i]),
                            i == 0 ? std::string{} : fmt::format("{:.2f}x", ratio)});
    context.report.figure({{"figure", "devices"},
                           {"device", name},
                           {"bytes", size},
                           {"requests_per_second", json_of(figures[i])},
                           {"kernel_ratio", ratio}});
    if (i > 0) context.report.summary("wrk_" + name + "_ratio_" + size_text(size), ratio);
  }
  return {};
}

}  // namespace

Result<void> run_devices(BenchContext& context) {
  if (!context.has_two_cpus()) return {};
  Report& report = context.report;
  if (find_program("wrk").empty() || sibling_program("kernel_server").empty()) {
    report.skip("it takes wrk, and kernel_server built beside zstack");
    return {};
  }
  std::vector<DeviceWorld> worlds;
  for (const KernelLink link : kDeviceLinks) {
    auto world = DeviceWorld::create(link, context.why);
    if (!world) {
      report.skip(context.why);
      return {};
    }
    worlds.push_back(std::move(*world));
  }
  const std::vector<std::uint32_t> sizes =
      context.options.quick ? std::vector<std::uint32_t>{64, 8'192}
                            : std::vector<std::uint32_t>{64, 1'024, 4'096, 8'192};
  report.begin_table(
      fmt::format("requests a second by wrk, {} connections", context.options.connections),
      {{"bytes", 5}, {"server", -13}, {"requests/s", 32}, {"zstack/kernel", 14}});
  const std::uint32_t rounds = context.options.quick ? 1 : context.rounds();
  Steps steps(report, sizes.size() * worlds.size() * rounds);
  for (const std::uint32_t size : sizes) {
    ZS_TRY(compare_devices(context, worlds, size, steps));
  }
  return {};
}

}  // namespace zs::bench
