#include "bench/stack_only.hpp"

#include <rte_cycles.h>
#if __has_include(<valgrind/callgrind.h>)
#include <valgrind/callgrind.h>
#else
#define CALLGRIND_TOGGLE_COLLECT
#endif

#include <algorithm>
#include <ctime>
#include <functional>
#include <memory>

#include "api/run/loop_application.hpp"
#include "bench/cable_world.hpp"
#include "runtime/clock.hpp"

namespace zs::bench {
namespace {

constexpr std::size_t kBurst = 64;
/// While the neighbour is unknown only some of the SYNs may wait for it; the others come again.
constexpr Duration kEstablishingTime = std::chrono::seconds{10};

constexpr Duration kSlice = std::chrono::milliseconds{1};
/// Where hardly a slice is left alone, all count after this many times the wanted requests.
constexpr std::uint64_t kMostTries = 20;

std::array<bool, kParts> g_counted{};

bool is_counting() {
  return std::any_of(g_counted.begin(), g_counted.end(),
                     [](bool is_counted) { return is_counted; });
}

Duration cpu_time() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return Duration{std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec};
}

/// Adds up what each part took. Reading the counter costs about 20 cycles; a burst shares them.
class Stopwatch {
 public:
  void begin() { at_ = rte_rdtsc(); }
  void end(Part part) {
    const std::uint64_t now = rte_rdtsc();
    cycles_[static_cast<std::size_t>(part)] += now - at_;
    at_ = now;
  }
  const std::array<std::uint64_t, kParts>& cycles() const { return cycles_; }
  void reset() { cycles_ = {}; }

 private:
  std::uint64_t at_ = 0;
  std::array<std::uint64_t, kParts> cycles_{};
};

/// Lets callgrind collect while it exists, if this is the part to count. A few instructions else.
class Collect {
 public:
  explicit Collect(bool wanted) : wanted_(wanted) {
    if (wanted_) CALLGRIND_TOGGLE_COLLECT;
  }
  ~Collect() {
    if (wanted_) CALLGRIND_TOGGLE_COLLECT;
  }
  Collect(const Collect&) = delete;
  Collect& operator=(const Collect&) = delete;

 private:
  bool wanted_;
};

/// One pass of the runtime's loop (runtime/shard_loop.cpp), taken apart.
class Turns {
 public:
  Turns(CableEnd& end, runtime::Application& application) : end_(end), application_(application) {}

  void turn(Instant now, Stopwatch& watch, bool measured) {
    const auto counts = [&](Part part) {
      return measured && g_counted[static_cast<std::size_t>(part)];
    };
    std::array<rte_mbuf*, kBurst> packets;
    watch.begin();
    std::size_t received = 0;
    {
      const Collect collect(counts(Part::kDriver));
      received = end_.queue->rx_burst(packets);
    }
    watch.end(Part::kDriver);
    packets_ += received;
    bursts_ += received > 0 ? 1 : 0;
    {
      const Collect collect(counts(Part::kReceive));
      end_.shard->on_burst(0, std::span(packets).first(received), now);
      if (now >= end_.shard->next_deadline()) end_.shard->on_deadline(now);
    }
    watch.end(Part::kReceive);
    {
      const Collect collect(counts(Part::kSocket));
      application_.on_turn(*end_.sockets, now);
    }
    watch.end(Part::kSocket);
    std::size_t made = 0;
    {
      const Collect collect(counts(Part::kTransmit));
      made = end_.shard->poll_transmit(0, packets, now);
    }
    watch.end(Part::kTransmit);
    {
      const Collect collect(counts(Part::kDriver));
      const std::size_t sent = end_.queue->tx_burst(std::span(packets).first(made));
      // The ring has room for all that 50 connections can say; what it refused TCP would send
      // again.
      for (rte_mbuf* m : std::span(packets).subspan(sent, made - sent)) buf::free_chain(m);
    }
    watch.end(Part::kDriver);
  }

  std::uint64_t packets() const { return packets_; }
  std::uint64_t bursts() const { return bursts_; }

 private:
  CableEnd& end_;
  runtime::Application& application_;
  std::uint64_t packets_ = 0;
  std::uint64_t bursts_ = 0;
};

/// What the two applications have done so far.
struct OneCoreProgress {
  std::function<bool()> are_all_open;
  std::function<std::uint64_t()> done;
  std::function<bool()> is_broken;
};

class OneCore {
 public:
  OneCore(CableWorld& world, runtime::Application& server, runtime::Application& client)
      : world_(world), server_(world.server(), server), client_(world.client(), client) {}

  Result<StackOnlyResult> run(const StackOnlyOptions& options, const OneCoreProgress& progress,
                              std::string& why);

 private:
  void both(bool measured) {
    const Instant now = runtime::read_clock();
    client_.turn(now, ignored_, false);
    server_.turn(now, watch_, measured);
  }

