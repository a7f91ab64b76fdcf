#include "sim/world.hpp"

#include <algorithm>

#include "base/assert.hpp"

namespace zs::sim {

namespace {
/// More turns than this without time passing is a stack that is busy with itself.
constexpr int kMostTurns = 10'000;
constexpr std::size_t kLongHint = 1'000;
}  // namespace

World::World(std::uint64_t seed) : seed_(seed) {}

/// Frames on the cable and in the hosts' queues go before the pools that they came from, and those
/// that crossed belong to the other host's pools.
World::~World() {
  for (auto& host : hosts_) {
    host->connected_.clear();
    host->accepted_.clear();
    host->sockets_.reset();
    host->shard_.reset();
    host->vlan_.reset();
    host->offload_.reset();
    host->driver_.reset();
    host->tap_.reset();
    host->fault_.reset();
  }
  cable_.reset();
  bottleneck_.reset();
}

Host& World::add_host(std::string name, const HostConfig& config) {
  const auto number = static_cast<std::uint8_t>(hosts_.size() + 1);
  hosts_.push_back(std::make_unique<Host>(std::move(name), number, seed_, config));
  return *hosts_.back();
}

void World::connect(Host& a, Host& b, const LinkSpec& a_to_b, const LinkSpec& b_to_a,
                    dev::Delivery delivery) {
  const auto end_of = [](Host& host) {
    return dev::PairEndConfig{.name = host.name(),
                              .mac = host.mac(),
                              .pools = host.pools(),
                              .offloads = host.config_.offloads};
  };
  auto cable =
      dev::Pair::create({.a = end_of(a), .b = end_of(b), .mtu = a_to_b.mtu, .delivery = delivery});
  ZS_CHECK(cable.has_value());
  cable_ = *std::move(cable);
  a.attach(cable_->a(), a_to_b, now_);
  b.attach(cable_->b(), b_to_a, now_);
}

void World::connect_through(const LinkSpec& link) {
  bottleneck_ = std::make_unique<Bottleneck>(link, seed_);
}

void World::plug_in(Host& host, Bottleneck::Side side, const LinkSpec& access) {
  host.attach(bottleneck_->add_port(side, host.mac(), host.pools()), access, now_);
}

void World::set_cable(dev::Link link) {
  cable_->set_link(link);
  for (auto& host : hosts_) host->set_link(link == dev::Link::kUp, now_);
}

void World::schedule(Duration after, std::function<void()> action) {
  scheduled_.emplace(now_ + after, std::move(action));
}

void World::run_scheduled() {
  while (!scheduled_.empty() && scheduled_.begin()->first <= now_) {
    const auto action = std::move(scheduled_.extract(scheduled_.begin()).mapped());
    action();
  }
}

/// Lets everybody act until nobody has anything to do at this moment.
bool World::settle() {
  for (int turns = 0; turns < kMostTurns; ++turns) {
    bool moved = false;
    for (auto& host : hosts_) moved |= host->turn(now_, trace_);
    if (bottleneck_) moved |= bottleneck_->advance(now_);
    if (!moved) return true;
  }
  return false;
}

void World::step() {
  run_scheduled();
  if (!settle()) {
    broken_ = "busy without end";
    return;
  }
  ++steps_;
  check_invariants();
  check_progress();
}

void World::check_progress() {
  std::uint64_t mark = 0;
  for (const auto& host : hosts_) {
    mark += host->received_total() + host->tcp().active_opens + host->tcp().passive_opens +
            host->tcp().established_resets + host->tcp().time_wait_entered - host->connections() -
            host->time_waits() - host->half_open();
  }
  if (mark != progress_mark_) last_progress_ = steps_;
  progress_mark_ = mark;
  if (steps_ - last_progress_ > patience_) broken_ = "much happens, and nothing comes of it";
}

void World::check_connections(Host& host) {
  host.shard_->tcp().for_each_connection([&](const tcp::Connection& c) {
    const char* const why = c.audit(audits_[&c]);
    if (why == nullptr) return;
    broken_ = host.name() + ": " + c.flow().local.to_string() + ' ' + c.flow().remote.to_string() +
              ' ' + std::string{to_string(c.state())} + ": " + why;
  });
}

void World::check_invariants() {
  for (const auto& host : hosts_) {
    const auto fail = [&](const std::string& what) { broken_ = host->name() + ": " + what; };
    if (!host->all_content_ok()) fail("a byte differs from what was sent");
    const tcp::Counters& c = host->tcp();
    if (c.retransmitted_segments > c.segments_out) fail("more was sent again than was sent");
    if (c.copied_bytes_in > 0 && !host->has_been_low() && !host->config_.may_copy &&
        !host->has_lagged())
      fail("a payload byte was copied on the zero-copy path");
    if (host->connections() > host->config_.tcp.max_connections) fail("too many connections");
    if (host->driver_ && !host->driver_->violation().empty()) fail(host->driver_->violation());
    check_connections(*host);
  }
}

Instant World::next_moment() const {
  Instant next = scheduled_.empty() ? Instant::never() : scheduled_.begin()->first;
  for (const auto& host : hosts_) next = std::min(next, host->next_deadline());
  return bottleneck_ ? std::min(next, bottleneck_->next_deadline()) : next;
}

bool World::run_until(const std::function<bool()>& done, Duration limit) {
  const Instant end = now_ + limit;
  while (true) {
    step();
    if (broken_) return false;
    if (done()) return true;
    if (now_ >= end) return false;
    const Instant next = std::min(next_moment(), end);
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
          return host->connections() == 0 && host->time_waits() == 0 && host->half_open() == 0 &&
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
