#include "bench/idle_cost.hpp"

#include <thread>

#include "runtime/clock.hpp"

namespace zs::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kPort = 7;
constexpr std::size_t kBytes = 64;
constexpr Duration kGap = 2ms;
constexpr std::uint32_t kWarmUp = 50;
/// Handshake, ARP and what else begins with a server are over then.
constexpr Duration kSettled = 200ms;

double cpu_percent_of(const Child& child, Duration watched) {
  const Instant began = runtime::read_clock();
  const Duration before = child.cpu_time();
  std::this_thread::sleep_for(watched);
  const Duration used = child.cpu_time() - before;
  const Duration took = runtime::read_clock() - began;
  return 100 * std::chrono::duration<double>(used) / std::chrono::duration<double>(took);
}

Result<dev::UniqueFd> connect_to_echo(const DeviceWorld& world, std::string& why) {
  dev::UniqueFd socket = connect_from(world.clients(), DeviceWorld::kServerAddress, kPort, 2s);
  if (socket) return socket;
  why = "the echo server does not answer any more";
  return Errc::kTimedOut;
}

}  // namespace

Result<IdleCost> measure_idle_cost(const IdleOptions& options, std::string& why) {
  ZS_TRY_ASSIGN(const DeviceWorld world, DeviceWorld::create(options.link, why));
  IdleCost cost;
  const auto series = [&](const dev::UniqueFd& socket, Duration gap) {
    why = "the echo server broke its connection";
    auto round_trips =
        measure_round_trips(socket.get(), kBytes, options.round_trips, gap, options.client_cpu);
    if (round_trips) why.clear();
    return round_trips;
  };
  {
    ZS_TRY_ASSIGN(const Child server, world.serve({"--echo"}, options.server_cpu, kPort, why));
    ZS_TRY_ASSIGN(const dev::UniqueFd socket, connect_to_echo(world, why));
    ZS_TRY(measure_round_trips(socket.get(), kBytes, kWarmUp, {}, options.client_cpu));
    std::this_thread::sleep_for(kSettled);
    cost.cpu_percent = cpu_percent_of(server, options.watched);
    ZS_TRY_ASSIGN(cost.back_to_back, series(socket, {}));
    ZS_TRY_ASSIGN(cost.after_sleep, series(socket, kGap));
  }
  ZS_TRY_ASSIGN(const Child server,
                world.serve({"--echo", "--idle", "spin"}, options.server_cpu, kPort, why));
  ZS_TRY_ASSIGN(const dev::UniqueFd socket, connect_to_echo(world, why));
  ZS_TRY(measure_round_trips(socket.get(), kBytes, kWarmUp, {}, options.client_cpu));
  ZS_TRY_ASSIGN(cost.without_sleep, series(socket, kGap));
  return cost;
}

}  // namespace zs::bench
