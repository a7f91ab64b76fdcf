#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/random.hpp"
#include "buf/mbuf.hpp"
#include "ip/route_table.hpp"
#include "ip/token_bucket.hpp"
#include "stack/arrival.hpp"
#include "stack/core.hpp"

namespace zs::stack {

/// Carries what routers say into the shard's tables: default routes, on-link prefixes, addresses
/// and parameters (RFC 4861 §6.3, RFC 4862 §5.5), and better first hops (RFC 4861 §8).
///
/// What the configuration made stays: a route or address that is there already is not taken over,
/// and so not taken away.
class RouterService {
 public:
  RouterService(Core& core, std::uint64_t seed) : core_(core), random_(seed) {}

  // ICMPv6 messages that passed checksum, hop limit and code; `message` is all of it.
  void on_advertisement(const Received& received, std::span<const std::byte> message);
  void on_redirect(const Received& received, std::span<const std::byte> message);

  void on_deadline();
  Instant next_deadline() const;
  /// After anything has happened: lets default routers that do not answer go behind the others.
  void look_after_routers() {
    if (core_.neighbors.failures() != failures_) [[unlikely]]
      demote_silent_routers();
  }

 private:
  /// A host route by a router's advice. Bounded: the oldest gives way.
  struct Advice {
    ip::Route route;
    Instant until;
  };
  static constexpr std::size_t kMostAdvices = 64;

  void take_parameters(std::uint16_t interface, const wire::RouterAdvertisement& message);
  void apply_changes();
  void apply(const neigh::RouterChange& change);
  void add_route(const ip::Route& route);
  void remove_route(const ip::Route& route);
  void make_address(const neigh::RouterChange& change);
  void replace_duplicates();
  void demote_silent_routers();
  void solicit(std::uint16_t interface);

  Core& core_;
  Random random_;
  ip::TokenBucket redirects_{10, 20};  ///< each costs everybody's EgressHint
  std::vector<Advice> advices_;
  std::vector<ip::Route> routes_;  ///< those that we made
  std::vector<IpAddress> made_;    ///< addresses likewise
  std::uint32_t failures_ = 0;
};

}  // namespace zs::stack
