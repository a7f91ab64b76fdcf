#include "bench/two_cores.hpp"

#include <rte_launch.h>
#include <rte_lcore.h>

#include <atomic>
#include <thread>

#include "runtime/clock.hpp"
#include "runtime/eal.hpp"
#include "runtime/relay.hpp"
#include "runtime/shard_loop.hpp"

namespace zs::bench {
namespace {

/// One side: its application in the runtime's loop.
struct Side {
  Side(CableEnd& cable_end, const runtime::Config& config, runtime::Application& app)
      : application(app),
        relay(1, runtime::PortPlan({config.tcp.ephemeral_low, config.tcp.ephemeral_high}, 1)),
        loop({.index = 0,
              .config = &config,
              .pools = cable_end.pools(),
              .queue = cable_end.queue,
              .shard = cable_end.shard.get(),
              .sockets = cable_end.sockets.get(),
              .application = &app,
              .relay = &relay}) {}

  runtime::Application& application;
  runtime::Relay relay;
  runtime::ShardLoop loop;
  const std::atomic<bool>* stop = nullptr;
  std::atomic<bool> has_started{false};
  bool has_failed = false;
  std::string why;
};

int run_side(void* argument) {
  Side& side = *static_cast<Side*>(argument);
  side.has_failed = !side.application.on_start(runtime::read_clock(), side.why);
  side.has_started.store(true, std::memory_order_release);
  if (!side.has_failed) side.loop.run(*side.stop);
  return 0;
}

void wait_for_start(const Side& side) {
  while (!side.has_started.load(std::memory_order_acquire)) std::this_thread::yield();
}

}  // namespace

Result<TwoCoresResult> run_two_cores(const TwoCoresOptions& options, std::string& why) {
  ZS_TRY_ASSIGN(const auto world, CableWorld::create({.offloads = options.offloads}, why));
  EchoServer server(*world->server().sockets, options.api);
  EchoClient client(*world->client().sockets, world->client().pools(), options.client);
  runtime::Config config;
  config.runtime.idle = runtime::IdlePolicy::kSpin;
  config.runtime.drain = {};
  std::atomic<bool> stop{false};
  Side server_side(world->server(), config, server);
  Side client_side(world->client(), config, client);
  server_side.stop = client_side.stop = &stop;

  // The listener first: a refused SYN would end a connection before the measurement begins.
  rte_eal_remote_launch(run_side, &server_side, runtime::lcore_of_shard(0));
  wait_for_start(server_side);
  rte_eal_remote_launch(run_side, &client_side, runtime::lcore_of_shard(1));
  wait_for_start(client_side);
  const double rate = measure_rate(options, [&] { return client.answered(); });
  stop = true;
  rte_eal_mp_wait_lcore();

  if (server_side.has_failed || client_side.has_failed || client.broken() > 0) {
    why = server_side.has_failed   ? server_side.why
          : client_side.has_failed ? client_side.why
                                   : "connections of the benchmark broke";
    return Errc::kConnReset;
  }
  return TwoCoresResult{rate, world->server().copied_bytes()};
}

}  // namespace zs::bench
