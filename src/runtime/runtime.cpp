#include "runtime/runtime.hpp"

#include <rte_launch.h>
#include <rte_lcore.h>
#include <sched.h>
#include <spdlog/spdlog.h>
#include <sys/random.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdio>
#include <cstring>
#include <memory>
#include <thread>
#include <vector>

#include "base/siphash.hpp"
#include "dev/capabilities.hpp"
#include "dev/fault.hpp"
#include "dev/offload_queue.hpp"
#include "dev/vlan_queue.hpp"
#include "runtime/clock.hpp"
#include "runtime/device_factory.hpp"
#include "runtime/dispatch.hpp"
#include "runtime/eal.hpp"
#include "runtime/memory_plan.hpp"
#include "runtime/port_plan.hpp"
#include "runtime/relay.hpp"
#include "runtime/shard_loop.hpp"
#include "runtime/signals.hpp"
#include "runtime/units.hpp"

namespace zs::runtime {
namespace {

/// One shard with all that belongs to it, in the order of construction; the loop goes first.
struct Slot {
  buf::Pools pools() const { return {data.get(), indirect.get()}; }

  std::size_t index = 0;
  std::unique_ptr<buf::Pool> data;
  std::unique_ptr<buf::Pool> indirect;
  std::unique_ptr<dev::FaultQueue> fault;
  std::unique_ptr<dev::OffloadQueue> offload;
  std::unique_ptr<dev::VlanQueue> vlan;
  dev::PacketQueue* queue = nullptr;
  std::unique_ptr<stack::Shard> shard;
  std::unique_ptr<sock::SocketTable> sockets;
  std::unique_ptr<ShardContext> context;
  std::unique_ptr<Application> application;
  std::unique_ptr<ShardLoop> loop;

  // What the shard's thread and the control thread say to each other.
  const std::atomic<bool>* stop = nullptr;
  std::atomic<int>* failures = nullptr;
  Waker* control = nullptr;
  Result<void> result;
  std::string why;
};

template <typename T>
void draw_secret(T& secret) {
  static_assert(sizeof(T) <= 256, "getrandom() never gives less than asked up to 256 bytes");
  ZS_CHECK(getrandom(&secret, sizeof(secret), 0) == static_cast<ssize_t>(sizeof(secret)));
}

/// What is the same on this machine after every start, and on no other (machine-id(5)), through a
/// hash, since the identifier itself is to be kept from networks. All zero where there is none.
SipKey machine_secret() {
  std::array<std::byte, 32> id{};
  if (std::FILE* const file = std::fopen("/etc/machine-id", "re")) {
    (void)std::fread(id.data(), 1, id.size(), file);
    std::fclose(file);
  }
  constexpr SipKey kPurpose{0x7a73'7461'636b'3732, 0x3137'6964'656e'7469};
  const std::uint64_t k0 = siphash(kPurpose, id);
  return {k0, siphash({k0, kPurpose.k1}, id)};
}

/// The body of a shard's thread.
int run_shard(void* argument) {
  Slot& slot = *static_cast<Slot*>(argument);
  slot.result = slot.application->on_start(read_clock(), slot.why);
  if (slot.result) {
    slot.loop->run(*slot.stop);
  } else {
    slot.failures->fetch_add(1);
    slot.control->wake();
  }
  return 0;
}

class World {
 public:
  World(const Config& config, const ApplicationFactory& factory, const DispatcherChoice& dispatcher)
      : config_(config),
        factory_(factory),
        dispatcher_(dispatcher),
        count_(config.runtime.lcores.size()),
        ports_({config.tcp.ephemeral_low, config.tcp.ephemeral_high}, count_),
        relay_(count_, ports_) {}
  ~World();

  /// Where the first shard runs.
  enum class FirstShard : bool { kOnOwnThread, kHere };

  Result<void> build(const EalPlan& plan);
  Result<void> run_to_the_end(StopSignals& signals, const Eal& eal, FirstShard first);
  const std::string& why() const { return why_; }
  void ask_to_stop() {
    stop_ = true;
    control_.wake();
  }

