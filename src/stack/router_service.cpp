#include "stack/router_service.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "neigh/messages.hpp"
#include "wire/nd.hpp"

namespace zs::stack {
namespace {

using namespace std::chrono_literals;
using std::chrono::milliseconds;

constexpr std::uint16_t kLeastIpv6Mtu = 1'280;
constexpr std::uint32_t kMostReachableMs = 3'600'000;  // RFC 4861 §6.2.1
constexpr Duration kLeastRetransmit = 100ms;
constexpr Duration kMostRetransmit = 10s;
constexpr Duration kAdviceLifetime = 10min;  // as a path MTU's: the router will tell again

}  // namespace

void RouterService::on_advertisement(const Received& received, std::span<const std::byte> message) {
  const std::uint16_t interface = received.arrival.interface;
  const IpAddress& router = received.ip.src;
  const auto advertisement = wire::RouterAdvertisement::parse(message);
  // RFC 4861 §6.1.2: from a link-local address, so that it is known by one name only.
  if (!advertisement || router.is_v4() || !router.is_link_local()) {
    core_.drops += Drop::kIcmpMalformed;
    return;
  }
  if (!core_.routers.is_started(interface)) {
    core_.drops += Drop::kIcmpIgnored;
    return;
  }
  if (const auto mac = advertisement->options.link_layer(wire::nd_option::kSourceLinkLayer)) {
    core_.neighbors.on_message(interface, router, *mac, neigh::Evidence::kClaim,
                               neigh::Override::kYes, neigh::Unknown::kLearn, core_.now);
  }
  take_parameters(interface, *advertisement);
  core_.routers.on_advertisement(interface, router, *advertisement, core_.now);
  apply_changes();
}

/// RFC 4861 §6.3.4. What an attacker could make of them is bounded: no hop limit that reaches
/// nobody, no timer that floods or sleeps.
void RouterService::take_parameters(std::uint16_t interface,
                                    const wire::RouterAdvertisement& message) {
  if (message.hop_limit >= ip::kDefaultHopLimit) core_.ipv6_hop_limit = message.hop_limit;
  if (message.reachable_ms != 0 && message.reachable_ms <= kMostReachableMs) {
    // §6.3.2: between half and one and a half, so that hosts do not ask in step.
    const double factor = 0.5 + static_cast<double>(random_.below(1'024)) / 1'024;
    const auto ms = static_cast<std::int64_t>(message.reachable_ms * factor);
    core_.neighbors.set_times(std::max<Duration>(milliseconds{ms}, 1s), {});
  }
  if (message.retransmit_ms != 0) {
    const Duration told = milliseconds{message.retransmit_ms};
    core_.neighbors.set_times({}, std::clamp(told, kLeastRetransmit, kMostRetransmit));
  }
  Interface& self = *core_.interfaces[interface];
  const auto mtu = message.options.mtu();
  if (mtu && *mtu >= kLeastIpv6Mtu && *mtu <= self.device.mtu) {
    self.ipv6_mtu = static_cast<std::uint16_t>(*mtu);
  }
}

void RouterService::on_redirect(const Received& received, std::span<const std::byte> message) {
  const std::uint16_t interface = received.arrival.interface;
  const IpAddress& router = received.ip.src;
  const auto redirect = wire::Redirect::parse(message);
  // RFC 4861 §8.1.
  if (!redirect || !router.is_link_local() || redirect->destination.is_multicast() ||
      redirect->destination.is_v4() || redirect->target.is_v4() ||
      (!redirect->target.is_link_local() && redirect->target != redirect->destination)) {
    core_.drops += Drop::kIcmpMalformed;
    return;
  }
  const auto hop = core_.next_hop(redirect->destination);
  const bool from_first_hop = hop && hop->interface == interface && hop->neighbor == router;
  if (!core_.routers.is_started(interface) || !from_first_hop ||
      core_.addresses.is_local(redirect->target) || !redirects_.take(core_.now)) {
    core_.drops += Drop::kIcmpIgnored;
    return;
  }
  if (const auto mac = redirect->options.link_layer(wire::nd_option::kTargetLinkLayer)) {
    core_.neighbors.on_message(interface, redirect->target, *mac, neigh::Evidence::kClaim,
                               neigh::Override::kYes, neigh::Unknown::kLearn, core_.now);
  }
  ip::Route route{{redirect->destination, 128}, redirect->target, interface};
  if (redirect->target == redirect->destination) route.gateway.reset();
  std::erase_if(advices_, [&](const Advice& a) {
    const bool same = a.route.destination == route.destination;
    if (same) (void)core_.routes.remove(a.route);
    return same;
  });
  if (advices_.size() >= kMostAdvices) {
    (void)core_.routes.remove(advices_.front().route);
    advices_.erase(advices_.begin());
  }
  if (core_.routes.add(route)) advices_.push_back({route, core_.now + kAdviceLifetime});
}

void RouterService::on_deadline() {
  std::erase_if(advices_, [this](const Advice& a) {
    const bool over = a.until <= core_.now;
    if (over) (void)core_.routes.remove(a.route);
    return over;
  });
  core_.routers.on_deadline(core_.now);
  replace_duplicates();
  apply_changes();
  while (const auto interface = core_.routers.poll_solicitation()) solicit(*interface);
}

Instant RouterService::next_deadline() const {
  const Instant next = core_.routers.next_deadline();
  return advices_.empty() ? next : std::min(next, advices_.front().until);
}

void RouterService::apply_changes() {
  while (const auto change = core_.routers.poll_change()) apply(*change);
}

void RouterService::apply(const neigh::RouterChange& change) {
  using Kind = neigh::RouterChange::Kind;
  const IpPrefix everywhere{IpAddress::any(IpFamily::kV6), 0};
  switch (change.kind) {
    case Kind::kRouterFound:
      return add_route({everywhere, change.address, change.interface});
    case Kind::kRouterLost:
      return remove_route({everywhere, change.address, change.interface});
    case Kind::kOnLink:
      core_.addresses.add_on_link(change.interface, change.prefix);
      return add_route({change.prefix, std::nullopt, change.interface});
    case Kind::kOffLink:
      core_.addresses.remove_on_link(change.interface, change.prefix);
      return remove_route({change.prefix, std::nullopt, change.interface});
    case Kind::kAddressMade:
      return make_address(change);
    case Kind::kAddressGone:
      if (std::erase(made_, change.prefix.address) == 0) return;
      (void)core_.addresses.remove(change.prefix.address);
      core_.claims.remove(change.interface, change.prefix.address);
      core_.leave_solicited_group(change.interface, change.prefix.address);
      return;
    case Kind::kAddressDeprecated:
    case Kind::kAddressPreferred:
      core_.addresses.set_deprecated(change.prefix.address,
                                     change.kind == Kind::kAddressDeprecated);
      return;
  }
}

void RouterService::make_address(const neigh::RouterChange& change) {
  if (!core_.addresses.add_autonomous(change.interface, change.prefix)) return;
  made_.push_back(change.prefix.address);
  // RFC 4862 §5.4.2: all hosts have heard the same advertisement at once.
  const Duration delay = milliseconds{random_.below(1'000)};
  core_.claims.add(change.interface, change.prefix.address, core_.now + delay);
  core_.join_solicited_group(change.interface, change.prefix.address);
}

void RouterService::add_route(const ip::Route& route) {
  if (core_.routes.add(route)) routes_.push_back(route);
}

void RouterService::remove_route(const ip::Route& route) {
  if (std::erase(routes_, route) > 0) (void)core_.routes.remove(route);
}

void RouterService::replace_duplicates() {
  for (const auto& claim : core_.claims.all()) {
    if (claim.state != neigh::ClaimState::kDuplicate) continue;
    core_.routers.on_duplicate(claim.interface, claim.address);
  }
}

void RouterService::demote_silent_routers() {
  failures_ = core_.neighbors.failures();
  const auto routers = routes_;
  for (const ip::Route& r : routers) {
    if (r.gateway && core_.neighbors.state_of(r.interface, *r.gateway) == neigh::State::kFailed) {
      core_.routers.on_unreachable(r.interface, *r.gateway);
    }
  }
  apply_changes();
}

void RouterService::solicit(std::uint16_t interface) {
  const Interface& self = *core_.interfaces[interface];
  if (!self.link_up) return;
  neigh::Station station{self.device.mac, IpAddress{}};
  for (const ip::LocalAddress& a : core_.addresses.all()) {
    const IpAddress& address = a.prefix.address;
    if (a.interface == interface && address.is_v6() && address.is_link_local() && !a.duplicate) {
      station.address = address;
    }
  }
  auto frame = neigh::make_router_solicitation(*core_.pools.data, station);
  if (frame) {
    core_.push_ready(interface, std::move(*frame));
  } else {
    core_.drops += Drop::kNoBuffers;
  }
}

}  // namespace zs::stack
