#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/assert.hpp"
#include "base/byte_order.hpp"
#include "wire/protocol.hpp"

namespace zs::wire {

/// The four bytes behind an EtherType of kVlan or kServiceVlan: the tag control information and the
/// next EtherType (IEEE 802.1Q §9.6).
class VlanView {
 public:
  static constexpr std::size_t kTag = 4;

  /// `tag` begins behind the Ethernet header.
  static constexpr std::optional<VlanView> parse(std::span<const std::byte> tag) {
    if (tag.size() < kTag) return std::nullopt;
    return VlanView{tag};
  }

  constexpr std::uint16_t control() const { return load_be<std::uint16_t>(&tag_[0]); }
  /// 0: priority only, no VLAN; 4095 is reserved.
  constexpr std::uint16_t id() const { return control() & 0x0fff; }
  constexpr std::uint8_t priority() const { return static_cast<std::uint8_t>(control() >> 13); }
  constexpr bool is_drop_eligible() const { return (control() & 0x1000) != 0; }
  constexpr std::uint16_t ether_type() const { return load_be<std::uint16_t>(&tag_[2]); }
  constexpr std::span<const std::byte> payload() const { return tag_.subspan(kTag); }

 private:
  constexpr explicit VlanView(std::span<const std::byte> tag) : tag_(tag) {}
  std::span<const std::byte> tag_;
};

struct VlanSpec {
  std::uint16_t id = 0;       ///< 12 bits
  std::uint8_t priority = 0;  ///< 3 bits
  bool drop_eligible = false;
  std::uint16_t ether_type = 0;  ///< of what follows the tag

  static constexpr std::size_t size() { return VlanView::kTag; }
  /// Precondition: out.size() == size(), and the fields fit their bits.
  constexpr void write(std::span<std::byte> out) const {
    ZS_ASSERT(out.size() == size() && id <= 0x0fff && priority <= 7);
    store_be(&out[0],
             static_cast<std::uint16_t>(priority << 13 | (drop_eligible ? 0x1000 : 0) | id));
    store_be(&out[2], ether_type);
  }
};

}  // namespace zs::wire
