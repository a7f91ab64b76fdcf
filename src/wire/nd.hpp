#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.hpp"
#include "base/assert.hpp"
#include "base/byte_order.hpp"
#include "wire/ethernet.hpp"
#include "wire/icmpv6.hpp"

namespace zs::wire {

// Neighbour Discovery messages (RFC 4861 §4). Every parse() takes the whole ICMPv6 message, whose
// type the caller has looked at. Hop limit 255 and the checksum are the caller's to check
// (RFC 4861 §6.1, §7.1).

/// Option numbers of RFC 4861 §4.6 and RFC 8106 §5.1.
namespace nd_option {
inline constexpr std::uint8_t kSourceLinkLayer = 1;
inline constexpr std::uint8_t kTargetLinkLayer = 2;
inline constexpr std::uint8_t kPrefixInformation = 3;
inline constexpr std::uint8_t kMtu = 5;
inline constexpr std::uint8_t kRecursiveDns = 25;
}  // namespace nd_option

struct NdPrefixInformation {
  IpPrefix prefix;
  bool on_link = false;
  bool autonomous = false;
  std::uint32_t valid_lifetime_seconds = 0;  ///< all ones: for ever
  std::uint32_t preferred_lifetime_seconds = 0;
};

/// An option list in which every length fits. Options of unknown type or odd length are skipped.
class NdOptions {
 public:
  constexpr NdOptions() = default;
  /// nullopt when an option's length is 0 or points outside the list (RFC 4861 §4.6).
  static constexpr std::optional<NdOptions> parse(std::span<const std::byte> options) {
    for (auto rest = options; !rest.empty(); rest = rest.subspan(length_of(rest))) {
      if (rest.size() < 8 || length_of(rest) == 0 || length_of(rest) > rest.size()) {
        return std::nullopt;
      }
    }
    return NdOptions{options};
  }

  /// Calls f(type, whole option) for each in order. A message holds at most its size / 8 of them.
  template <typename F>
  constexpr void for_each(F&& f) const {
    for (auto rest = options_; !rest.empty(); rest = rest.subspan(length_of(rest))) {
      f(std::to_integer<std::uint8_t>(rest[0]), rest.first(length_of(rest)));
    }
  }
  /// The first Ethernet address option of `type`: kSourceLinkLayer or kTargetLinkLayer.
  std::optional<MacAddress> link_layer(std::uint8_t type) const;
  std::optional<std::uint32_t> mtu() const;
  /// Calls f(const NdPrefixInformation&) for each well-formed prefix.
  template <typename F>
  void for_each_prefix(F&& f) const {
    for_each([&f](std::uint8_t type, std::span<const std::byte> option) {
      if (type != nd_option::kPrefixInformation) return;
      if (const auto prefix = parse_prefix(option)) f(*prefix);
    });
  }

 private:
  constexpr explicit NdOptions(std::span<const std::byte> options) : options_(options) {}
  static constexpr std::size_t length_of(std::span<const std::byte> rest) {
    return std::to_integer<std::size_t>(rest[1]) * 8;
  }
  std::span<const std::byte> find(std::uint8_t type, std::size_t size) const;
  static std::optional<NdPrefixInformation> parse_prefix(std::span<const std::byte> option);

  std::span<const std::byte> options_;
};

/// RFC 4861 §4.3.
struct NeighborSolicitation {
  static constexpr std::size_t kHeader = 24;
  IpAddress target;
  NdOptions options;

  static std::optional<NeighborSolicitation> parse(std::span<const std::byte> message);
};

/// RFC 4861 §4.4.
struct NeighborAdvertisement {
  static constexpr std::size_t kHeader = 24;
  IpAddress target;
  bool router = false;
  bool solicited = false;
  bool override_cache = false;
  NdOptions options;

  static std::optional<NeighborAdvertisement> parse(std::span<const std::byte> message);
};

/// RFC 4861 §4.1.
struct RouterSolicitation {
  static constexpr std::size_t kHeader = 8;
  NdOptions options;

  static std::optional<RouterSolicitation> parse(std::span<const std::byte> message);
};

/// RFC 4861 §4.2. Zero means "unspecified" in all but the lifetime.
struct RouterAdvertisement {
  static constexpr std::size_t kHeader = 16;
  std::uint8_t hop_limit = 0;
  bool managed = false;
  bool other_configuration = false;
  std::uint16_t lifetime_seconds = 0;  ///< 0: not a default router
  std::uint32_t reachable_ms = 0;
  std::uint32_t retransmit_ms = 0;
  NdOptions options;

  static std::optional<RouterAdvertisement> parse(std::span<const std::byte> message);
};

/// RFC 4861 §4.5.
struct Redirect {
  static constexpr std::size_t kHeader = 40;
  IpAddress target;       ///< the better first hop; the destination itself if that is on the link
  IpAddress destination;  ///< what it is better for
  NdOptions options;

  static std::optional<Redirect> parse(std::span<const std::byte> message);
};

/// What a host emits. write() leaves the checksum to fill_icmpv6_checksum().
struct NeighborSolicitationSpec {
  IpAddress target;
  std::optional<MacAddress> source_link_layer;  ///< none from the unspecified address (§4.3)

  constexpr std::size_t size() const {
    return NeighborSolicitation::kHeader + (source_link_layer ? 8 : 0);
  }
  /// Precondition: out.size() == size(), target is IPv6.
  void write(std::span<std::byte> out) const;
};

struct NeighborAdvertisementSpec {
  IpAddress target;
  bool router = false;
  bool solicited = false;
  bool override_cache = false;
  std::optional<MacAddress> target_link_layer;

  constexpr std::size_t size() const {
    return NeighborAdvertisement::kHeader + (target_link_layer ? 8 : 0);
  }
  /// Precondition: out.size() == size(), target is IPv6.
  void write(std::span<std::byte> out) const;
};

struct RouterSolicitationSpec {
  std::optional<MacAddress> source_link_layer;  ///< none from the unspecified address (§4.1)

  constexpr std::size_t size() const {
    return RouterSolicitation::kHeader + (source_link_layer ? 8 : 0);
  }
  /// Precondition: out.size() == size().
  void write(std::span<std::byte> out) const;
};

/// ff02::1:ffXX:XXXX for a unicast address (RFC 4291 §2.7.1).
IpAddress solicited_node_multicast(const IpAddress& unicast);

/// The Ethernet group address of an IPv4 (RFC 1112 §6.4) or IPv6 (RFC 2464 §7) multicast address.
MacAddress multicast_mac(const IpAddress& group);

}  // namespace zs::wire
