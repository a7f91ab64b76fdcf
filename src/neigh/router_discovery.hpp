#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "base/address.hpp"
#include "base/random.hpp"
#include "base/time.hpp"
#include "neigh/interface_id.hpp"
#include "wire/nd.hpp"

namespace zs::neigh {

using namespace std::chrono_literals;

struct RouterDiscoveryConfig {
  IdentifierPolicy identifier;
  /// Bounds of all interfaces together: anyone on the link can advertise.
  std::size_t routers = 16;
  std::size_t prefixes = 32;
};

/// What has changed for the rest of the stack.
struct RouterChange {
  enum class Kind : std::uint8_t {
    kRouterFound,        ///< `address` is a default router
    kRouterLost,         ///< no more
    kOnLink,             ///< `prefix` is on the link
    kOffLink,            ///< no more
    kAddressMade,        ///< `prefix` is an address of ours
    kAddressGone,        ///< no more
    kAddressDeprecated,  ///< not for new connections (RFC 4862 §5.5.4)
    kAddressPreferred,   ///< for them again
  };
  Kind kind = Kind::kRouterFound;
  std::uint16_t interface = 0;
  IpAddress address;
  IpPrefix prefix;
};

/// A host's side of router discovery and stateless autoconfiguration (RFC 4861 §6.3, RFC 4862
/// §5.5): which default routers, on-link prefixes and addresses of our own the advertisements make,
/// and for how long. Bounded; at a bound what is there stays, so that a flood of advertisements
/// changes nothing.
///
/// After every call that takes a time, drain poll_change() and poll_solicitation().
class RouterDiscovery {
 public:
  RouterDiscovery(const RouterDiscoveryConfig& config, std::uint64_t seed);

  /// Listens, and asks, on this interface from now on. An interface that was not started ignores
  /// what routers say.
  void start(std::uint16_t interface, const MacAddress& mac, Instant now);
  bool is_started(std::uint16_t interface) const { return find_link(interface) != nullptr; }
  /// The link came back: asks anew. What was learned is kept until it expires.
  void on_link_up(std::uint16_t interface, Instant now);
  /// An advertisement that passed RFC 4861 §6.1.2, from the link-local address `router`.
  void on_advertisement(std::uint16_t interface, const IpAddress& router,
                        const wire::RouterAdvertisement& message, Instant now);
  /// Somebody has the address that was made here: another one is made, where there is one.
  void on_duplicate(std::uint16_t interface, const IpAddress& address);
  /// It says of itself that it is a router no more (RFC 4861 §7.2.5).
  void on_retired(std::uint16_t interface, const IpAddress& router, Instant now);
  /// A default router does not answer: others go before it (RFC 4861 §6.3.6).
  void on_unreachable(std::uint16_t interface, const IpAddress& router);

  void on_deadline(Instant now);
  Instant next_deadline() const;
  std::optional<RouterChange> poll_change();
  /// The interface that a router solicitation is to be sent on.
  std::optional<std::uint16_t> poll_solicitation();

  std::size_t routers() const { return routers_.size(); }
  std::size_t prefixes() const { return prefixes_.size(); }

 private:
  struct Link {
    std::uint16_t interface = 0;
    MacAddress mac;
    Instant next_solicitation = Instant::never();
    Duration interval{};
    bool solicit = false;  ///< now
  };
  struct Router {
    std::uint16_t interface = 0;
    IpAddress address;
    Instant expires;
    bool told = false;
    bool demoted = false;  ///< told again behind the others
  };
  struct Prefix {
    std::uint16_t interface = 0;
    IpPrefix prefix;
    Instant on_link_until;
    Instant valid_until;  ///< of our address in it
    Instant preferred_until;
    std::uint8_t duplicates = 0;
    bool wants_address = false;
    bool told_on_link = false;
    bool told_deprecated = false;
    std::optional<IpPrefix> told_address;
  };

  const Link* find_link(std::uint16_t interface) const;
  Link* find_link(std::uint16_t interface);
  void schedule(Link& link, Duration within, Instant now);
  void learn_router(std::uint16_t interface, const IpAddress& router, std::uint16_t seconds,
                    Instant now);
  void learn_prefix(std::uint16_t interface, const wire::NdPrefixInformation& info, Instant now);
  void learn_address(Prefix& p, const wire::NdPrefixInformation& info, Instant now) const;
  Prefix* find_prefix(std::uint16_t interface, const IpPrefix& prefix, Instant now);
  std::optional<RouterChange> change_of(Router& r) const;
  std::optional<RouterChange> change_of(Prefix& p) const;
  std::optional<IpPrefix> address_in(const Prefix& p) const;

  RouterDiscoveryConfig config_;
  Random random_;
  std::vector<Link> links_;
  std::vector<Router> routers_;
  std::vector<Prefix> prefixes_;
  Instant now_;
};

}  // namespace zs::neigh
