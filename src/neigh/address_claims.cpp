#include "neigh/address_claims.hpp"

#include <algorithm>
#include <utility>

namespace zs::neigh {

std::string_view to_string(ClaimState state) {
  switch (state) {
    case ClaimState::kTentative:
      return "tentative";
    case ClaimState::kPreferred:
      return "preferred";
    case ClaimState::kDuplicate:
      return "duplicate";
  }
  return "?";
}

void AddressClaims::add(std::uint16_t interface, const IpAddress& address, Instant when) {
  Claim claim;
  claim.address = address;
  claim.interface = interface;
  claims_.push_back(claim);
  start(claims_.back(), when);
}

void AddressClaims::remove(std::uint16_t interface, const IpAddress& address) {
  std::erase_if(claims_,
                [&](const Claim& c) { return c.interface == interface && c.address == address; });
}

void AddressClaims::start(Claim& c, Instant now) {
  c.probes_left = c.address.is_v4() ? config_.probes_v4 : config_.probes_v6;
  c.announcements_left = config_.announcements;
  if (c.probes_left == 0) {
    // Nobody is asked, so nobody is told either, until the link changes.
    c.state = ClaimState::kPreferred;
    c.phase = Claim::Phase::kSettled;
    c.next = Instant::never();
    return;
  }
  c.phase = Claim::Phase::kProbing;
  c.next = now;
}

void AddressClaims::on_link_up(std::uint16_t interface, Instant now) {
  for (Claim& c : claims_) {
    if (c.interface != interface) continue;
    if (c.state == ClaimState::kPreferred) {
      c.phase = Claim::Phase::kAnnouncing;
      c.announcements_left = config_.announcements;
      c.next = now;
    } else {
      start(c, now);
    }
  }
}

void AddressClaims::on_rival(std::uint16_t interface, const IpAddress& address, Rival rival,
                             Instant now) {
  Claim* const c = find(interface, address);
  if (c == nullptr) return;
  // To somebody who only asks about a settled address, our answer is all the defence it takes.
  if (rival == Rival::kProbes && c->state == ClaimState::kPreferred) return;
  ++c->conflicts;
  if (c->state != ClaimState::kPreferred) {
    c->state = ClaimState::kDuplicate;
    c->phase = Claim::Phase::kBackedOff;
    c->pending.reset();
    c->next = now + config_.duplicate_retry;
    return;
  }
  if (c->defended.is_never() || now - c->defended >= config_.defend_interval) {
    c->defended = now;
    c->pending = ClaimMessage::Kind::kAnnouncement;
  }
}

bool AddressClaims::is_answering(std::uint16_t interface, const IpAddress& address) const {
  for (const Claim& c : claims_) {
    if (c.address == address && c.interface == interface) return c.state != ClaimState::kDuplicate;
  }
  return false;
}

void AddressClaims::on_deadline(Instant now) {
  for (Claim& c : claims_) {
    if (c.next <= now) on_timer(c, now);
  }
}

void AddressClaims::on_timer(Claim& c, Instant now) {
  switch (c.phase) {
    case Claim::Phase::kBackedOff:
      start(c, now);  // still a duplicate until the probes have found nobody
      [[fallthrough]];
    case Claim::Phase::kProbing:
      if (c.probes_left > 0) {
        --c.probes_left;
        c.pending = ClaimMessage::Kind::kProbe;
        c.next = now + (c.probes_left > 0 ? config_.probe_interval : config_.announce_wait);
        return;
      }
      c.state = ClaimState::kPreferred;
      c.phase = Claim::Phase::kAnnouncing;
      [[fallthrough]];
    case Claim::Phase::kAnnouncing:
      c.next = Instant::never();
      if (c.announcements_left > 0) {
        --c.announcements_left;
        c.pending = ClaimMessage::Kind::kAnnouncement;
        if (c.announcements_left > 0) c.next = now + config_.announce_interval;
      }
      if (c.next.is_never()) c.phase = Claim::Phase::kSettled;
      return;
    case Claim::Phase::kSettled:
      c.next = Instant::never();
      return;
  }
}

Instant AddressClaims::next_deadline() const {
  Instant next = Instant::never();
  for (const Claim& c : claims_) next = std::min(next, c.next);
  return next;
}

std::optional<ClaimMessage> AddressClaims::poll_message() {
  for (Claim& c : claims_) {
    if (!c.pending) continue;
    return ClaimMessage{*std::exchange(c.pending, std::nullopt), c.interface, c.address};
  }
  return std::nullopt;
}

AddressClaims::Claim* AddressClaims::find(std::uint16_t interface, const IpAddress& address) {
  for (Claim& c : claims_) {
    if (c.address == address && c.interface == interface) return &c;
  }
  return nullptr;
}

}  // namespace zs::neigh
