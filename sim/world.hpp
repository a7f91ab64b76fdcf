#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dev/pair.hpp"
#include "sim/bottleneck.hpp"
#include "sim/host.hpp"
#include "tcp/audit.hpp"

namespace zs::sim {

/// Hosts, a cable between two of them, and time. Everything random comes from the seed: the same
/// seed gives the same world, frame by frame (trace_hash()).
class World {
 public:
  explicit World(std::uint64_t seed);
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Host& add_host(std::string name, const HostConfig& config = {});
  /// Each host has one cable. Unless HostConfig::offloads says otherwise the link does no offload:
  /// checksums are made and verified, and segments cut, in software.
  void connect(Host& a, Host& b, const LinkSpec& link) { connect(a, b, link, link); }
  /// The same with a direction of its own each; the MTU is a_to_b's.
  void connect(Host& a, Host& b, const LinkSpec& a_to_b, const LinkSpec& b_to_a,
               dev::Delivery delivery = dev::Delivery::kBuffers);
  /// Instead of a cable: one link for all. `access` is what a host's own cable does to what it
  /// sends.
  void connect_through(const LinkSpec& link);
  void plug_in(Host& host, Bottleneck::Side side, const LinkSpec& access);
  void set_cable(dev::Link link);

  /// True as soon as `done` is; false when `limit` has passed or an invariant broke.
  bool run_until(const std::function<bool()>& done, Duration limit);
  void run_for(Duration time);
  /// Calls `action` once so much time has passed.
  void schedule(Duration after, std::function<void()> action);
  /// Waits until every connection and TIME-WAIT is over and checks that every buffer is back.
  bool ends_clean(Duration limit);

  Instant now() const { return now_; }
  std::uint64_t trace_hash() const { return trace_; }
  /// From now on a world in which so many moments bring no byte to a Stream, and begin and end no
  /// connection, is broken.
  void set_patience(std::uint64_t steps) { patience_ = steps; }
  /// Moments at which anything happened.
  std::uint64_t steps() const { return steps_; }
  /// The invariant that broke, if one did.
  const std::optional<std::string>& broken() const { return broken_; }
  /// For failure messages: the seed, the time, and the invariant that broke if one did.
  std::string replay_hint() const;

 private:
  void step();
  void run_scheduled();
  Instant next_moment() const;
  bool settle();
  void check_invariants();
  void check_connections(Host& host);
  void check_progress();

  std::uint64_t seed_;
  Instant now_ = Instant::from_ns(1'000'000'000);
  std::uint64_t trace_ = 0xcbf2'9ce4'8422'2325ull;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::unique_ptr<dev::Pair> cable_;
  std::unique_ptr<Bottleneck> bottleneck_;
  std::multimap<Instant, std::function<void()>> scheduled_;
  std::map<const tcp::Connection*, tcp::Audit> audits_;
  std::uint64_t steps_ = 0;
  std::uint64_t patience_ = UINT64_MAX;
  std::uint64_t last_progress_ = 0;  ///< the step
  std::uint64_t progress_mark_ = 0;
  std::optional<std::string> broken_;
};

}  // namespace zs::sim
