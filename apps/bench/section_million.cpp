// A million connections on one stack: what each costs while nothing happens, in memory and in time.

#include <fmt/format.h>
#include <malloc.h>
#include <rte_cycles.h>

#include <array>
#include <vector>

#include "bench/cable_world.hpp"
#include "bench/context.hpp"
#include "bench/sections.hpp"
#include "tcp/connection.hpp"
#include "tcp/engine.hpp"

namespace zs::bench {
namespace {

using namespace std::chrono_literals;

constexpr std::uint32_t kMillion = 1'000'000;
constexpr std::uint32_t kQuickMillion = 100'000;
constexpr std::uint32_t kFewest = 3'000;
constexpr std::uint16_t kFirstPort = 1'000;
constexpr std::uint32_t kPortsConnections = 25'000;  ///< to one port of the server
constexpr std::uint32_t kAtOnce = 512;
constexpr std::size_t kBurst = 64;
constexpr std::size_t kRequest = 64;
constexpr Duration kTurn = 20us;  ///< of virtual time
constexpr Duration kKeepaliveIdle = 2h;

std::size_t heap_in_use() {
  const struct mallinfo2 info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

struct MillionResult {
  std::uint32_t connections = 0;
  double bytes = 0;             ///< a connection's end, socket and tables included
  double sleeping_share = 0;    ///< of the server's connections
  double opening_cycles = 0;    ///< both ends' work for one, its request included
  double idle_turn_cycles = 0;  ///< of a turn of the server in which nothing is to be done
  double keepalive_cycles = 0;  ///< both ends' for one connection in one period of keepalive
  std::uint64_t probes = 0;
};

/// Opens connections, asks once on each, and then keeps silent, in virtual time on this thread.
class MillionClient {
 public:
  MillionClient(CableEnd& end, std::uint32_t wanted) : end_(end), wanted_(wanted) {}

  Result<void> turn() {
    sock::SocketTable& sockets = *end_.sockets;
    for (; begun_ < wanted_ && begun_ - answered_ < (answered_ == 0 ? 1 : kAtOnce); ++begun_) {
      ZS_TRY_ASSIGN(const int fd, sockets.socket(sock::Type::kStream, IpFamily::kV4));
      const auto port = static_cast<std::uint16_t>(kFirstPort + begun_ / kPortsConnections);
      const auto begun = sockets.connect(fd, {kServerAddress, port});
      if (!begun && begun.error() != Errc::kInProgress) return begun.error();
      ZS_TRY(sockets.watch(fd, sock::ready::kWritable, kOpening));
    }
    std::array<sock::ReadyEvent, kBurst> events;
    const std::size_t n = sockets.poll_ready(events);
    for (const sock::ReadyEvent& event : std::span(events).first(n)) ZS_TRY(on_ready(event));
    return {};
  }
  std::uint32_t answered() const { return answered_; }

 private:
  static constexpr std::uint64_t kOpening = 1;
  static constexpr std::uint64_t kAsking = 2;

  Result<void> on_ready(const sock::ReadyEvent& event) {
    sock::SocketTable& sockets = *end_.sockets;
    if (event.user_data == kOpening) {
      static constexpr std::array<std::byte, kRequest> kBytes{};
      ZS_TRY_ASSIGN(buf::Chain request, buf::Chain::copy_of(kBytes, *end_.data));
      ZS_TRY(sockets.write(event.fd, request));
      return sockets.watch(event.fd, sock::ready::kReadable, kAsking);
    }
    ZS_TRY_ASSIGN(const buf::Chain answer, sockets.read(event.fd, 1u << 16));
    if (answer.size() != kRequest) return Errc::kConnReset;
    ++answered_;
    return {};
  }

  CableEnd& end_;
  std::uint32_t wanted_;
  std::uint32_t begun_ = 0;
  std::uint32_t answered_ = 0;
};

/// Answers each request with its own buffers.
class MillionServer {
 public:
  explicit MillionServer(CableEnd& end) : end_(end) {}

  Result<void> start(std::uint32_t connections) {
    sock::SocketTable& sockets = *end_.sockets;
    for (std::uint32_t i = 0; i <= connections / kPortsConnections; ++i) {
      ZS_TRY_ASSIGN(const int fd, sockets.socket(sock::Type::kStream, IpFamily::kV4));
      const auto port = static_cast<std::uint16_t>(kFirstPort + i);
      ZS_TRY(sockets.bind(fd, {IpAddress::any(IpFamily::kV4), port}));
      ZS_TRY(sockets.listen(fd, 4'096));
      ZS_TRY(sockets.watch(fd, sock::ready::kReadable, kListens));
    }
    return {};
  }
  Result<void> turn() {
    sock::SocketTable& sockets = *end_.sockets;
    std::array<sock::ReadyEvent, kBurst> events;
    const std::size_t n = sockets.poll_ready(events);
    for (const sock::ReadyEvent& event : std::span(events).first(n)) {
      if (event.user_data == kListens) {
        while (const auto fd = sockets.accept(event.fd)) {
          ZS_TRY(sockets.watch(*fd, sock::ready::kReadable, 0));
        }
        continue;
      }
      ZS_TRY_ASSIGN(buf::Chain request, sockets.read(event.fd, 1u << 16));
      ZS_TRY(sockets.write(event.fd, request));
    }
    return {};
  }

 private:
  static constexpr std::uint64_t kListens = 1;

  CableEnd& end_;
};

class MillionWorld {
 public:
  MillionWorld(CableWorld& world, std::uint32_t connections)
      : world_(world),
        server_(world.server()),
        client_(world.client(), connections),
        connections_(connections) {}

  Result<MillionResult> run() {
    MillionResult result;
    result.connections = connections_;
    ZS_TRY(server_.start(connections_));
    const std::size_t before = heap_in_use();
    std::uint64_t began = rte_rdtsc();
    std::uint64_t stuck = 0;
    for (std::uint32_t seen = 0; client_.answered() < connections_; ++stuck) {
      ZS_TRY(turn());
      now_ = now_ + kTurn;
      if (client_.answered() != seen) stuck = 0;
      seen = client_.answered();
      if (stuck > kMostTurns) return Errc::kTimedOut;
    }
    result.opening_cycles = static_cast<double>(rte_rdtsc() - began) / connections_;
    ZS_TRY(settle());
    result.bytes = static_cast<double>(heap_in_use() - before) / 2 / connections_;
    const tcp::Engine& engine = world_.server().shard->tcp();
    result.sleeping_share =
        static_cast<double>(engine.dormitory().size()) / static_cast<double>(connections_);
    began = rte_rdtsc();
    for (std::uint32_t i = 0; i < kIdleTurns; ++i) ZS_TRY(turn());
    result.idle_turn_cycles = static_cast<double>(rte_rdtsc() - began) / kIdleTurns / 2;
    began = rte_rdtsc();
    ZS_TRY(live_through(kKeepaliveIdle + 1min));
    result.keepalive_cycles = static_cast<double>(rte_rdtsc() - began) / connections_;
    result.probes = engine.counters().keepalive_probes +
                    world_.client().shard->tcp().counters().keepalive_probes;
    if (engine.connection_count() != connections_) return Errc::kConnReset;
    return result;
  }

 private:
  static constexpr std::uint64_t kMostTurns = 1'000'000;
  static constexpr std::uint32_t kIdleTurns = 100'000;

  void pass(CableEnd& end) {
    std::array<rte_mbuf*, kBurst> packets;
    const std::size_t received = end.queue->rx_burst(packets);
    end.shard->on_burst(0, std::span(packets).first(received), now_);
    if (now_ >= end.shard->next_deadline()) end.shard->on_deadline(now_);
  }
  void send(CableEnd& end) {
    std::array<rte_mbuf*, kBurst> packets;
    const std::size_t made = end.shard->poll_transmit(0, packets, now_);
    const std::size_t sent = end.queue->tx_burst(std::span(packets).first(made));
    for (rte_mbuf* m : std::span(packets).subspan(sent, made - sent)) buf::free_chain(m);
  }
  Result<void> turn() {
    pass(world_.client());
    ZS_TRY(client_.turn());
    send(world_.client());
    pass(world_.server());
    ZS_TRY(server_.turn());
    send(world_.server());
    return {};
  }
  Instant next_deadline() const {
    return std::min(world_.client().shard->next_deadline(), world_.server().shard->next_deadline());
  }
  /// Delayed acknowledgements and their like.
  Result<void> settle() {
    const Instant end = now_ + 1s;
    while (now_ < end) {
      ZS_TRY(turn());
      now_ = now_ + 1ms;
    }
    return {};
  }
  /// From deadline to deadline, with enough turns for what each causes.
  Result<void> live_through(Duration time) {
    const Instant end = now_ + time;
    while (now_ < end) {
      for (int i = 0; i < 3; ++i) ZS_TRY(turn());
      now_ = std::min(std::max(now_ + kTurn, next_deadline()), end);
    }
    return settle();
  }

  CableWorld& world_;
  MillionServer server_;
  MillionClient client_;
  std::uint32_t connections_;
  Instant now_ = runtime::read_clock();
};

Result<MillionResult> run_million_with(BenchContext& context, bool keepalive) {
  std::uint32_t connections = context.options.quick ? kQuickMillion : kMillion;
  if (context.options.milliseconds > 0) connections = kFewest;  // only to see that it works
  CableOptions cable;
  cable.descriptors = connections + connections / 8 + 1'024;
  cable.tcp.max_connections = connections + 1'024;
  cable.tcp.awake_connections = connections / 64;
  cable.tcp.keepalive = keepalive;
  cable.tcp.keepalive_idle = kKeepaliveIdle;
  ZS_TRY_ASSIGN(const auto world, CableWorld::create(cable, context.why));
  auto result = MillionWorld(*world, connections).run();
  if (!result) context.why = "connections of the benchmark broke, or were not answered";
  return result;
}

/// Share of a core, in percent, that `cycles` a connection and period of keepalive are.
double core_percent(double cycles, std::uint32_t connections) {
  const double seconds = std::chrono::duration<double>(kKeepaliveIdle).count();
  return 100 * cycles * connections / (seconds * static_cast<double>(rte_get_tsc_hz()));
}

}  // namespace

Result<void> run_million(BenchContext& context) {
  Report& report = context.report;
  Steps steps(report, 2);
  report.begin_table("connections established, answered once, then idle",
                     {{"keepalive", -10},
                      {"connections", 12},
                      {"bytes each", 11},
                      {"asleep", 7},
                      {"cycles to open and ask", 23},
                      {"cycles an idle turn", 20},
                      {"cycles in two hours, each", 26},
                      {"% of a core", 12}});
  for (const bool keepalive : {false, true}) {
    ZS_TRY_ASSIGN(const auto r, run_million_with(context, keepalive));
    const double percent = core_percent(r.keepalive_cycles / 2, r.connections);
    report.add_row({keepalive ? "2 h" : "off", with_commas(r.connections),
                    fmt::format("{:.0f}", r.bytes), fmt::format("{:.1f} %", 100 * r.sleeping_share),
                    with_commas(r.opening_cycles), fmt::format("{:.0f}", r.idle_turn_cycles),
                    with_commas(r.keepalive_cycles), fmt::format("{:.4f}", percent)});
    report.figure({{"figure", "million"},
                   {"keepalive", keepalive},
                   {"connections", r.connections},
                   {"bytes", r.bytes},
                   {"sleeping_share", r.sleeping_share},
                   {"opening_cycles", r.opening_cycles},
                   {"idle_turn_cycles", r.idle_turn_cycles},
                   {"keepalive_cycles", r.keepalive_cycles},
                   {"keepalive_probes", r.probes},
                   {"core_percent", percent}});
    if (keepalive) {
      report.summary("million_keepalive_core_percent", percent);
    } else {
      report.summary("million_connections", r.connections);
      report.summary("million_bytes_each", r.bytes);
      report.summary("million_idle_core_percent", percent);
    }
    steps.done();
  }
  report.note(fmt::format(
      "bytes of heap of one end: the sleeping connection, its socket and their places in all "
      "tables; awake, tcp::Connection alone has {}. Cycles of two hours: both ends, in virtual "
      "time; percent: one end's.",
      sizeof(tcp::Connection)));
  return {};
}

}  // namespace zs::bench
