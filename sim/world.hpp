#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dev/pair.hpp"
#include "sim/host.hpp"

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
  void connect(Host& a, Host& b, const LinkSpec& link);
  void set_cable(dev::Link link);

  /// True as soon as `done` is; false when `limit` has passed or an invariant broke.
  bool run_until(const std::function<bool()>& done, Duration limit);
  void run_for(Duration time);
  /// Waits until every connection and TIME-WAIT is over and checks that every buffer is back.
  bool ends_clean(Duration limit);

  Instant now() const { return now_; }
  std::uint64_t trace_hash() const { return trace_; }
  /// For failure messages: the seed, the time, and the invariant that broke if one did.
  std::string replay_hint() const;

 private:
  void step();
  void check_invariants();

  std::uint64_t seed_;
  Instant now_ = Instant::from_ns(1'000'000'000);
  std::uint64_t trace_ = 0xcbf2'9ce4'8422'2325ull;
  std::vector<std::unique_ptr<Host>> hosts_;
  std::unique_ptr<dev::Pair> cable_;
  std::optional<std::string> broken_;
};

}  // namespace zs::sim
