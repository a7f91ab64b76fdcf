#include "sim/scenario.hpp"

#include <algorithm>

#include "dev/pair.hpp"
#include "sim/draw.hpp"

namespace zs::sim {

using namespace std::chrono_literals;

namespace {

/// So that the weather of a world has nothing to do with what it was drawn by.
constexpr std::uint64_t kDrawSalt = 0x5eed'0f5c'e4a2'1000ull;
/// The same, so that what ECN and its friends draw changes nothing else of a world.
constexpr std::uint64_t kEcnSalt = 0x0ec4'5a17'0ec4'5a17ull;
/// And for black holes.
constexpr std::uint64_t kHoleSalt = 0xb1ac'0b01'e5a1'7000ull;
constexpr Duration kLimit = 4h;  ///< of virtual time, which costs nothing while nothing happens

LinkSpec lan_link(Draw& d) {
  LinkSpec l;
  l.bits_per_second = d.pick<std::uint64_t>({100'000'000, 1'000'000'000, 10'000'000'000});
  l.one_way_delay = d.time(5us, 500us);
  l.queue_bytes = d.magnitude(30'000, 1'000'000);
  if (d.chance(0.2)) l.loss = d.fraction(0, 0.001);
  if (d.chance(0.1)) l.reorder = d.fraction(0, 0.02);
  if (d.chance(0.1)) l.mtu = 9'000;
  return l;
}

LinkSpec wan_link(Draw& d) {
  LinkSpec l;
  l.bits_per_second = d.magnitude(500'000, 200'000'000);
  l.one_way_delay = d.time(2ms, 150ms);
  const double round_trip = static_cast<double>(l.one_way_delay.count()) * 2e-9;
  const double product = static_cast<double>(l.bits_per_second) / 8 * round_trip;
  l.queue_bytes = std::max(8'000u, static_cast<std::uint32_t>(product * d.fraction(0.1, 2)));
  l.loss = d.chance(0.5) ? d.fraction(0, 0.01) : 0;
  l.reorder = d.chance(0.2) ? d.fraction(0, 0.01) : 0;
  l.jitter = d.chance(0.5) ? d.time(0us, 10ms) : Duration{};
  return l;
}

LinkSpec lossy_link(Draw& d) {
  LinkSpec l = wan_link(d);
  l.bits_per_second = d.magnitude(2'000'000, 100'000'000);
  l.one_way_delay = d.time(100us, 60ms);
  l.loss = d.fraction(0.01, 0.2);
  l.reorder = d.chance(0.5) ? d.fraction(0, 0.2) : 0;
  l.duplicate = d.chance(0.5) ? d.fraction(0, 0.1) : 0;
  l.corrupt = d.chance(0.5) ? d.fraction(0, 0.05) : 0;
  return l;
}

LinkSpec any_link(Draw& d) {
  return d.chance(0.4) ? lan_link(d) : d.chance(0.7) ? wan_link(d) : lossy_link(d);
}

tcp::Config any_tcp(Draw& d) {
  tcp::Config c;
  c.congestion = d.pick({tcp::CongestionAlgorithm::kCubic, tcp::CongestionAlgorithm::kNewReno,
                         tcp::CongestionAlgorithm::kBbr});
  c.pacing = d.chance(0.2);
  c.timestamps = d.chance(0.8);
  c.sack = d.chance(0.8);
  c.window_scaling = d.chance(0.8);
  c.nodelay = d.chance(0.3);
  c.initial_window_segments = d.pick({1u, 3u, 10u, 10u, 10u});
  c.min_rto = d.pick<Duration>({50ms, 200ms, 200ms, 1s});
  c.max_rto = d.pick<Duration>({5s, 20s, 60s});
  c.delayed_ack = d.pick<Duration>({5ms, 40ms, 40ms, 200ms});
  c.time_wait = d.time(100ms, 10s);
  c.fin_wait_2 = d.time(1s, 20s);
  // However much is lost, nobody gives up.
  c.syn_retries = c.syn_ack_retries = 30;
  c.data_retries = 60;
  c.max_connections = c.syn_cache_entries = c.time_wait_entries = 1'024;  // quick to set up
  c.send_buffer_bytes = d.magnitude(8'000, 1'000'000);
  c.receive_buffer_bytes = d.magnitude(8'000, 1'000'000);
  // Every third host's buffers grow.
  c.send_buffer_max_bytes = c.send_buffer_bytes % 3 == 0 ? 4u << 20 : 0;
  c.receive_buffer_max_bytes = c.receive_buffer_bytes % 3 == 0 ? 4u << 20 : 0;
  if (c.receive_buffer_bytes % 2 == 0) c.awake_connections = 0;  // who is quiet sleeps
  return c;
}

dev::Offload any_offloads(Draw& d) {
  auto offloads = dev::Offload::kMultiSegment;
  if (d.chance(0.3)) return dev::kAllPairOffloads;
  for (const auto bit : {dev::Offload::kRxIpChecksum, dev::Offload::kRxL4Checksum,
                         dev::Offload::kTxIpChecksum, dev::Offload::kTxL4Checksum}) {
    if (d.chance(0.3)) offloads = offloads | bit;
  }
  return offloads;
}

PlannedHost any_host(Draw& d) {
  PlannedHost h;
  h.config.tcp = any_tcp(d);
  h.config.offloads = any_offloads(d);
  if (d.chance(0.2)) h.config.driver = {.hold = d.time(0us, 3ms), .ring = d.between(64, 1'024)};
  return h;
}

StreamPlan any_stream(Draw& d, std::uint32_t most_bytes, std::uint64_t salt) {
  StreamPlan s;
  s.send_bytes = d.chance(0.1) ? 0 : d.magnitude(1, most_bytes);
  s.salt = salt;
  s.small_messages = d.chance(0.3);
  s.chunk_bytes = d.chance(0.2) ? d.magnitude(1, 2'000) : d.magnitude(2'000, 64'000);
  // Not millions of writes of one byte.
  const auto least = static_cast<std::uint32_t>(s.send_bytes / 500);
  s.chunk_bytes = std::max({s.chunk_bytes, least, 1u});
  if (d.chance(0.15)) {
    s.pause_at = d.between(0, most_bytes / 2);
    s.pause = d.time(1ms, 30s);
  }
  return s;
}

PlannedConnection any_connection(Draw& d, std::uint32_t most_bytes) {
  PlannedConnection c;
  c.family = d.chance(0.4) ? IpFamily::kV6 : IpFamily::kV4;
  if (d.chance(0.2)) std::swap(c.client, c.server);
  c.begins = d.chance(0.5) ? Duration{} : d.time(0ms, 2s);
  const std::uint64_t salt = d.any();
  c.initiator = any_stream(d, most_bytes, salt);
  c.acceptor = any_stream(d, most_bytes, salt);
  if (d.chance(0.15)) c.acceptor.listens_first = true;
  if (d.chance(0.1)) {
    StreamPlan& who = d.chance(0.5) ? c.initiator : c.acceptor;
    who.abort_at = d.between(0, most_bytes);
  }
  return c;
}

void add_connections(Draw& d, Scenario& s, std::uint32_t most, std::uint32_t most_bytes) {
  const std::uint32_t n = d.magnitude(1, most + 1);
  for (std::uint32_t i = 0; i < n; ++i) {
    s.connections.push_back(any_connection(d, std::max(most_bytes / n, 2u)));
  }
}

/// A reset that is lost leaves the other end with nothing to send: only keepalive finds out.
void watch_over_aborts(Scenario& s) {
  const bool any = std::any_of(s.connections.begin(), s.connections.end(),
                               [](const PlannedConnection& c) { return c.may_abort(); });
  if (!any) return;
  for (PlannedHost& h : s.hosts) {
    h.config.tcp.keepalive = true;
    h.config.tcp.keepalive_idle = 20s;
    h.config.tcp.keepalive_interval = 5s;
    h.config.tcp.keepalive_probes = 40;
  }
}

void add_troubles(Draw& d, Scenario& s) {
  if (!d.chance(0.1)) return;
  s.troubles.push_back({.kind = d.pick({Trouble::Kind::kCableOut, Trouble::Kind::kHostStandsStill}),
                        .begins = d.time(0ms, 3s),
                        .lasts = d.time(10ms, 20s),
                        .host = d.between(0, static_cast<std::uint32_t>(s.hosts.size()) - 1)});
}

void on_one_cable(Draw& d, Scenario& s, LinkSpec (*draw_link)(Draw&)) {
  s.hosts = {any_host(d), any_host(d)};
  s.hosts[0].access = draw_link(d);
  s.hosts[1].access = d.chance(0.3) ? draw_link(d) : s.hosts[0].access;
  // A queue that a whole frame does not fit is a link that carries none.
  for (PlannedHost& h : s.hosts) {
    h.access.queue_bytes = std::max(h.access.queue_bytes, 4u * s.hosts[0].access.mtu);
  }
  s.copies = d.chance(0.3);
  if (d.chance(0.1)) s.hosts[0].config.vlan = s.hosts[1].config.vlan = 7;
}

/// Buffers that the applications of host `number` can have in send buffers at one time.
std::uint32_t written_buffers(const Scenario& s, std::size_t number) {
  std::uint64_t sum = 0;
  const std::uint32_t room = s.hosts[number].config.tcp.send_buffer_bytes;
  for (const PlannedConnection& c : s.connections) {
    const StreamPlan& plan = c.client == number ? c.initiator : c.acceptor;
    sum += std::min<std::uint64_t>(plan.send_bytes, room) / plan.chunk_bytes + 1;
  }
  return static_cast<std::uint32_t>(sum);
}

/// Pools for a few packets, windows of a few segments, tables of a few entries.
void make_tiny(Draw& d, Scenario& s) {
  const auto connections = static_cast<std::uint32_t>(s.connections.size());
  for (PlannedHost& h : s.hosts) {
    tcp::Config& c = h.config.tcp;
    c.send_buffer_bytes = d.magnitude(600, 8'000);
    c.receive_buffer_bytes = d.magnitude(600, 8'000);
    c.send_buffer_max_bytes = c.receive_buffer_max_bytes = 0;
    c.receive_buffer_segments = d.between(2, 40);
    c.max_connections = connections + d.between(0, 2);
    c.syn_cache_entries = d.between(1, 4);
    c.time_wait_entries = d.between(1, 4);
    h.config.may_copy = true;
    h.config.driver.reset();  // ours copies into the host's buffers, which no true one needs
  }
  if (d.chance(0.3)) s.hosts[0].access.mtu = static_cast<std::uint16_t>(d.between(1'280, 1'500));
  for (PlannedHost& h : s.hosts) h.access.queue_bytes = d.magnitude(6'000, 60'000);
  for (PlannedConnection& c : s.connections) {
    for (StreamPlan* plan : {&c.initiator, &c.acceptor}) {
      plan->chunk_bytes = std::min(plan->chunk_bytes, d.magnitude(1, 4'000));
      plan->send_bytes = std::min<std::uint64_t>(plan->send_bytes, plan->chunk_bytes * 300ull);
    }
  }
  // What is written may take most of the pool.
  for (std::size_t i = 0; i < s.hosts.size(); ++i) {
    s.hosts[i].config.buffers =
        written_buffers(s, i) * d.between(14, 20) / 10 + connections * d.between(6, 20) + 32;
  }
}

/// Hosts that ask for ECN, or will have none of it, and links that mark.
void add_congestion_marks(Draw& d, Scenario& s) {
  if (!d.chance(0.5)) return;
  const auto let_mark = [&d](LinkSpec& link) {
    if (d.chance(0.5)) link.mark = d.fraction(0, 0.3);
    if (d.chance(0.5)) link.mark_queue_bytes = std::max(link.queue_bytes / d.between(2, 20), 1u);
  };
  for (PlannedHost& h : s.hosts) {
    tcp::Config& c = h.config.tcp;
    c.ecn =
        d.pick({tcp::EcnMode::kOff, tcp::EcnMode::kPassive, tcp::EcnMode::kOn, tcp::EcnMode::kOn});
    c.ecn_alternative_backoff = d.chance(0.3);
    c.hystart =
        d.pick({tcp::HyStartUse::kNobody, tcp::HyStartUse::kCubic, tcp::HyStartUse::kEverybody});
    if (d.chance(0.25)) c.congestion = tcp::CongestionAlgorithm::kDctcp;
    if (!s.bottleneck) let_mark(h.access);
  }
  if (s.bottleneck) let_mark(*s.bottleneck);
}

/// Hosts that find out by themselves how long packets may be, and links that swallow longer ones
/// (RFC 4821), though nothing that every IPv6 link carries.
void add_black_holes(Draw& d, Scenario& s) {
  if (!d.chance(0.25)) return;
  const bool any_hole = d.chance(0.7);
  for (PlannedHost& h : s.hosts) {
    h.config.tcp.mtu_probing = d.pick({tcp::MtuProbing::kBlackHole, tcp::MtuProbing::kOn});
    if (!any_hole || !d.chance(0.7)) continue;
    h.config.offloads = dev::Offload::kMultiSegment;  // the link would see super-frames
    h.access.swallow_above = d.between(1'300, 1'520);
  }
}

void draw_mixed(Draw& d, Scenario& s) {
  const std::uint32_t pairs = d.between(2, 5);
  s.bottleneck = any_link(d);
  s.bottleneck->mtu = 1'500;
  for (std::uint32_t i = 0; i < 2 * pairs; ++i) {
    s.hosts.push_back(any_host(d));
    PlannedHost& h = s.hosts.back();
    h.config.offloads = dev::Offload::kMultiSegment;
    h.access = {.bits_per_second = 1'000'000'000, .one_way_delay = d.time(1us, 20ms)};
  }
  add_connections(d, s, 12, 400'000);
  for (PlannedConnection& c : s.connections) {
    const bool leftward = c.client != 0;
    c.client = d.between(0, pairs - 1);
    c.server = d.between(pairs, 2 * pairs - 1);
    if (leftward) std::swap(c.client, c.server);
  }
}

}  // namespace

std::string_view name_of(Profile profile) {
  for (const auto& [name, p] : kProfiles) {
    if (p == profile) return name;
  }
  return "?";
}

std::optional<Profile> profile_named(std::string_view name) {
  for (const auto& [known, p] : kProfiles) {
    if (known == name) return p;
  }
  return std::nullopt;
}

Scenario draw_scenario(Profile profile, std::uint64_t seed) {
  Draw d{seed ^ (kDrawSalt + static_cast<std::uint64_t>(profile))};
  Scenario s;
  s.profile = profile;
  s.seed = seed;
  s.limit = kLimit;
  switch (profile) {
    case Profile::kLan:
      on_one_cable(d, s, lan_link);
      add_connections(d, s, 16, 600'000);
      add_troubles(d, s);
      break;
    case Profile::kWan:
      on_one_cable(d, s, wan_link);
      add_connections(d, s, 8, 400'000);
      add_troubles(d, s);
      break;
    case Profile::kLossy:
      on_one_cable(d, s, lossy_link);
      add_connections(d, s, 6, 200'000);
      add_troubles(d, s);
      break;
    case Profile::kHostile:
      on_one_cable(d, s, any_link);
      for (PlannedHost& h : s.hosts) {
        h.config.vlan = 0;
        h.access.corrupt = 0;  // what a corrupted frame says, a replay must not make true
      }
      add_connections(d, s, 6, 150'000);
      s.strikes = d.magnitude(20, 400);
      s.strike_interval = d.time(50us, 20ms);
      break;
    case Profile::kTiny:
      on_one_cable(d, s, any_link);
      s.hosts[0].access.mtu = 1'500;
      s.copies = true;  // whose buffers are scarce matters
      add_connections(d, s, 5, 60'000);
      make_tiny(d, s);
      break;
    case Profile::kMixed:
      draw_mixed(d, s);
      break;
  }
  Draw marks{seed ^ (kEcnSalt + static_cast<std::uint64_t>(profile))};
  add_congestion_marks(marks, s);
  Draw holes{seed ^ (kHoleSalt + static_cast<std::uint64_t>(profile))};
  add_black_holes(holes, s);
  watch_over_aborts(s);
  return s;
}

}  // namespace zs::sim
