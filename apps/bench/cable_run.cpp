#include "bench/cable_run.hpp"

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include <thread>

#include "runtime/clock.hpp"
#include "runtime/eal.hpp"
#include "runtime/relay.hpp"
#include "runtime/shard_loop.hpp"

namespace zs::bench {
namespace {

runtime::Config config_of_cable_run() {
  runtime::Config config;
  config.runtime.idle = runtime::IdlePolicy::kSpin;
  config.runtime.drain = {};
  return config;
}

}  // namespace

/// One end: its application in the runtime's loop.
struct CableRun::Side {
  Side(CableEnd& end, runtime::Application& app, const std::atomic<bool>& stopped)
      : application(app),
        relay(1, runtime::PortPlan({config.tcp.ephemeral_low, config.tcp.ephemeral_high}, 1)),
        loop({.index = 0,
              .config = &config,
              .pools = end.pools(),
              .queue = end.queue,
              .shard = end.shard.get(),
              .sockets = end.sockets.get(),
              .application = &app,
              .relay = &relay}),
        stop(stopped) {}

  /// The loop of ShardLoop::run() that never sleeps, with its passes timed.
  int run() {
    meter.begin();
    has_failed = !application.on_start(runtime::read_clock(), why);
    has_started.store(true, std::memory_order_release);
    std::uint64_t began = rte_rdtsc();
    while (!has_failed && !stop.load(std::memory_order_relaxed)) {
      const bool was_busy = loop.turn(runtime::read_clock()) == runtime::ShardLoop::Turn::kBusy;
      const std::uint64_t ended = rte_rdtsc();
      meter.add_pass(ended - began, was_busy);
      began = ended;
    }
    return 0;
  }
  void launch(std::size_t shard) {
    const auto run_it = [](void* side) { return static_cast<Side*>(side)->run(); };
    rte_eal_remote_launch(run_it, this, runtime::lcore_of_shard(shard));
    while (!has_started.load(std::memory_order_acquire)) std::this_thread::yield();
  }

  runtime::Config config = config_of_cable_run();
  runtime::Application& application;
  runtime::Relay relay;
  runtime::ShardLoop loop;
  const std::atomic<bool>& stop;
  CoreMeter meter;
  std::atomic<bool> has_started{false};
  bool has_failed = false;
  std::string why;
};

CableRun::CableRun(CableWorld& world, runtime::Application& server, runtime::Application& client)
    : server_(std::make_unique<Side>(world.server(), server, stop_)),
      client_(std::make_unique<Side>(world.client(), client, stop_)) {}

CableRun::~CableRun() { stop(); }

Result<void> CableRun::start(std::string& why) {
  // The listener first: a refused SYN would end a connection before the measurement begins.
  server_->launch(0);
  client_->launch(1);
  for (const Side* side : {server_.get(), client_.get()}) {
    if (!side->has_failed) continue;
    stop();
    why = side->why;
    return Errc::kConnReset;
  }
  return {};
}

void CableRun::stop() {
  stop_ = true;
  rte_eal_mp_wait_lcore();
}

CoreUse CableRun::server_use() const { return server_->meter.use(); }
CoreUse CableRun::client_use() const { return client_->meter.use(); }

}  // namespace zs::bench
