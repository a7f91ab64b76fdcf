#include "bench/shard_scaling.hpp"

#include <rte_launch.h>
#include <rte_lcore.h>

#include <atomic>
#include <memory>
#include <thread>
#include <vector>

#include "bench/cable_world.hpp"
#include "bench/meters.hpp"
#include "runtime/clock.hpp"
#include "runtime/eal.hpp"
#include "runtime/relay.hpp"
#include "runtime/shard_loop.hpp"

namespace zs::bench {
namespace {

using namespace std::chrono_literals;

constexpr Duration kShardsPatience = 15s;

/// Server and client of one shard on one lcore, turn by turn.
class ShardWorld {
 public:
  ShardWorld(std::unique_ptr<buf::Pool> requests, std::unique_ptr<CableWorld> world,
             std::size_t index, const runtime::Config& config, const EchoClientOptions& client,
             runtime::Relay& servers, runtime::Relay& clients)
      : requests_(std::move(requests)),
        world_(std::move(world)),
        server_(*world_->server().sockets, EchoApi::kZeroCopy),
        client_(*world_->client().sockets, world_->client().pools(), *requests_, client),
        server_loop_(parts(world_->server(), index, config, server_, servers)),
        client_loop_(parts(world_->client(), index, config, client_, clients)) {}

  const EchoClient& client() const { return client_; }
  Duration cpu_time() const { return meter_.use().cpu; }
  const std::string& why() const { return why_; }
  bool has_failed() const { return has_failed_; }
  /// The body of the lcore's thread; `argument` is the world.
  static int run(void* argument) {
    static_cast<ShardWorld*>(argument)->run();
    return 0;
  }

  std::atomic<bool>* stop = nullptr;

 private:
  static runtime::ShardParts parts(CableEnd& end, std::size_t index, const runtime::Config& config,
                                   runtime::Application& application, runtime::Relay& relay) {
    runtime::ShardParts parts;
    parts.index = index;
    parts.config = &config;
    parts.pools = end.pools();
    parts.queue = end.queue;
    parts.shard = end.shard.get();
    parts.sockets = end.sockets.get();
    parts.application = &application;
    parts.relay = &relay;
    return parts;
  }

  void run() {
    meter_.begin();
    has_failed_ = !server_.on_start(runtime::read_clock(), why_) ||
                  !client_.on_start(runtime::read_clock(), why_);
    while (!has_failed_ && !stop->load(std::memory_order_relaxed)) {
      const Instant now = runtime::read_clock();
      client_loop_.turn(now);
      server_loop_.turn(now);
    }
  }

  std::unique_ptr<buf::Pool> requests_;
  std::unique_ptr<CableWorld> world_;
  EchoServer server_;
  EchoClient client_;
  runtime::ShardLoop server_loop_;
  runtime::ShardLoop client_loop_;
  CoreMeter meter_;
  std::atomic<bool> has_failed_{false};
  std::string why_;
};

/// Everything that the lcores share: nothing but the relays.
class Scaling {
 public:
  explicit Scaling(const ShardScalingOptions& options)
      : options_(options),
        plan_({config_.tcp.ephemeral_low, config_.tcp.ephemeral_high}, options.shards),
        servers_(options.shards, plan_),
        clients_(options.shards, plan_) {}

  Result<void> build(std::string& why);
  Result<ShardScalingResult> run(std::string& why);

 private:
  bool are_all_open() const;
  bool is_broken() const;
  runtime::RelayStats messages_of(std::size_t shards) const;
  ShardScalingResult measure() const;