 private:
  Result<void> make_pools(std::uint32_t memory_mb);
  Result<void> make_shard(Slot& slot, const stack::ShardConfig& base);
  void wrap_queue(Slot& slot);
  stack::ShardConfig shard_config() const;
  void report(const EalPlan& plan) const;
  void report_end() const;
  void launch(FirstShard first);
  void run_first_here();
  bool all_ended(FirstShard first) const;
  void supervise(StopSignals& signals, const Eal& eal, FirstShard first);
  const Config config_;
  const ApplicationFactory factory_;
  const DispatcherChoice& dispatcher_;
  std::string why_;
  std::size_t count_;
  std::vector<std::unique_ptr<Slot>> slots_;
  std::unique_ptr<dev::Device> device_;
  PortPlan ports_;
  Relay relay_;
  Waker control_;
  std::atomic<bool> stop_{false};
  std::atomic<int> failures_{0};
  std::atomic<std::size_t> finished_{0};
  std::atomic<bool> first_ended_{false};  ///< the one that runs here
};

World::~World() {
  // Shards hold buffers of every pool (relayed ones), queues hold buffers too: loops and stacks
  // first, then the wrappers, then the device, then the pools.
  for (auto& slot : slots_) {
    slot->loop.reset();
    slot->application.reset();
    slot->sockets.reset();
    slot->shard.reset();
  }
  for (auto& slot : slots_) {
    slot->vlan.reset();
    slot->offload.reset();
    slot->fault.reset();
  }
  device_.reset();
}

Result<void> World::make_pools(std::uint32_t memory_mb) {
  const MemoryPlan plan = plan_memory(memory_mb, static_cast<std::uint32_t>(count_),
                                      receive_buffer_bytes(config_.device));
  for (std::size_t i = 0; i < count_; ++i) {
    auto slot = std::make_unique<Slot>();
    slot->index = i;
    auto data =
        buf::Pool::create({"zs-data-" + std::to_string(i), plan.data_buffers, plan.data_room});
    auto indirect = buf::Pool::create({"zs-ind-" + std::to_string(i), plan.indirect_buffers, 0});
    if (!data || !indirect) {
      why_ = "no memory for the buffers of shard " + std::to_string(i) +
             "; raise runtime.memory_mb (now " + std::to_string(memory_mb) + ")";
      return Errc::kNoMemory;
    }
    slot->data = std::move(*data);
    slot->indirect = std::move(*indirect);
    slots_.push_back(std::move(slot));
  }
  return {};
}

void World::wrap_queue(Slot& slot) {
  slot.queue = &device_->queue(slot.index);
  if (config_.fault.any()) {
    const FaultSettings& f = config_.fault;
    dev::FaultConfig fault;
    fault.loss = f.loss;
    fault.mark = f.mark;
    fault.duplicate = f.duplicate;
    fault.corrupt = f.corrupt;
    fault.reorder = f.reorder;
    fault.delay = f.delay;
    fault.jitter = f.jitter;
    fault.bits_per_second = f.rate_bps;
    slot.fault = std::make_unique<dev::FaultQueue>(*slot.queue, fault, fault, slot.pools(),
                                                   f.seed + slot.index);
    slot.queue = slot.fault.get();
  }
  if (needs_offload_queue(slot.queue->capabilities())) {
    slot.offload = std::make_unique<dev::OffloadQueue>(*slot.queue, slot.pools());
    slot.queue = slot.offload.get();
  }
  if (config_.interface.vlan != 0) {
    slot.vlan = std::make_unique<dev::VlanQueue>(*slot.queue, config_.interface.vlan, slot.pools());
    slot.queue = slot.vlan.get();
  }
}

stack::ShardConfig World::shard_config() const {
  stack::ShardConfig c;
  stack::InterfaceConfig interface;
  interface.name = device_->capabilities().name;
  interface.addresses = config_.interface.addresses;
  interface.autoconf = config_.interface.autoconf;
  c.interfaces.push_back(std::move(interface));
  for (const auto& route : config_.routes) {
    c.routes.push_back({route.destination, route.gateway, 0});
  }
  if (config_.interface.gateway) {
    const IpPrefix everywhere{IpAddress::any(config_.interface.gateway->family()), 0};
    c.routes.push_back({everywhere, config_.interface.gateway, 0});
  }
  c.identifier = {config_.interface.identifier, machine_secret()};
  c.tcp = config_.tcp;
  c.neighbor_entries = config_.runtime.neighbor_entries;
  c.udp_sockets = config_.runtime.udp_sockets;
  draw_secret(c.secret);
  return c;
}

Result<void> World::make_shard(Slot& slot, const stack::ShardConfig& base) {
  stack::ShardConfig c = base;
  wrap_queue(slot);
  c.interfaces[0].device = slot.queue->capabilities();
  const PortPlan::Range ports = ports_.range_of(slot.index);
  c.tcp.ephemeral_low = ports.low;
  c.tcp.ephemeral_high = ports.high;
  draw_secret(c.seed);
  ZS_TRY_ASSIGN(slot.shard, stack::Shard::create(c, slot.pools(), read_clock(), &why_));
  slot.sockets = std::make_unique<sock::SocketTable>(
      *slot.shard, slot.pools(),
      sock::Limits{config_.runtime.descriptors, config_.runtime.first_descriptor});
  slot.context = std::unique_ptr<ShardContext>(
      new ShardContext{slot.index, count_, config_, *slot.sockets, slot.pools(), *slot.queue,
                       [this] { ask_to_stop(); }});
  slot.application = factory_(*slot.context);
  ShardParts parts;
  parts.index = slot.index;
  parts.config = &config_;
  parts.pools = slot.pools();
  parts.queue = slot.queue;
  parts.fault = slot.fault.get();
  parts.shard = slot.shard.get();
  parts.sockets = slot.sockets.get();
  parts.application = slot.application.get();
  parts.relay = &relay_;
  parts.dispatcher = &dispatcher_;
  parts.finished = &finished_;
  parts.control = &control_;
  slot.loop = std::make_unique<ShardLoop>(parts);
  slot.stop = &stop_;
  slot.failures = &failures_;
  slot.control = &control_;
  return {};
}

Result<void> World::build(const EalPlan& plan) {
  ZS_TRY(make_pools(plan.memory_mb));
  std::vector<buf::Pools> pools;
  for (const auto& slot : slots_) pools.push_back(slot->pools());
  ZS_TRY_ASSIGN(device_, open_device(config_, pools, why_));
  if (device_->queue_count() < count_) {
    why_ = device_->capabilities().name + " has " + std::to_string(device_->queue_count()) +
           " queue(s), which serve as many shards; " + std::to_string(count_) +
           " are asked for: shorten runtime.lcores";
    return Errc::kInvalid;
  }
  const stack::ShardConfig base = shard_config();
  for (const auto& slot : slots_) ZS_TRY(make_shard(*slot, base));
  report(plan);
  return {};
}

void World::report(const EalPlan& plan) const {
  const dev::Capabilities& c = device_->capabilities();
  spdlog::info("device {}: mac {}, mtu {}, offloads: {}", c.name, c.mac.to_string(), c.mtu,
               dev::describe(c.offloads));
  if (config_.device.without != dev::Offload::kNone) {
    spdlog::info("not used, as configured: {}", dev::describe(config_.device.without));
  }
  if (slots_[0]->offload != nullptr) {
    spdlog::info("in software: {}",
                 dev::describe(slots_[0]->queue->capabilities().offloads & ~c.offloads));
  }
  if (config_.interface.vlan != 0) {
    spdlog::info("VLAN {}, tags by {}", config_.interface.vlan,
                 dev::has(c.offloads, dev::Offload::kVlan) ? "the device" : "software");
  }
  if (config_.fault.any()) spdlog::warn("the cable is bad on purpose ([fault] is set)");
  for (const auto& a : config_.interface.addresses) spdlog::info("address {}", a.to_string());
  if (config_.interface.kernel_address) {
    spdlog::info("the kernel's end has {}", config_.interface.kernel_address->to_string());
  }
  for (std::size_t i = 0; i < count_; ++i) {
    spdlog::info("shard {} on CPU {}: {} buffers", i, config_.runtime.lcores[i],
                 slots_[i]->data->capacity());
  }
  spdlog::info("{} MiB of {}", plan.memory_mb,
               plan.uses_hugepages ? "hugepages" : "ordinary memory");
}

void World::report_end() const {
  for (const auto& slot : slots_) {
    const LoopStats& s = slot->loop->stats();
    spdlog::info("shard {}: {} packets in, {} out, {} dropped, {} sleeps", slot->index,
                 s.rx_packets, s.tx_packets, slot->shard->drops().total(), s.sleeps);
    if (const RelayStats& r = relay_.stats(slot->index); count_ > 1) {
      spdlog::info("  to other shards: {} packets of their connections, {} copies, {} lost",
                   r.passed, r.copied, r.dropped);
    }
    if (slot->vlan != nullptr) {
      spdlog::info("shard {}: {} frames of other VLANs", slot->index, slot->vlan->foreign_frames());
    }
    for (std::size_t i = 0; i < kDropCount; ++i) {
      const auto n = slot->shard->drops().by_reason[i];
      if (n > 0) spdlog::debug("  {}: {} ({})", kDropTexts[i].name, n, kDropTexts[i].text);
    }
  }
}

void World::launch(FirstShard first) {
  for (const auto& slot : slots_) {
    if (slot->index == 0 && first == FirstShard::kHere) continue;
    if (rte_eal_remote_launch(run_shard, slot.get(), lcore_of_shard(slot->index)) != 0) {
      why_ = "the thread of shard " + std::to_string(slot->index) + " does not answer";
      failures_ = 1;
      break;
    }
  }
}

bool World::all_ended(FirstShard first) const {
  for (const auto& slot : slots_) {
    const bool here = slot->index == 0 && first == FirstShard::kHere;
    if (here ? !first_ended_ : rte_eal_get_lcore_state(lcore_of_shard(slot->index)) == RUNNING) {
      return false;
    }
  }
  return true;
}

/// Waits for a reason to stop, and until all have.
void World::supervise(StopSignals& signals, const Eal& eal, FirstShard first) {
  const auto is_over = [this] { return failures_ != 0 || stop_ || finished_ == count_; };
  while (!is_over() && !signals.wait(control_.fd())) control_.drain();
  stop_ = true;
  for (std::size_t i = 0; i < count_; ++i) relay_.waker(i).wake();
  while (!all_ended(first)) {
    if (signals.wait_for(10ms)) {
      // Asked twice: nobody is waited for. The kernel takes devices and memory; files are ours.
      eal.remove_files();
      _exit(1);
    }
    for (std::size_t i = 0; i < count_; ++i) relay_.waker(i).wake();
  }
}

/// DPDK has let the main thread onto every CPU.
void World::run_first_here() {
  cpu_set_t before;
  cpu_set_t own;
  CPU_ZERO(&own);
  CPU_SET(config_.runtime.lcores[0], &own);
  const bool knows = sched_getaffinity(0, sizeof(before), &before) == 0;
  if (sched_setaffinity(0, sizeof(own), &own) != 0) {
    spdlog::warn("the main thread could not be bound to CPU {}", config_.runtime.lcores[0]);
  }
  run_shard(slots_[0].get());
  if (knows) sched_setaffinity(0, sizeof(before), &before);
  first_ended_ = true;
}

Result<void> World::run_to_the_end(StopSignals& signals, const Eal& eal, FirstShard first) {
  launch(first);
  if (first == FirstShard::kHere) {
    std::thread control([&] { supervise(signals, eal, first); });
    run_first_here();
    control_.wake();
    control.join();
  } else {
    supervise(signals, eal, first);
  }
  for (const auto& slot : slots_) rte_eal_wait_lcore(lcore_of_shard(slot->index));
  for (const auto& slot : slots_) {
    if (slot->result) continue;
    if (why_.empty()) why_ = slot->why;
    return slot->result.error();
  }
  if (failures_ != 0) return Errc::kBusy;
  report_end();
  return {};
}

}  // namespace

struct Prepared::Impl {
  Impl(const Config& config, const ApplicationFactory& factory, const DispatcherChoice& dispatcher)
      : world(config, factory, dispatcher) {}

