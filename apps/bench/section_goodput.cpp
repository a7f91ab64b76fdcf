// Bulk transfers over a long path that loses frames, ours beside Linux'.

#include <fmt/format.h>

#include <array>
#include <memory>
#include <optional>
#include <string_view>
#include <thread>
#include <vector>

#include "bench/child.hpp"
#include "bench/context.hpp"
#include "bench/kernel_stream.hpp"
#include "bench/path_emulator.hpp"
#include "bench/sections.hpp"

namespace zs::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint16_t kStreamPort = 9000;
constexpr Duration kStackPatience = 15s;

/// Where losses are frequent one connection uses little of the path, and its luck decides: several
/// side by side tell more.
struct LossCase {
  double loss;
  std::uint32_t connections;
  const char* text;
  const char* key;
};
constexpr std::array kLossCases = {
    LossCase{0.001, 1, "0.1 %", "01"},
    LossCase{0.01, 4, "1 %", "1"},
    LossCase{0.03, 4, "3 %", "3"},
};

enum class Pairing : std::uint8_t { kOursSends, kOursReceives, kLinuxOnly };
constexpr std::array kPairings = {Pairing::kOursSends, Pairing::kOursReceives, Pairing::kLinuxOnly};

constexpr std::string_view name_of(Pairing pairing) {
  switch (pairing) {
    case Pairing::kOursSends:
      return "zstack to Linux";
    case Pairing::kOursReceives:
      return "Linux to zstack";
    case Pairing::kLinuxOnly:
      return "Linux to Linux";
  }
  return {};
}

/// A path of its own for each pairing, so that they run side by side and disturb each other as
/// little as they are disturbed differently.
struct GoodputWorld {
  Pairing pairing{};
  std::unique_ptr<PathEmulator> path = {};
  std::optional<Child> stack = {};
  std::unique_ptr<KernelStreamServer> kernel = {};
  std::array<Figure, kLossCases.size()> figures = {};

  StreamWay way() const {
    return pairing == Pairing::kOursReceives ? StreamWay::kToServer : StreamWay::kToClient;
  }
};

Result<void> start_stack(BenchContext& context, GoodputWorld& world) {
  std::vector<std::string> command = {
      own_program(), "serve",
      "--memory-mb", "96",
      "--lcores",    std::to_string(context.server_cpu()),
      "--log-level", "warning",
      "--port",      std::to_string(kStreamPort),
      "--device",    std::string("packet:") + PathEmulator::kInterface,
      "--mac",       PathEmulator::kServerMac,
      "--address",   std::string(PathEmulator::kServerAddress) + "/24"};
  if (world.pairing == Pairing::kOursSends) {
    command.insert(command.end(), {"--source", "1000000000000"});
  } else {
    command.emplace_back("--sink");
  }
  ZS_TRY_ASSIGN(world.stack, Child::start({command, world.path->server().fd()}, context.why));
  const Instant end = runtime::read_clock() + kStackPatience;
  while (!connect_from(world.path->client(), PathEmulator::kServerAddress, kStreamPort, 400ms)) {
    if (world.stack->is_running() && runtime::read_clock() < end) continue;
    context.why = "zstack does not answer over the path; it says: " + world.stack->complaints();
    return Errc::kTimedOut;
  }
  return {};
}

Result<void> start_world(BenchContext& context, GoodputWorld& world) {
  const auto number = static_cast<unsigned>(world.pairing);
  ZS_TRY_ASSIGN(world.path, PathEmulator::create({.name = fmt::format("path-{}", number),
                                                  .seed = 1'000 * (number + 1)},
                                                 context.why));
  if (world.pairing != Pairing::kLinuxOnly) return start_stack(context, world);
  ZS_TRY(world.path->server().run(std::string("ip addr add ") + PathEmulator::kServerAddress +
                                      "/24 dev " + PathEmulator::kInterface,
                                  context.why));
  ZS_TRY_ASSIGN(world.kernel, KernelStreamServer::create(world.path->server(), world.way(),
                                                         kStreamPort, context.why));
  return {};
}

/// All pairings at once, for one loss.
Result<void> measure_goodput(BenchContext& context, std::vector<GoodputWorld>& worlds,
                             std::size_t which) {
  const LossCase& lossy = kLossCases[which];
  const Duration duration = context.options.quick ? 3s : 10s;
  std::vector<double> rates(worlds.size());
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < worlds.size(); ++i) {
    worlds[i].path->set_loss(lossy.loss);
    threads.emplace_back([&world = worlds[i], &rate = rates[i], &lossy, duration] {
      rate = run_kernel_streams(world.path->client(), {.address = PathEmulator::kServerAddress,
                                                       .port = kStreamPort,
                                                       .way = world.way(),
                                                       .connections = lossy.connections,
                                                       .duration = duration});
    });
  }
  for (std::thread& one : threads) one.join();
  for (std::size_t i = 0; i < worlds.size(); ++i) {
    if (rates[i] <= 0) {
      context.why = std::string(name_of(worlds[i].pairing)) + ": a connection broke at " +
                    lossy.text + " of loss";
      return Errc::kConnReset;
    }
    worlds[i].figures[which].add(rates[i] * 8e-6);
  }
  return {};
}

void tell(BenchContext& context, const std::vector<GoodputWorld>& worlds) {
  Report& report = context.report;
  report.begin_table("goodput in Mbit/s over 100 Mbit/s and 40 ms, each on a path of its own",
                     {{"loss", -6},
                      {"flows", 5},
                      {"pairing", -16},
                      {"Mbit/s", 8},
                      {"least", 8},
                      {"most", 8},
                      {"over Linux", 10}});
  for (std::size_t which = 0; which < kLossCases.size(); ++which) {
    const LossCase& lossy = kLossCases[which];
    const double linux = worlds.back().figures[which].median();
    for (const GoodputWorld& world : worlds) {
      const Figure& figure = world.figures[which];
      const double ratio = figure.median() / linux;
      const bool ours = world.pairing != Pairing::kLinuxOnly;
      report.add_row({lossy.text, std::to_string(lossy.connections),
                      std::string(name_of(world.pairing)), fmt::format("{:.2f}", figure.median()),
                      fmt::format("{:.2f}", figure.least()), fmt::format("{:.2f}", figure.most()),
                      ours ? fmt::format("{:.2f}x", ratio) : std::string{}});
      report.figure({{"figure", "goodput"},
                     {"loss", lossy.loss},
                     {"connections", lossy.connections},
                     {"pairing", name_of(world.pairing)},
                     {"megabits_per_second", json_of(figure)}});
      if (!ours) continue;
      const char* role = world.pairing == Pairing::kOursSends ? "send" : "receive";
      report.summary(fmt::format("goodput_{}_over_linux_{}", role, lossy.key), ratio);
    }
  }
}

}  // namespace

Result<void> run_goodput(BenchContext& context) {
  if (!context.has_two_cpus()) return {};
  std::vector<GoodputWorld> worlds(kPairings.size());
  for (std::size_t i = 0; i < worlds.size(); ++i) {
    worlds[i].pairing = kPairings[i];
    if (const auto started = start_world(context, worlds[i]); !started) {
      if (started.error() != Errc::kPermission) return started.error();
      context.report.skip(context.why);
      return {};
    }
  }
  Steps steps(context.report, kLossCases.size() * context.rounds());
  for (std::uint32_t round = 0; round < context.rounds(); ++round) {
    for (std::size_t which = 0; which < kLossCases.size(); ++which) {
      ZS_TRY(measure_goodput(context, worlds, which));
      steps.done();
    }
  }
  tell(context, worlds);
  return {};
}

}  // namespace zs::bench
