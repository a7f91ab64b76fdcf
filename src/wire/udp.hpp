#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/assert.hpp"
#include "base/byte_order.hpp"

namespace zs::wire {

/// A UDP header (RFC 768) whose length field lies inside the packet.
class UdpView {
 public:
  static constexpr std::size_t kHeader = 8;

  /// Bytes behind the length field's end are not part of the datagram: payload() leaves them out.
  static constexpr std::optional<UdpView> parse(std::span<const std::byte> l4) {
    if (l4.size() < kHeader) return std::nullopt;
    const std::size_t length = load_be<std::uint16_t>(&l4[4]);
    if (length < kHeader || length > l4.size()) return std::nullopt;
    return UdpView{l4.first(length)};
  }

  constexpr std::uint16_t src_port() const { return load_be<std::uint16_t>(&l4_[0]); }
  constexpr std::uint16_t dst_port() const { return load_be<std::uint16_t>(&l4_[2]); }
  /// Header and payload, in bytes.
  constexpr std::uint16_t length() const { return load_be<std::uint16_t>(&l4_[4]); }
  /// 0: the sender made none (allowed over IPv4 only, RFC 8200 §8.1).
  constexpr std::uint16_t checksum() const { return load_be<std::uint16_t>(&l4_[6]); }
  constexpr std::span<const std::byte> payload() const { return l4_.subspan(kHeader); }

 private:
  constexpr explicit UdpView(std::span<const std::byte> l4) : l4_(l4) {}
  std::span<const std::byte> l4_;
};

/// A computed checksum as UDP transmits it: zero means "none", so zero is sent as its other
/// one's complement form (RFC 768).
constexpr std::uint16_t udp_checksum_field(std::uint16_t computed) {
  return computed == 0 ? std::uint16_t{0xffff} : computed;
}

struct UdpSpec {
  std::uint16_t src_port = 0;
  std::uint16_t dst_port = 0;
  std::uint16_t length = UdpView::kHeader;  ///< header and payload
  std::uint16_t checksum = 0;

  static constexpr std::size_t size() { return UdpView::kHeader; }
  /// Precondition: out.size() == size().
  constexpr void write(std::span<std::byte> out) const {
    ZS_ASSERT(out.size() == size() && length >= UdpView::kHeader);
    store_be(&out[0], src_port);
    store_be(&out[2], dst_port);
    store_be(&out[4], length);
    store_be(&out[6], checksum);
  }
};

}  // namespace zs::wire
