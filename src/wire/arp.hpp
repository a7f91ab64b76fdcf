#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.hpp"
#include "base/assert.hpp"
#include "base/byte_order.hpp"
#include "wire/ethernet.hpp"
#include "wire/protocol.hpp"

namespace zs::wire {

/// ARP operations (RFC 826; the wire may carry others, which a host ignores).
namespace arp_operation {
inline constexpr std::uint16_t kRequest = 1;
inline constexpr std::uint16_t kReply = 2;
}  // namespace arp_operation

/// An ARP packet for IPv4 over Ethernet (RFC 826). Other hardware or protocols do not parse.
class ArpView {
 public:
  static constexpr std::size_t kSize = 28;
  static constexpr std::uint16_t kHardwareEthernet = 1;

  static constexpr std::optional<ArpView> parse(std::span<const std::byte> packet) {
    if (packet.size() < kSize) return std::nullopt;
    if (load_be<std::uint16_t>(&packet[0]) != kHardwareEthernet ||
        load_be<std::uint16_t>(&packet[2]) != ether_type::kIpv4 || packet[4] != std::byte{6} ||
        packet[5] != std::byte{4}) {
      return std::nullopt;
    }
    return ArpView{packet.first(kSize)};
  }

  constexpr std::uint16_t operation() const { return load_be<std::uint16_t>(&packet_[6]); }
  constexpr MacAddress sender_mac() const { return load_mac(&packet_[8]); }
  constexpr IpAddress sender_ip() const {
    return IpAddress::v4(load_be<std::uint32_t>(&packet_[14]));
  }
  constexpr MacAddress target_mac() const { return load_mac(&packet_[18]); }
  constexpr IpAddress target_ip() const {
    return IpAddress::v4(load_be<std::uint32_t>(&packet_[24]));
  }

 private:
  constexpr explicit ArpView(std::span<const std::byte> packet) : packet_(packet) {}
  std::span<const std::byte> packet_;
};

struct ArpSpec {
  std::uint16_t operation = arp_operation::kRequest;
  MacAddress sender_mac;
  IpAddress sender_ip = IpAddress::any(IpFamily::kV4);
  MacAddress target_mac;
  IpAddress target_ip = IpAddress::any(IpFamily::kV4);

  static constexpr std::size_t size() { return ArpView::kSize; }
  /// Precondition: out.size() == size(), both addresses are IPv4.
  constexpr void write(std::span<std::byte> out) const {
    ZS_ASSERT(out.size() == size() && sender_ip.is_v4() && target_ip.is_v4());
    store_be(&out[0], ArpView::kHardwareEthernet);
    store_be(&out[2], ether_type::kIpv4);
    out[4] = std::byte{6};
    out[5] = std::byte{4};
    store_be(&out[6], operation);
    store_mac(&out[8], sender_mac);
    store_be(&out[14], sender_ip.v4_value());
    store_mac(&out[18], target_mac);
    store_be(&out[24], target_ip.v4_value());
  }
};

}  // namespace zs::wire
