#include "stack/neighbor_service.hpp"

#include <utility>

#include "neigh/messages.hpp"
#include "stack/egress.hpp"
#include "stack/fragment_output.hpp"
#include "wire/arp.hpp"
#include "wire/icmpv6.hpp"
#include "wire/nd.hpp"

namespace zs::stack {
void NeighborService::on_arp(std::uint16_t interface, buf::Mbuf packet) {
  if (packet.length() < wire::ArpView::kSize ||
      !packet.pull_up(wire::ArpView::kSize, *core_.pools.data)) {
    core_.drops += Drop::kArpMalformed;
    return;
  }
  const auto arp = wire::ArpView::parse(packet.first());
  if (!arp) {
    core_.drops += Drop::kArpMalformed;
    return;
  }
  const Interface& self = *core_.interfaces[interface];
  const MacAddress sender_mac = arp->sender_mac();
  const IpAddress sender = arp->sender_ip();
  const IpAddress target = arp->target_ip();
  const bool is_request = arp->operation() == wire::arp_operation::kRequest;
  const bool is_reply = arp->operation() == wire::arp_operation::kReply;
  // Our own packet that a hub or a loop brought back is nobody's claim (RFC 5227 §2.1.1).
  if (sender_mac == self.device.mac || sender_mac.is_multicast() || sender_mac.is_zero() ||
      (!is_request && !is_reply)) {
    core_.drops += Drop::kArpIgnored;
    return;
  }
  if (core_.addresses.find(sender) != nullptr) {
    on_rival(interface, sender, neigh::Rival::kUses);
    return;
  }
  const bool for_us = core_.claims.is_answering(interface, target);
  if (sender.is_unspecified()) {  // a probe: teaches nothing
    if (!is_request || core_.addresses.find(target) == nullptr) {
      core_.drops += Drop::kArpIgnored;
      return;
    }
    on_rival(interface, target, neigh::Rival::kProbes);
    if (core_.claims.is_answering(interface, target)) {
      answer_arp(interface, target, sender_mac, sender);
    }
    return;
  }
  // Only on-link senders: an entry for anybody else would never be asked for.
  if (!core_.addresses.is_on_link(interface, sender) ||
      !core_.addresses.is_valid_source(interface, sender)) {
    core_.drops += Drop::kArpIgnored;
    return;
  }
  // RFC 826: merge into what is known; make an entry only where the packet is for us, and not for
  // an answer that nobody asked for.
  core_.neighbors.on_message(
      interface, sender, sender_mac,
      is_reply && for_us ? neigh::Evidence::kConfirmation : neigh::Evidence::kClaim,
      neigh::Override::kYes,
      is_request && for_us ? neigh::Unknown::kLearn : neigh::Unknown::kIgnore, core_.now);
  if (is_request && for_us) answer_arp(interface, target, sender_mac, sender);
}

void NeighborService::on_rival(std::uint16_t interface, const IpAddress& address,
                               neigh::Rival rival) {
  core_.claims.on_rival(interface, address, rival, core_.now);
  note_duplicates();
}

void NeighborService::note_duplicates() {
  for (const auto& claim : core_.claims.all()) {
    core_.addresses.set_duplicate(claim.address, claim.state == neigh::ClaimState::kDuplicate);
  }
}

void NeighborService::answer_arp(std::uint16_t interface, const IpAddress& ours,
                                 const MacAddress& mac, const IpAddress& asker) {
  const MacAddress self = core_.interfaces[interface]->device.mac;
  push(interface, neigh::make_arp_reply(*core_.pools.data, {self, ours}, {mac, asker}));
}

void NeighborService::on_discovery(const Received& received, std::span<const std::byte> message) {
  if (message[0] == std::byte{wire::icmpv6_type::kNeighborSolicitation}) {
    on_solicitation(received, message);
  } else {
    on_advertisement(received, message);
  }
}

void NeighborService::on_solicitation(const Received& received,
                                      std::span<const std::byte> message) {
  const std::uint16_t interface = received.arrival.interface;
  const auto solicitation = wire::NeighborSolicitation::parse(message);
  if (!solicitation || solicitation->target.is_multicast() || solicitation->target.is_v4()) {
    core_.drops += Drop::kIcmpMalformed;
    return;
  }
  const IpAddress& asker = received.ip.src;
  const IpAddress& target = solicitation->target;
  const auto mac = solicitation->options.link_layer(wire::nd_option::kSourceLinkLayer);
  const MacAddress self = core_.interfaces[interface]->device.mac;
  if (asker.is_unspecified()) {
    // RFC 4861 §7.1.1: duplicate detection comes to the solicited-node group and names no MAC.
    if (mac || !received.ip.dst.is_multicast()) {
      core_.drops += Drop::kIcmpMalformed;
      return;
    }
    on_rival(interface, target, neigh::Rival::kProbes);
  }
  if (!core_.claims.is_answering(interface, target)) {
    core_.drops += Drop::kIcmpIgnored;
    return;
  }
  if (asker.is_unspecified()) {
    push(interface, neigh::make_advertisement(*core_.pools.data, {self, target}, {{}, asker}));
    return;
  }
  if (!core_.addresses.is_on_link(interface, asker)) {
    core_.drops += Drop::kIcmpIgnored;
    return;
  }
  if (mac) {
    core_.neighbors.on_message(interface, asker, *mac, neigh::Evidence::kClaim,
                               neigh::Override::kYes, neigh::Unknown::kLearn, core_.now);
    push(interface, neigh::make_advertisement(*core_.pools.data, {self, target}, {*mac, asker}));
    return;
  }
  // A unicast probe need not say its sender's MAC (RFC 4861 §4.3): answer to the one we know.
  const auto index = core_.neighbors.find_or_start(interface, asker, core_.now);
  const MacAddress* const known = index ? core_.neighbors.usable(*index, core_.now) : nullptr;
  if (known == nullptr) {
    core_.drops += Drop::kIcmpIgnored;
    return;
  }
  push(interface, neigh::make_advertisement(*core_.pools.data, {self, target}, {*known, asker}));
}

void NeighborService::on_advertisement(const Received& received,
                                       std::span<const std::byte> message) {
  const std::uint16_t interface = received.arrival.interface;
  const auto advertisement = wire::NeighborAdvertisement::parse(message);
  if (!advertisement || advertisement->target.is_multicast() || advertisement->target.is_v4() ||
      (received.ip.dst.is_multicast() && advertisement->solicited)) {
    core_.drops += Drop::kIcmpMalformed;
    return;
  }
  if (core_.addresses.find(advertisement->target) != nullptr) {
    on_rival(interface, advertisement->target, neigh::Rival::kUses);
    return;
  }
  // May be left out where we know it (§4.4): it then answers a probe (§7.2.5).
  auto mac = advertisement->options.link_layer(wire::nd_option::kTargetLinkLayer);
  if (!mac) mac = core_.neighbors.mac_of(interface, advertisement->target);
  if (!mac) {
    core_.drops += Drop::kIcmpIgnored;
    return;
  }
  if (!advertisement->router) {
    core_.routers.on_retired(interface, advertisement->target, core_.now);
  }
  core_.neighbors.on_message(
      interface, advertisement->target, *mac,
      advertisement->solicited ? neigh::Evidence::kConfirmation : neigh::Evidence::kClaim,
      advertisement->override_cache ? neigh::Override::kYes : neigh::Override::kNo,
      neigh::Unknown::kIgnore, core_.now);
}

void NeighborService::flush() {
  while (const auto request = core_.neighbors.poll_request()) {
    const auto source = core_.addresses.select_source(request->interface, request->target);
    if (!source) continue;
    const MacAddress self = core_.interfaces[request->interface]->device.mac;
    push(request->interface,
         neigh::make_solicitation(*core_.pools.data, {self, *source}, request->target,
                                  request->unicast ? &*request->unicast : nullptr));
  }
  while (const auto message = core_.claims.poll_message()) {
    const neigh::Station self{core_.interfaces[message->interface]->device.mac, message->address};
    push(message->interface, message->kind == neigh::ClaimMessage::Kind::kProbe
                                 ? neigh::make_probe(*core_.pools.data, self)
                                 : neigh::make_announcement(*core_.pools.data, self));
  }
  while (auto released = core_.neighbors.poll_released()) {
    if (is_for_fragments(core_, released->interface, released->packet)) {
      send_in_fragments(core_, released->interface, released->mac, std::move(released->packet));
      continue;
    }
    const MacAddress self = core_.interfaces[released->interface]->device.mac;
    const bool v4 = (released->packet.first()[0] >> 4) == std::byte{4};
    if (!prepend_ethernet(released->packet, released->mac, self,
                          v4 ? IpFamily::kV4 : IpFamily::kV6)) {
      core_.drops += Drop::kNoBuffers;
      continue;
    }
    core_.push_ready(released->interface, std::move(released->packet));
  }
}

void NeighborService::push(std::uint16_t interface, Result<buf::Mbuf> frame) {
  if (!frame) {
    core_.drops += Drop::kNoBuffers;
    return;
  }
  core_.push_ready(interface, std::move(*frame));
}

}  // namespace zs::stack
