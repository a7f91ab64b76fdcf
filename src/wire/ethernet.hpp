#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>

#include "base/address.hpp"
#include "base/assert.hpp"
#include "base/byte_order.hpp"
#include "wire/protocol.hpp"

namespace zs::wire {

/// Precondition: 6 readable bytes at `p`.
constexpr MacAddress load_mac(const std::byte* p) {
  MacAddress mac;
  if (std::is_constant_evaluated()) {
    std::copy_n(p, mac.bytes.size(), mac.bytes.begin());
  } else {
    std::memcpy(mac.bytes.data(), p,
                mac.bytes.size());  // two loads, where copy_n() calls memmove()
  }
  return mac;
}

/// Precondition: 6 writable bytes at `p`.
constexpr void store_mac(std::byte* p, const MacAddress& mac) {
  if (std::is_constant_evaluated()) {
    std::copy_n(mac.bytes.begin(), mac.bytes.size(), p);
  } else {
    std::memcpy(p, mac.bytes.data(), mac.bytes.size());
  }
}

/// An Ethernet II header (RFC 894; IEEE 802.3 §3). A VLAN tag is part of the payload here.
class EthernetView {
 public:
  static constexpr std::uint16_t kHeader = 14;

  static constexpr std::optional<EthernetView> parse(std::span<const std::byte> frame) {
    if (frame.size() < kHeader) return std::nullopt;
    return EthernetView{frame};
  }

  constexpr MacAddress dst() const { return load_mac(&frame_[0]); }
  constexpr MacAddress src() const { return load_mac(&frame_[6]); }
  /// An EtherType, or an 802.3 length when below ether_type::kFirst.
  constexpr std::uint16_t ether_type() const { return load_be<std::uint16_t>(&frame_[12]); }
  constexpr std::span<const std::byte> payload() const { return frame_.subspan(kHeader); }

 private:
  constexpr explicit EthernetView(std::span<const std::byte> frame) : frame_(frame) {}
  std::span<const std::byte> frame_;
};

struct EthernetSpec {
  MacAddress dst;
  MacAddress src;
  std::uint16_t ether_type = 0;

  static constexpr std::size_t size() { return EthernetView::kHeader; }
  /// Precondition: out.size() == size().
  constexpr void write(std::span<std::byte> out) const {
    ZS_ASSERT(out.size() == size());
    store_mac(&out[0], dst);
    store_mac(&out[6], src);
    store_be(&out[12], ether_type);
  }
};

}  // namespace zs::wire