  const ShardScalingOptions& options_;
  // What lies in the relays is of the worlds' pools, which thus go last.
  std::vector<std::unique_ptr<ShardWorld>> worlds_;
  runtime::Config config_;
  runtime::PortPlan plan_;
  runtime::Relay servers_;
  runtime::Relay clients_;
  std::atomic<bool> stop_{false};
};

Result<void> Scaling::build(std::string& why) {
  for (std::size_t i = 0; i < options_.shards; ++i) {
    CableOptions cable;
    cable.name = "shard-" + std::to_string(i);
    cable.tcp.ephemeral_low = plan_.range_of(i).low;
    cable.tcp.ephemeral_high = plan_.range_of(i).high;
    ZS_TRY_ASSIGN(auto world, CableWorld::create(cable, why));
    EchoClientOptions client = options_.client;
    client.pool = cable.name + "-request";
    ZS_TRY_ASSIGN(auto requests, make_request_pool(client));
    worlds_.push_back(std::make_unique<ShardWorld>(std::move(requests), std::move(world), i,
                                                   config_, client, servers_, clients_));
    worlds_.back()->stop = &stop_;
  }
  return {};
}

bool Scaling::are_all_open() const {
  for (const auto& world : worlds_) {
    if (!world->client().are_all_open()) return false;
  }
  return true;
}

bool Scaling::is_broken() const {
  for (const auto& world : worlds_) {
    if (world->has_failed() || world->client().broken() > 0) return true;
  }
  return false;
}

/// Of both sides' relays.
runtime::RelayStats Scaling::messages_of(std::size_t shards) const {
  runtime::RelayStats sum;
  for (const runtime::Relay* relay : {&servers_, &clients_}) {
    for (std::size_t i = 0; i < shards; ++i) {
      sum.passed += relay->stats(i).passed;
      sum.copied += relay->stats(i).copied;
    }
  }
  return sum;
}

ShardScalingResult Scaling::measure() const {
  struct Count {
    std::uint64_t answered = 0;
    Duration cpu{};
  };
  const auto read = [this] {
    std::vector<Count> counts;
    for (const auto& world : worlds_) {
      counts.push_back({world->client().answered(), world->cpu_time()});
    }
    return counts;
  };
  std::this_thread::sleep_for(options_.warm_up);
  const runtime::RelayStats messages = messages_of(options_.shards);
  const std::vector<Count> before = read();
  const Instant began = runtime::read_clock();
  std::this_thread::sleep_for(options_.measured);
  const std::vector<Count> after = read();
  const Duration took = runtime::read_clock() - began;
  const runtime::RelayStats messages_now = messages_of(options_.shards);
  ShardScalingResult result;
  for (std::size_t i = 0; i < worlds_.size(); ++i) {
    const std::chrono::duration<double> cpu = after[i].cpu - before[i].cpu;
    result.requests_per_second +=
        static_cast<double>(after[i].answered - before[i].answered) / cpu.count();
    result.core_share += cpu / took / static_cast<double>(worlds_.size());
  }
  result.passed_packets = messages_now.passed - messages.passed;
  result.copied_packets = messages_now.copied - messages.copied;
  return result;
}

Result<ShardScalingResult> Scaling::run(std::string& why) {
  for (std::size_t i = 0; i < worlds_.size(); ++i) {
    rte_eal_remote_launch(ShardWorld::run, worlds_[i].get(), runtime::lcore_of_shard(i));
  }
  const Instant patience = runtime::read_clock() + kShardsPatience;
  while (!are_all_open() && !is_broken() && runtime::read_clock() < patience) {
    std::this_thread::sleep_for(5ms);
  }
  ShardScalingResult result;
  const bool is_good = are_all_open() && !is_broken();
  if (is_good) result = measure();
  const bool was_broken = is_broken();
  stop_ = true;
  rte_eal_mp_wait_lcore();
  if (is_good && !was_broken) return result;
  why = "connections of the benchmark broke, or never opened";
  for (const auto& world : worlds_) {
    if (world->has_failed()) why = world->why();
  }
  return Errc::kConnReset;
}

}  // namespace

Result<ShardScalingResult> run_shards(const ShardScalingOptions& options, std::string& why) {
  if (options.shards + 1 > rte_lcore_count()) {
    why = "there are fewer lcores than shards";
    return Errc::kInvalid;
  }
  Scaling scaling(options);
  ZS_TRY(scaling.build(why));
  return scaling.run(why);
}

}  // namespace zs::bench
