#include "neigh/interface_id.hpp"

#include <algorithm>
#include <array>

#include "base/byte_order.hpp"

namespace zs::neigh {
namespace {

constexpr std::uint8_t kPrefixBits = 64;

std::uint64_t eui64_of(const MacAddress& mac) {
  std::array<std::byte, 8> id{};
  std::copy_n(mac.bytes.begin(), 3, id.begin());
  id[0] ^= std::byte{2};
  id[3] = std::byte{0xff};
  id[4] = std::byte{0xfe};
  std::copy_n(mac.bytes.begin() + 3, 3, id.begin() + 5);
  return load_be<std::uint64_t>(id.data());
}

std::uint64_t opaque_of(const SipKey& secret, std::uint64_t prefix, const MacAddress& mac,
                        std::uint8_t duplicates) {
  std::array<std::byte, 15> input;
  store_be(input.data(), prefix);
  std::copy_n(mac.bytes.begin(), 6, input.begin() + 8);
  input[14] = std::byte{duplicates};
  return siphash(secret, input);
}

/// RFC 5453: the subnet router's anycast address, IANA's block of Ethernet, and anycast ones.
bool is_reserved(std::uint64_t id) {
  return id == 0 || (id >> 24) == 0x0200'5eff'feull || id >= 0xfdff'ffff'ffff'ff80ull;
}

}  // namespace

std::optional<IpPrefix> make_address(const IdentifierPolicy& policy, const IpPrefix& prefix,
                                     const MacAddress& mac, std::uint8_t duplicates) {
  if (prefix.length != kPrefixBits || prefix.address.is_v4()) return std::nullopt;
  const std::uint64_t high = prefix.address.high();
  std::uint64_t id = eui64_of(mac);
  if (policy.kind == IdentifierKind::kEui64) {
    if (duplicates > 0) return std::nullopt;  // RFC 4862 §5.4.5
  } else {
    if (duplicates > kIdentifierRetries) return std::nullopt;
    id = opaque_of(policy.secret, high, mac, duplicates);
    // Rarer than once in 2^55 addresses.
    while (is_reserved(id)) id = opaque_of(policy.secret, high ^ id, mac, duplicates);
  }
  IpAddress::Bytes bytes;
  store_be(bytes.data(), high);
  store_be(bytes.data() + 8, id);
  return IpPrefix{IpAddress::v6(bytes), kPrefixBits};
}

std::optional<IpPrefix> make_link_local(const IdentifierPolicy& policy, const MacAddress& mac,
                                        std::uint8_t duplicates) {
  IpAddress::Bytes bytes{};
  bytes[0] = std::byte{0xfe};
  bytes[1] = std::byte{0x80};
  return make_address(policy, {IpAddress::v6(bytes), kPrefixBits}, mac, duplicates);
}

}  // namespace zs::neigh