  Result<void> run(World::FirstShard first, std::string& why) {
    auto done = world.run_to_the_end(signals, *eal, first);
    if (!done) why = world.why();
    return done;
  }

  StopSignals signals;  // before EAL's threads, so that they inherit the mask
  std::unique_ptr<Eal> eal;
  World world;
};

Prepared::Prepared(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Prepared::~Prepared() = default;

Result<std::unique_ptr<Prepared>> Prepared::build(const Config& config, const Machine& machine,
                                                  const ApplicationFactory& factory,
                                                  std::string& why,
                                                  const DispatcherChoice& dispatcher) {
  auto impl = std::make_unique<Impl>(config, factory, dispatcher);
  // Not the process id: it is unique in its PID namespace only, and /var/run is shared by several.
  unsigned instance = 0;
  draw_secret(instance);
  ZS_TRY_ASSIGN(const EalPlan plan,
                plan_eal(config, machine, read_hugepage_facts(), instance, why));
  ZS_TRY_ASSIGN(impl->eal, Eal::start(plan, why));
  if (auto built = impl->world.build(plan); !built) {
    why = impl->world.why();
    return built.error();
  }
  return std::unique_ptr<Prepared>(new Prepared(std::move(impl)));
}

Result<void> Prepared::run(std::string& why) {
  return impl_->run(World::FirstShard::kOnOwnThread, why);
}
Result<void> Prepared::run_here(std::string& why) {
  return impl_->run(World::FirstShard::kHere, why);
}

void Prepared::stop() { impl_->world.ask_to_stop(); }

Result<void> run(const Config& config, const Machine& machine, const ApplicationFactory& factory,
                 std::string& why) {
  ZS_TRY_ASSIGN(const auto prepared, Prepared::build(config, machine, factory, why));
  return prepared->run(why);
}

}  // namespace zs::runtime
