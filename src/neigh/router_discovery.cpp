#include "neigh/router_discovery.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

namespace zs::neigh {
namespace {

using std::chrono::seconds;
using Kind = RouterChange::Kind;

constexpr Duration kMaxDelay = 1s;         // RFC 4861 §10 MAX_RTR_SOLICITATION_DELAY
constexpr Duration kFirstInterval = 4s;    // RFC 7559 §2 IRT
constexpr Duration kLongestInterval = 1h;  // RFC 7559 §2 MRT
constexpr Duration kTwoHours = 2h;         // RFC 4862 §5.5.3(e)

/// A lifetime of an advertisement; all ones stand for ever (RFC 4861 §4.6.2).
Instant end_of(std::uint32_t lifetime_seconds, Instant now) {
  return lifetime_seconds == UINT32_MAX ? Instant::never() : now + seconds{lifetime_seconds};
}

}  // namespace

RouterDiscovery::RouterDiscovery(const RouterDiscoveryConfig& config, std::uint64_t seed)
    : config_(config), random_(seed) {
  routers_.reserve(config_.routers);
  prefixes_.reserve(config_.prefixes);
}

void RouterDiscovery::start(std::uint16_t interface, const MacAddress& mac, Instant now) {
  links_.push_back({.interface = interface, .mac = mac});
  on_link_up(interface, now);
}

void RouterDiscovery::on_link_up(std::uint16_t interface, Instant now) {
  now_ = now;
  if (Link* const link = find_link(interface)) {
    link->interval = kFirstInterval;
    schedule(*link, kMaxDelay, now);
  }
}

void RouterDiscovery::schedule(Link& link, Duration within, Instant now) {
  const auto span = static_cast<double>(within.count());
  const double part = static_cast<double>(random_.below(1u << 20)) / (1u << 20);
  link.next_solicitation = now + Duration{static_cast<std::int64_t>(span * part)};
}

void RouterDiscovery::on_advertisement(std::uint16_t interface, const IpAddress& router,
                                       const wire::RouterAdvertisement& message, Instant now) {
  Link* const link = find_link(interface);
  if (link == nullptr) return;
  now_ = now;
  // RFC 7559 §2: who has a router need not ask any longer.
  if (message.lifetime_seconds != 0) {
    link->next_solicitation = Instant::never();
    link->solicit = false;
  }
  learn_router(interface, router, message.lifetime_seconds, now);
  message.options.for_each_prefix(
      [&](const wire::NdPrefixInformation& info) { learn_prefix(interface, info, now); });
}

void RouterDiscovery::learn_router(std::uint16_t interface, const IpAddress& router,
                                   std::uint16_t lifetime_seconds, Instant now) {
  const Instant expires = now + seconds{lifetime_seconds};
  for (Router& r : routers_) {
    if (r.interface == interface && r.address == router) {
      r.expires = expires;
      return;
    }
  }
  if (lifetime_seconds == 0 || routers_.size() >= config_.routers) return;
  routers_.push_back({.interface = interface, .address = router, .expires = expires});
}

void RouterDiscovery::learn_prefix(std::uint16_t interface, const wire::NdPrefixInformation& info,
                                   Instant now) {
  const IpPrefix network{info.prefix.network(), info.prefix.length};
  // RFC 4861 §6.3.4: link-local ones are none of a router's business.
  if (network.address.is_link_local() || network.address.is_multicast() || network.length == 0) {
    return;
  }
  if (!info.on_link && !info.autonomous) return;
  Prefix* const p = find_prefix(interface, network, now);
  if (p == nullptr) return;
  if (info.on_link) p->on_link_until = end_of(info.valid_lifetime_seconds, now);
  if (info.autonomous) learn_address(*p, info, now);
}

/// RFC 4862 §5.5.3.
void RouterDiscovery::learn_address(Prefix& p, const wire::NdPrefixInformation& info,
                                    Instant now) const {
  if (info.preferred_lifetime_seconds > info.valid_lifetime_seconds) return;
  const bool has_one = p.wants_address && p.valid_until > now;
  const Instant valid = end_of(info.valid_lifetime_seconds, now);
  if (!has_one) {
    if (info.valid_lifetime_seconds == 0) return;
    p.wants_address = true;
    p.valid_until = valid;
  } else if (valid > now + kTwoHours || valid > p.valid_until) {
    p.valid_until = valid;
  } else if (p.valid_until > now + kTwoHours) {
    // (e)2-3: an advertisement that nobody has signed cannot end an address at once.
    p.valid_until = now + kTwoHours;
  }
  p.preferred_until = std::min(end_of(info.preferred_lifetime_seconds, now), p.valid_until);
}

RouterDiscovery::Prefix* RouterDiscovery::find_prefix(std::uint16_t interface,
                                                      const IpPrefix& prefix, Instant now) {
  for (Prefix& p : prefixes_) {
    if (p.interface == interface && p.prefix == prefix) return &p;
  }
  if (prefixes_.size() >= config_.prefixes) return nullptr;
  Prefix fresh;
  fresh.interface = interface;
  fresh.prefix = prefix;
  fresh.on_link_until = fresh.valid_until = fresh.preferred_until = now;
  prefixes_.push_back(fresh);
  return &prefixes_.back();
}

void RouterDiscovery::on_duplicate(std::uint16_t interface, const IpAddress& address) {
  for (Prefix& p : prefixes_) {
    if (p.interface == interface && p.told_address && p.told_address->address == address) {
      if (p.duplicates <= kIdentifierRetries) ++p.duplicates;
    }
  }
}

void RouterDiscovery::on_retired(std::uint16_t interface, const IpAddress& router, Instant now) {
  now_ = now;
  for (Router& r : routers_) {
    if (r.interface == interface && r.address == router) r.expires = now;
  }
}

void RouterDiscovery::on_unreachable(std::uint16_t interface, const IpAddress& router) {
  if (routers_.size() < 2) return;
  const auto at = std::find_if(routers_.begin(), routers_.end(), [&](const Router& r) {
    return r.interface == interface && r.address == router;
  });
  if (at == routers_.end()) return;
  at->demoted = at->told;
  std::rotate(at, at + 1, routers_.end());
}

void RouterDiscovery::on_deadline(Instant now) {
  now_ = now;
  for (Link& link : links_) {
    if (link.next_solicitation > now) continue;
    link.solicit = true;
    // RFC 7559 §2: ever more rarely, between 0.9 and 1.1 times the interval.
    const Duration spread = link.interval / 5;
    schedule(link, spread, now + (link.interval - spread / 2));
    link.interval = std::min(link.interval * 2, kLongestInterval);
  }
}

Instant RouterDiscovery::next_deadline() const {
  Instant next = Instant::never();
  for (const Link& link : links_) next = std::min(next, link.next_solicitation);
  for (const Router& r : routers_) next = std::min(next, r.expires);
  for (const Prefix& p : prefixes_) {
    // What is past was told by poll_change(), or never had to be.
    for (const Instant end : {p.on_link_until, p.valid_until, p.preferred_until}) {
      if (end > now_) next = std::min(next, end);
    }
  }
  return next;
}

std::optional<RouterChange> RouterDiscovery::poll_change() {
  for (Router& r : routers_) {
    if (auto change = change_of(r)) return change;
  }
  for (Prefix& p : prefixes_) {
    if (auto change = change_of(p)) return change;
  }
  // All is told: what has come to nothing can go.
  std::erase_if(routers_, [this](const Router& r) { return r.expires <= now_; });
  std::erase_if(prefixes_, [this](const Prefix& p) {
    return p.on_link_until <= now_ && p.valid_until <= now_;
  });
  return std::nullopt;
}

std::optional<RouterChange> RouterDiscovery::change_of(Router& r) const {
  const bool lost = r.told && (r.expires <= now_ || r.demoted);
  if (lost || (!r.told && r.expires > now_)) {
    r.told = !lost;
    r.demoted = false;
    return RouterChange{lost ? Kind::kRouterLost : Kind::kRouterFound, r.interface, r.address, {}};
  }
  return std::nullopt;
}

std::optional<RouterChange> RouterDiscovery::change_of(Prefix& p) const {
  const bool on_link = p.on_link_until > now_;
  if (on_link != p.told_on_link) {
    p.told_on_link = on_link;
    return RouterChange{on_link ? Kind::kOnLink : Kind::kOffLink, p.interface, {}, p.prefix};
  }
  const auto wanted = address_in(p);
  if (p.told_address && p.told_address != wanted) {
    return RouterChange{
        Kind::kAddressGone, p.interface, {}, *std::exchange(p.told_address, std::nullopt)};
  }
  if (wanted && !p.told_address) {
    p.told_address = wanted;
    p.told_deprecated = false;
    return RouterChange{Kind::kAddressMade, p.interface, {}, *wanted};
  }
  const bool deprecated = p.preferred_until <= now_;
  if (wanted && deprecated != p.told_deprecated) {
    p.told_deprecated = deprecated;
    return RouterChange{
        deprecated ? Kind::kAddressDeprecated : Kind::kAddressPreferred, p.interface, {}, *wanted};
  }
  return std::nullopt;
}

std::optional<IpPrefix> RouterDiscovery::address_in(const Prefix& p) const {
  const Link* const link = find_link(p.interface);
  if (link == nullptr || !p.wants_address || p.valid_until <= now_) return std::nullopt;
  return make_address(config_.identifier, p.prefix, link->mac, p.duplicates);
}

std::optional<std::uint16_t> RouterDiscovery::poll_solicitation() {
  for (Link& link : links_) {
    if (std::exchange(link.solicit, false)) return link.interface;
  }
  return std::nullopt;
}

const RouterDiscovery::Link* RouterDiscovery::find_link(std::uint16_t interface) const {
  for (const Link& link : links_) {
    if (link.interface == interface) return &link;
  }
  return nullptr;
}

RouterDiscovery::Link* RouterDiscovery::find_link(std::uint16_t interface) {
  return const_cast<Link*>(std::as_const(*this).find_link(interface));
}

}  // namespace zs::neigh
