#include "sim/world.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace zs::sim {

namespace {
/// More turns than this without time passing is a stack that is busy with itself.
constexpr int kMostTurns = 10'000;
constexpr std::size_t kLongHint = 1'000;

MacAddress mac_of(std::uint8_t number) {
  MacAddress mac;
  mac.bytes[0] = std::byte{2};
  mac.bytes[5] = std::byte{number};
  return mac;
}
}  // namespace

World::World(std::uint64_t seed) : seed_(seed) {}

/// Frames on the cable and in the hosts' queues go before the pools that they came from, and those
/// that crossed belong to the other host's pools.
World::~World() {
  for (auto& host : hosts_) {
    host->sockets_.reset();
    host->shard_.reset();
    host->vlan_.reset();
    host->offload_.reset();
    host->driver_.reset();
    host->fault_.reset();
  }
  cable_.reset();
}

Host& World::add_host(std::string name, const HostConfig& config) {
  const auto number = static_cast<std::uint8_t>(hosts_.size() + 1);
  hosts_.push_back(std::make_unique<Host>(std::move(name), number, seed_, config));
  return *hosts_.back();
}

void World::connect(Host& a, Host& b, const LinkSpec& link) {
  const auto end_of = [](Host& host) {
    return dev::PairEndConfig{.name = host.name(),
                              .mac = mac_of(host.number_),
                              .pools = host.pools(),
                              .offloads = host.config_.offloads};
  };
  auto cable = dev::Pair::create({.a = end_of(a), .b = end_of(b), .mtu = link.mtu});
  ZS_CHECK(cable.has_value());
  cable_ = *std::move(cable);
  a.attach(cable_->a(), link, now_);
  b.attach(cable_->b(), link, now_);
}

void World::set_cable(dev::Link link) {
  cable_->set_link(link);
  for (auto& host : hosts_) host->set_link(link == dev::Link::kUp, now_);
}

void World::step() {
  int turns = 0;
  for (bool moved = true; moved;) {
    moved = false;
    for (auto& host : hosts_) moved |= host->turn(now_, trace_);
    if (++turns > kMostTurns) {
      broken_ = "busy without end";
      return;
    }
  }
  check_invariants();
}

void World::check_invariants() {
  for (const auto& host : hosts_) {
    const auto fail = [&](const std::string& what) { broken_ = host->name() + ": " + what; };
    if (!host->all_content_ok()) fail("a byte differs from what was sent");
    const tcp::Counters& c = host->tcp();
    if (c.retransmitted_segments > c.segments_out) fail("more was sent again than was sent");
    if (c.copied_bytes_in > 0 && !host->has_been_low())
      fail("a payload byte was copied on the zero-copy path");
    if (host->connections() > host->config_.tcp.max_connections) fail("too many connections");
    if (host->driver_ && !host->driver_->violation().empty()) fail(host->driver_->violation());
  }
}

bool World::run_until(const std::function<bool()>& done, Duration limit) {
  const Instant end = now_ + limit;
  while (true) {
    step();
    if (broken_) return false;
    if (done()) return true;
    Instant next = end;
    for (const auto& host : hosts_) next = std::min(next, host->next_deadline());
    if (now_ >= end) return false;
    now_ = std::max(next, now_ + Duration{1000});  // a deadline in the past waits for the other end
  }
}

void World::run_for(Duration time) {
  (void)run_until([] { return false; }, time);
}

bool World::ends_clean(Duration limit) {
  const bool over = run_until(
      [&] {
        return std::all_of(hosts_.begin(), hosts_.end(), [](const auto& host) {
          return host->connections() == 0 && host->shard_->tcp().time_wait_count() == 0 &&
                 host->buffers_in_use() == 0;
        });
      },
      limit);
  if (!over && !broken_) broken_ = "connections or buffers are left";
  return over;
}

std::string World::replay_hint() const {
  std::string hint = "replay: sim::World{" + std::to_string(seed_) + "} at " +
                     std::to_string(now_.ns() / 1'000'000) + " ms";
  for (const auto& host : hosts_) {
    hint += "; " + host->name() + ": " + std::to_string(host->connections()) + " connections, " +
            std::to_string(host->buffers_in_use()) + " buffers, received " +
            std::to_string(host->received_total());
    host->shard_->tcp().for_each_connection([&](const tcp::Connection& c) {
      if (hint.size() > kLongHint) return;
      hint += " [" + c.flow().local.to_string() + ' ' + c.flow().remote.to_string() + ' ' +
              std::string{to_string(c.state())} + ']';
    });
  }
  return broken_ ? hint + "; broken: " + *broken_ : hint;
}

}  // namespace zs::sim