  /// Turns for a millisecond. False if something else had the CPU meanwhile: what the TSC says of
  /// them is not ours.
  bool run_slice() {
    const Instant began = runtime::read_clock();
    const Duration cpu_began = cpu_time();
    Duration took{};
    do {
      both(true);
      took = runtime::read_clock() - began;
    } while (took < kSlice);
    return took - (cpu_time() - cpu_began) < kSlice / 50;
  }

  CableWorld& world_;
  Turns server_;
  Turns client_;
  Stopwatch watch_;
  Stopwatch ignored_;
};

Result<StackOnlyResult> OneCore::run(const StackOnlyOptions& options,
                                     const OneCoreProgress& progress, std::string& why) {
  why = "not all connections of the benchmark open";
  const Instant patience = runtime::read_clock() + kEstablishingTime;
  while (!progress.are_all_open()) {
    if (runtime::read_clock() > patience || progress.is_broken()) return Errc::kConnReset;
    both(false);
  }
  why = "connections of the benchmark broke";
  while (progress.done() < options.warm_up) {
    if (progress.is_broken()) return Errc::kConnReset;
    both(false);
  }
  const std::uint64_t copied = world_.server().copied_bytes();
  const std::uint64_t before = progress.done();
  const std::uint64_t packets = server_.packets();
  const std::uint64_t bursts = server_.bursts();
  StackOnlyResult result;
  std::array<std::uint64_t, kParts> cycles{};
  while (result.requests < options.requests) {
    if (progress.is_broken()) return Errc::kConnReset;
    const std::uint64_t slice_began = progress.done();
    watch_.reset();
    const bool was_ours = run_slice();
    const std::uint64_t all = progress.done() - before;
    if (!was_ours && !is_counting() && all < kMostTries * options.requests) continue;
    result.requests += progress.done() - slice_began;
    for (std::size_t i = 0; i < kParts; ++i) cycles[i] += watch_.cycles()[i];
  }
  why.clear();
  const auto received = static_cast<double>(server_.packets() - packets);
  result.packets_in = received / static_cast<double>(progress.done() - before);
  result.packets_a_burst = received / static_cast<double>(server_.bursts() - bursts);
  result.copied_bytes = world_.server().copied_bytes() - copied;
  for (std::size_t i = 0; i < kParts; ++i) {
    result.cycles[i] = static_cast<double>(cycles[i]) / static_cast<double>(result.requests);
  }
  return result;
}

/// The application of z_run(), with one of our programs for its loop function.
struct ProgramServer {
  ProgramServer(CableEnd& end, EchoProgram program)
      : shard{.config = config,
              .sockets = *end.sockets,
              .pools = end.pools(),
              .queue = *end.queue,
              .stop = [] {}},
        application(loop_of(program), nullptr, shard) {}

  static api::LoopApplication::Loop loop_of(EchoProgram program) {
    if (program == EchoProgram::kEpoll) return echo_epoll;
    return program == EchoProgram::kCallbacks ? echo_callbacks : echo_coroutines;
  }

  runtime::Config config;
  runtime::ShardContext shard;
  api::LoopApplication application;
};

Result<StackOnlyResult> run_visits(CableWorld& world, const StackOnlyOptions& options,
                                   std::string& why) {
  const VisitorOptions visits{.visit = *options.visit,
                              .at_once = options.client.connections,
                              .request_bytes = options.client.request_bytes};
  EchoServer server(*world.server().sockets, options.api, visits.ports);
  Visitor client(*world.client().sockets, world.client().pools(), visits);
  ZS_TRY(server.on_start(runtime::read_clock(), why));
  ZS_TRY(client.on_start(runtime::read_clock(), why));
  return OneCore(world, server, client)
      .run(options,
           {.are_all_open = [&] { return client.visits() > 0; },
            .done = [&] { return client.visits(); },
            .is_broken = [&] { return client.broken() > 0; }},
           why);
}

}  // namespace

void count_instructions_of(std::span<const Part> parts) {
  for (const Part part : parts) g_counted[static_cast<std::size_t>(part)] = true;
}

Result<StackOnlyResult> run_stack_only(const StackOnlyOptions& options, std::string& why) {
  ZS_TRY_ASSIGN(const auto requests, make_request_pool(options.client));
  ZS_TRY_ASSIGN(const auto world, CableWorld::create({.delivery = dev::Delivery::kCopies}, why));
  if (options.visit) return run_visits(*world, options, why);
  EchoServer echo_server(*world->server().sockets, options.api);
  std::unique_ptr<ProgramServer> program;
  if (options.program != EchoProgram::kInternal) {
    program = std::make_unique<ProgramServer>(world->server(), options.program);
  }
  runtime::Application& server =
      program ? static_cast<runtime::Application&>(program->application) : echo_server;
  EchoClient client(*world->client().sockets, world->client().pools(), *requests, options.client);
  ZS_TRY(server.on_start(runtime::read_clock(), why));
  ZS_TRY(client.on_start(runtime::read_clock(), why));
  return OneCore(*world, server, client)
      .run(options,
           {.are_all_open = [&] { return client.are_all_open(); },
            .done = [&] { return client.answered(); },
            .is_broken = [&] { return client.broken() > 0; }},
           why);
}

}  // namespace zs::bench
