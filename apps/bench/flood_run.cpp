#include "bench/flood_run.hpp"

#include <malloc.h>
#include <rte_cycles.h>

#include <array>
#include <deque>
#include <memory>
#include <utility>
#include <vector>

#include "bench/cable_world.hpp"
#include "bench/echo.hpp"
#include "bench/figure.hpp"
#include "buf/mbuf.hpp"
#include "runtime/clock.hpp"
#include "sim/hand_peer.hpp"
#include "tcp/engine.hpp"
#include "wire/ethernet.hpp"
#include "wire/ipv4.hpp"
#include "wire/tcp.hpp"

namespace zs::bench {
namespace {

using namespace std::chrono_literals;
using sim::Forger;
using sim::HandPeer;

constexpr std::size_t kBurst = 64;
constexpr Duration kSlice = 1ms;
constexpr Duration kPatience = 10s;
constexpr Duration kNewcomersPatience = 500ms;
constexpr std::uint16_t kUnreadPort = 9;  ///< who listens there accepts nobody
constexpr std::uint32_t kTinyConnections = 64;
constexpr IpAddress kNewcomer = IpAddress::v4(198, 51, 100, 77);
constexpr IpAddress kAttacker = IpAddress::v4(198, 51, 100, 66);

std::int64_t heap_bytes() {
  const struct mallinfo2 info = mallinfo2();
  return static_cast<std::int64_t>(info.uordblks + info.hblkhd);
}

/// The attacker's frames: of a kind, or tiny segments of connections that it has opened.
class Attack {
 public:
  Attack(const FloodOptions& options, const sim::FloodVictim& victim)
      : forger_(victim.forger), random_(options.seed) {
    if (options.kind) {
      flood_.emplace(*options.kind, victim, options.seed);
      return;
    }
    for (std::uint32_t i = 0; i < kTinyConnections; ++i) {
      peers_.emplace_back(forger_, Endpoint{kAttacker, static_cast<std::uint16_t>(kFirstPort + i)},
                          Endpoint{kServerAddress, kUnreadPort}, 1'000 * i);
      answers_.push_back(peers_.back().syn());
    }
  }
  /// Nothing while an own handshake is not over.
  std::optional<Forger::Frame> next() {
    if (flood_) return flood_->next();
    if (!answers_.empty()) {
      Forger::Frame frame = std::move(answers_.front());
      answers_.pop_front();
      return frame;
    }
    HandPeer& peer = peers_[random_.below(kTinyConnections)];
    if (!peer.is_open()) return std::nullopt;
    const std::array<std::byte, 1> byte{};
    return random_.chance(0.5) ? peer.data(byte)
                               : peer.data_ahead(1 + 2 * random_.below(20'000), byte);
  }
  /// Only the peer that it is for hears it: what all of them did about each answer would be in the
  /// victim's way, between its own packets.
  void hear(std::span<const std::byte> frame) {
    const auto number = static_cast<std::uint32_t>(port_of(frame) - kFirstPort);
    if (number >= peers_.size()) return;
    HandPeer& peer = peers_[number];
    const bool was_open = peer.is_open();
    auto answer = peer.hear(frame);
    if (answer && !was_open) answers_.push_back(std::move(*answer));
  }

 private:
  static constexpr std::uint16_t kFirstPort = 20'000;

  /// Where a TCP segment over IPv4 goes; 0 for other frames.
  static int port_of(std::span<const std::byte> frame) {
    const auto ethernet = wire::EthernetView::parse(frame);
    if (!ethernet || ethernet->ether_type() != wire::ether_type::kIpv4) return 0;
    const auto ip = wire::Ipv4View::parse(frame.subspan(wire::EthernetView::kHeader));
    if (!ip || ip->protocol() != wire::ip_protocol::kTcp) return 0;
    const auto tcp = wire::TcpView::parse(ip->payload());
    return tcp ? tcp->dst_port() : 0;
  }

  Forger forger_;
  Random random_;
  std::optional<sim::Flood> flood_;
  std::vector<HandPeer> peers_;
  std::deque<Forger::Frame> answers_;
};

/// One honest stranger after the other: a handshake, a request, its answer.
class Newcomers {
 public:
  explicit Newcomers(const Forger& forger) : forger_(forger) {}

  /// What the present one sends now, if anything.
  std::optional<Forger::Frame> turn(Instant now) {
    if (peer_ && now < patience_ && !peer_->is_broken()) return std::exchange(answer_, {});
    ++tried_;
    patience_ = now + kNewcomersPatience;
    const auto port = static_cast<std::uint16_t>(1'024 + tried_ % 60'000);
    peer_.emplace(forger_, Endpoint{kNewcomer, port}, Endpoint{kServerAddress, kEchoPort},
                  0x9e37'79b9u * tried_);
    has_asked_ = false;
    answer_.reset();
    return peer_->syn();
  }
  void hear(std::span<const std::byte> frame) {
    if (!peer_) return;
    auto answer = peer_->hear(frame);
    if (!answer) return;
    const std::array<std::byte, 64> request{};
    if (!has_asked_) {
      has_asked_ = true;
      answer_ = peer_->data(request);  // acknowledges the SYN-ACK as well
    } else if (peer_->heard_bytes() == request.size()) {
      ++welcomed_;
      answer_ = peer_->reset();
      patience_ = {};
      leaving_ = true;
    }
  }
  /// The last words of one who has got what it wanted.
  std::optional<Forger::Frame> farewell() {
    if (!std::exchange(leaving_, false)) return std::nullopt;
    return std::exchange(answer_, {});
  }
  std::uint32_t tried() const { return tried_; }
  std::uint32_t welcomed() const { return welcomed_; }

 private:
  Forger forger_;
  std::optional<HandPeer> peer_;
  std::optional<Forger::Frame> answer_;
  Instant patience_;
  bool has_asked_ = false;
  bool leaving_ = false;
  std::uint32_t tried_ = 0;
  std::uint32_t welcomed_ = 0;
};

class FloodedServer {
 public:
  FloodedServer(CableWorld& world, EchoServer& server, EchoClient& client,
                const FloodOptions& options)
      : world_(world),
        server_(server),
        client_(client),
        options_(options),
        client_mac_(world.client().queue->capabilities().mac),
        forger_(client_mac_, world.server().queue->capabilities().mac),
        newcomers_(forger_) {}

  Result<FloodResult> run(std::string& why);

 private:
  struct Work {
    std::uint64_t cycles = 0;
    std::uint64_t packets = 0;
  };

  void let_client_act(Instant now);
  void serve_honest_packets(Instant now);
  void serve_strangers(Instant now, std::uint64_t frames);
  void deliver(std::span<rte_mbuf* const> made);
  rte_mbuf* buffer_of(const Forger::Frame& frame);
  void run_slices(Duration time, bool flooded, Figure& cycles);
  sim::FloodVictim victim();

  CableWorld& world_;
  EchoServer& server_;
  EchoClient& client_;
  const FloodOptions& options_;
  MacAddress client_mac_;
  Forger forger_;
  Newcomers newcomers_;
  std::unique_ptr<Attack> attack_;
  Work honest_;
  Work forged_;
  Instant flood_began_;
};

rte_mbuf* FloodedServer::buffer_of(const Forger::Frame& frame) {
  auto m = buf::Mbuf::copy_of(frame, *world_.server().data);
  if (!m) return nullptr;
  // As a NIC that has looked at the checksums; they are right.
  (*m)->ol_flags |= RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD;
  return std::move(*m).release();
}

void FloodedServer::let_client_act(Instant now) {
  CableEnd& end = world_.client();
  std::array<rte_mbuf*, kBurst> packets;
  const std::size_t received = end.queue->rx_burst(packets);
  end.shard->on_burst(0, std::span(packets).first(received), now);
  if (now >= end.shard->next_deadline()) end.shard->on_deadline(now);
  (void)client_.on_turn(*end.sockets, now);
  const std::size_t made = end.shard->poll_transmit(0, packets, now);
  const std::size_t sent = end.queue->tx_burst(std::span(packets).first(made));
  for (rte_mbuf* m : std::span(packets).subspan(sent, made - sent)) buf::free_chain(m);
}

/// To the client, or to whoever plays a stranger.
void FloodedServer::deliver(std::span<rte_mbuf* const> made) {
  for (rte_mbuf* m : made) {
    const auto frame = buf::bytes(m);
    const auto ip = frame.size() < 34
                        ? std::nullopt
                        : wire::Ipv4View::parse_quoted(frame.subspan(wire::EthernetView::kHeader));
    const auto ethernet = wire::EthernetView::parse(frame);
    const bool on_cable =
        ethernet && (ethernet->dst() == client_mac_ || ethernet->dst().is_multicast());
    const bool to_stranger = !on_cable || (ip && ip->dst() != kClientAddress);
    if (to_stranger) {
      newcomers_.hear(frame);
      if (attack_) attack_->hear(frame);
      buf::free_chain(m);
    } else if (world_.server().queue->tx_burst({&m, 1}) == 0) {
      buf::free_chain(m);
    }
  }
}

void FloodedServer::serve_honest_packets(Instant now) {
  CableEnd& end = world_.server();
  std::array<rte_mbuf*, kBurst> packets;
  const std::size_t received = end.queue->rx_burst(packets);
  const std::uint64_t began = rte_rdtsc();
  end.shard->on_burst(0, std::span(packets).first(received), now);
  (void)server_.on_turn(*end.sockets, now);
  const std::size_t made = end.shard->poll_transmit(0, packets, now);
  if (received > 0) {
    honest_.cycles += rte_rdtsc() - began;
    honest_.packets += received;
  }
  deliver(std::span(packets).first(made));
}

/// Forged frames and newcomers', and the time that passes; what all of them are answered.
void FloodedServer::serve_strangers(Instant now, std::uint64_t frames) {
  CableEnd& end = world_.server();
  while (frames > 0) {
    std::array<rte_mbuf*, kBurst> packets;
    std::size_t count = 0;
    for (; count < std::min<std::uint64_t>(frames, kBurst); ++count) {
      const auto frame = attack_->next();
      packets[count] = frame ? buffer_of(*frame) : nullptr;
      if (packets[count] == nullptr) break;
    }
    frames = count == kBurst ? frames - count : 0;
    const std::uint64_t began = rte_rdtsc();
    end.shard->on_burst(0, std::span(packets).first(count), now);
    const std::size_t made = end.shard->poll_transmit(0, packets, now);
    forged_.cycles += rte_rdtsc() - began;
    forged_.packets += count;
    deliver(std::span(packets).first(made));
  }
  for (auto frame : {newcomers_.farewell(), newcomers_.turn(now)}) {
    if (!frame) continue;
    rte_mbuf* m = buffer_of(*frame);
    if (m != nullptr) end.shard->on_burst(0, {&m, 1}, now);
  }
  if (now >= end.shard->next_deadline()) {
    const std::uint64_t began = rte_rdtsc();
    end.shard->on_deadline(now);
    forged_.cycles += rte_rdtsc() - began;
  }
}

/// In slices, of which the median counts: in some another program has the CPU.
void FloodedServer::run_slices(Duration time, bool flooded, Figure& cycles) {
  const Instant end = runtime::read_clock() + time;
  Instant now = runtime::read_clock();
  flood_began_ = now;
  std::uint64_t sent = 0;
  while (now < end) {
    const Instant slice_end = now + kSlice;
    const Work before = honest_;
    while (now < slice_end) {
      let_client_act(now);
      serve_honest_packets(now);
      if (flooded) {
        const double seconds = std::chrono::duration<double>(now - flood_began_).count();
        const auto due = static_cast<std::uint64_t>(seconds * options_.packets_per_second);
        serve_strangers(now, std::min<std::uint64_t>(due - sent, 4 * kBurst));
        sent = due;
      } else if (now >= world_.server().shard->next_deadline()) {
        world_.server().shard->on_deadline(now);
      }
      now = runtime::read_clock();
    }
    const std::uint64_t packets = honest_.packets - before.packets;
    if (packets == 0) continue;
    cycles.add(static_cast<double>(honest_.cycles - before.cycles) / static_cast<double>(packets));
  }
}

sim::FloodVictim FloodedServer::victim() {
  sim::FloodVictim victim{.forger = forger_,
                          .mac = world_.server().queue->capabilities().mac,
                          .v4 = kServerAddress,
                          .v6 = kServerAddressV6,
                          .port = kEchoPort,
                          .established = {}};
  world_.server().shard->tcp().for_each_connection(
      [&](const tcp::Connection& c) { victim.established.push_back(c.flow().remote); });
  return victim;
}

Result<FloodResult> FloodedServer::run(std::string& why) {
  why = "not all connections of the benchmark open";
  const Instant patience = runtime::read_clock() + kPatience;
  while (!client_.are_all_open()) {
    const Instant now = runtime::read_clock();
    if (now > patience || client_.broken() > 0) return Errc::kConnReset;
    let_client_act(now);
    serve_honest_packets(now);
  }
  why.clear();
  attack_ = std::make_unique<Attack>(options_, victim());
  Figure ignored, alone, beside;
  run_slices(options_.measured / 4, false, ignored);
  run_slices(options_.measured, false, alone);
  run_slices(options_.measured / 2, true, ignored);  // tables fill
  const std::int64_t heap = heap_bytes();
  const std::uint32_t buffers = world_.server().data->in_use();
  forged_ = {};
  const Instant began = runtime::read_clock();
  run_slices(options_.measured, true, beside);
  const Duration took = runtime::read_clock() - began;
  FloodResult result;
  result.forged = forged_.packets;
  const auto forged = static_cast<double>(forged_.packets);
  result.forged_per_second = forged / std::chrono::duration<double>(took).count();
  result.cycles_a_forgery = static_cast<double>(forged_.cycles) / forged;
  result.cycles_alone = alone.median();
  result.cycles_beside = beside.median();
  result.newcomers = newcomers_.tried() - 1;  // the last is still on its way
  result.welcomed = std::min(newcomers_.welcomed(), result.newcomers);
  result.heap_growth = heap_bytes() - heap;
  result.buffer_growth =
      std::int64_t{world_.server().data->in_use()} - static_cast<std::int64_t>(buffers);
  result.broken = client_.broken();
  return result;
}

}  // namespace

Result<FloodResult> run_flood(const FloodOptions& options, std::string& why) {
  const EchoClientOptions asks{.connections = options.connections};
  ZS_TRY_ASSIGN(const auto requests, make_request_pool(asks));
  CableOptions cable;
  cable.delivery = dev::Delivery::kCopies;
  cable.faces_the_internet = true;
  ZS_TRY_ASSIGN(const auto world, CableWorld::create(cable, why));
  sock::SocketTable& sockets = *world->server().sockets;
  EchoServer server(sockets, EchoApi::kZeroCopy);
  EchoClient client(*world->client().sockets, world->client().pools(), *requests, asks);
  ZS_TRY(server.on_start(runtime::read_clock(), why));
  ZS_TRY(client.on_start(runtime::read_clock(), why));
  ZS_TRY_ASSIGN(const int unread, sockets.socket(sock::Type::kStream, IpFamily::kV4));
  ZS_TRY(sockets.bind(unread, {IpAddress::any(IpFamily::kV4), kUnreadPort}));
  ZS_TRY(sockets.listen(unread, 2 * kTinyConnections));
  return FloodedServer(*world, server, client, options).run(why);
}

}  // namespace zs::bench
