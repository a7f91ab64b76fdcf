#include "wire/nd.hpp"

#include <algorithm>

namespace zs::wire {
namespace {

// Flag bits: RFC 4861 §4.4, §4.2 and §4.6.2.
constexpr std::uint8_t kRouterFlag = 0x80;
constexpr std::uint8_t kSolicitedFlag = 0x40;
constexpr std::uint8_t kOverrideFlag = 0x20;
constexpr std::uint8_t kManagedFlag = 0x80;
constexpr std::uint8_t kOtherFlag = 0x40;
constexpr std::uint8_t kOnLinkFlag = 0x80;
constexpr std::uint8_t kAutonomousFlag = 0x40;

constexpr std::size_t kLinkLayerOption = 8;
constexpr std::size_t kMtuOption = 8;
constexpr std::size_t kPrefixOption = 32;

std::optional<NdOptions> options_behind(std::span<const std::byte> message, std::size_t header) {
  if (message.size() < header) return std::nullopt;
  return NdOptions::parse(message.subspan(header));
}

void write_head(std::span<std::byte> out, std::uint8_t type) {
  std::fill(out.begin(), out.end(), std::byte{0});
  out[0] = std::byte{type};
}

/// Precondition: `option` has room for one link-layer address option, or is empty.
void write_link_layer(std::span<std::byte> option, std::uint8_t type,
                      const std::optional<MacAddress>& mac) {
  if (!mac) return;
  option[0] = std::byte{type};
  option[1] = std::byte{1};
  store_mac(&option[2], *mac);
}

}  // namespace

std::span<const std::byte> NdOptions::find(std::uint8_t type, std::size_t size) const {
  std::span<const std::byte> found;
  for_each([&](std::uint8_t t, std::span<const std::byte> option) {
    if (t == type && option.size() == size && found.empty()) found = option;
  });
  return found;
}

std::optional<MacAddress> NdOptions::link_layer(std::uint8_t type) const {
  const auto option = find(type, kLinkLayerOption);
  if (option.empty()) return std::nullopt;
  return load_mac(&option[2]);
}

std::optional<std::uint32_t> NdOptions::mtu() const {
  const auto option = find(nd_option::kMtu, kMtuOption);
  if (option.empty()) return std::nullopt;
  return load_be<std::uint32_t>(&option[4]);
}

std::optional<NdPrefixInformation> NdOptions::parse_prefix(std::span<const std::byte> option) {
  if (option.size() != kPrefixOption || byte_at(option, 2) > 128) return std::nullopt;
  // A mapped prefix would turn into an IPv4 one with a length that IPv4 does not have.
  const IpAddress address = load_ipv6(&option[16]);
  if (address.is_v4()) return std::nullopt;
  return NdPrefixInformation{
      .prefix = {address, byte_at(option, 2)},
      .on_link = (byte_at(option, 3) & kOnLinkFlag) != 0,
      .autonomous = (byte_at(option, 3) & kAutonomousFlag) != 0,
      .valid_lifetime_seconds = load_be<std::uint32_t>(&option[4]),
      .preferred_lifetime_seconds = load_be<std::uint32_t>(&option[8]),
  };
}

std::optional<NeighborSolicitation> NeighborSolicitation::parse(
    std::span<const std::byte> message) {
  const auto options = options_behind(message, kHeader);
  if (!options) return std::nullopt;
  return NeighborSolicitation{load_ipv6(&message[8]), *options};
}

std::optional<NeighborAdvertisement> NeighborAdvertisement::parse(
    std::span<const std::byte> message) {
  const auto options = options_behind(message, kHeader);
  if (!options) return std::nullopt;
  const std::uint8_t flags = byte_at(message, 4);
  return NeighborAdvertisement{
      .target = load_ipv6(&message[8]),
      .router = (flags & kRouterFlag) != 0,
      .solicited = (flags & kSolicitedFlag) != 0,
      .override_cache = (flags & kOverrideFlag) != 0,
      .options = *options,
  };
}

std::optional<RouterSolicitation> RouterSolicitation::parse(std::span<const std::byte> message) {
  const auto options = options_behind(message, kHeader);
  if (!options) return std::nullopt;
  return RouterSolicitation{*options};
}

std::optional<RouterAdvertisement> RouterAdvertisement::parse(std::span<const std::byte> message) {
  const auto options = options_behind(message, kHeader);
  if (!options) return std::nullopt;
  return RouterAdvertisement{
      .hop_limit = byte_at(message, 4),
      .managed = (byte_at(message, 5) & kManagedFlag) != 0,
      .other_configuration = (byte_at(message, 5) & kOtherFlag) != 0,
      .lifetime_seconds = load_be<std::uint16_t>(&message[6]),
      .reachable_ms = load_be<std::uint32_t>(&message[8]),
      .retransmit_ms = load_be<std::uint32_t>(&message[12]),
      .options = *options,
  };
}

std::optional<Redirect> Redirect::parse(std::span<const std::byte> message) {
  const auto options = options_behind(message, kHeader);
  if (!options) return std::nullopt;
  return Redirect{load_ipv6(&message[8]), load_ipv6(&message[24]), *options};
}

void NeighborSolicitationSpec::write(std::span<std::byte> out) const {
  ZS_ASSERT(out.size() == size() && target.is_v6());
  write_head(out, icmpv6_type::kNeighborSolicitation);
  store_ipv6(&out[8], target);
  write_link_layer(out.subspan(NeighborSolicitation::kHeader), nd_option::kSourceLinkLayer,
                   source_link_layer);
}

void NeighborAdvertisementSpec::write(std::span<std::byte> out) const {
  ZS_ASSERT(out.size() == size() && target.is_v6());
  write_head(out, icmpv6_type::kNeighborAdvertisement);
  out[4] = static_cast<std::byte>((router ? kRouterFlag : 0) | (solicited ? kSolicitedFlag : 0) |
                                  (override_cache ? kOverrideFlag : 0));
  store_ipv6(&out[8], target);
  write_link_layer(out.subspan(NeighborAdvertisement::kHeader), nd_option::kTargetLinkLayer,
                   target_link_layer);
}

void RouterSolicitationSpec::write(std::span<std::byte> out) const {
  ZS_ASSERT(out.size() == size());
  write_head(out, icmpv6_type::kRouterSolicitation);
  write_link_layer(out.subspan(RouterSolicitation::kHeader), nd_option::kSourceLinkLayer,
                   source_link_layer);
}

IpAddress solicited_node_multicast(const IpAddress& unicast) {
  IpAddress::Bytes bytes{};
  bytes[0] = std::byte{0xff};
  bytes[1] = std::byte{0x02};
  bytes[11] = std::byte{0x01};
  bytes[12] = std::byte{0xff};
  std::copy_n(&unicast.bytes()[13], 3, &bytes[13]);
  return IpAddress::v6(bytes);
}

MacAddress multicast_mac(const IpAddress& group) {
  MacAddress mac;
  if (group.is_v4()) {
    mac.bytes = {std::byte{0x01}, std::byte{0x00}, std::byte{0x5e}};
    store_be(&mac.bytes[2], 0x5e00'0000u | (group.v4_value() & 0x007f'ffff));
  } else {
    mac.bytes = {std::byte{0x33}, std::byte{0x33}};
    std::copy_n(&group.bytes()[12], 4, &mac.bytes[2]);
  }
  return mac;
}

}  // namespace zs::wire
