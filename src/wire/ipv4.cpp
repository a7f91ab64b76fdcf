#include "wire/ipv4.hpp"

#include "base/assert.hpp"
#include "wire/checksum.hpp"

namespace zs::wire {

bool Ipv4View::is_checksum_ok() const { return checksum_finish(checksum_add(header())) == 0; }

bool Ipv4View::has_source_route() const {
  auto left = options();
  while (!left.empty()) {
    const auto kind = std::to_integer<std::uint8_t>(left[0]);
    if (kind == ipv4_option::kEnd) return false;
    if (kind == ipv4_option::kLooseSourceRoute || kind == ipv4_option::kStrictSourceRoute) {
      return true;
    }
    left = left.subspan(kind == ipv4_option::kNop ? 1 : std::to_integer<std::size_t>(left[1]));
  }
  return false;
}

void Ipv4Spec::write(std::span<std::byte> out) const {
  const std::size_t header = size();
  ZS_ASSERT(out.size() == header && header <= Ipv4View::kMaxHeader);
  ZS_ASSERT(src.is_v4() && dst.is_v4());
  ZS_ASSERT(header + payload_length <= 0xffff);
  ZS_ASSERT(fragment_offset % 8 == 0 && fragment_offset / 8 <= 0x1fff);
  out[0] = static_cast<std::byte>(0x40 | header / 4);
  out[1] = std::byte{tos};
  store_be(&out[2], static_cast<std::uint16_t>(header + payload_length));
  store_be(&out[4], identification);
  store_be(&out[6],
           static_cast<std::uint16_t>((dont_fragment ? 0x4000u : 0u) |
                                      (more_fragments ? 0x2000u : 0u) | fragment_offset / 8));
  out[8] = std::byte{ttl};
  out[9] = std::byte{protocol};
  store_be(&out[10], std::uint16_t{0});
  store_be(&out[12], src.v4_value());
  store_be(&out[16], dst.v4_value());
  const auto tail = out.subspan(Ipv4View::kMinHeader);
  std::copy(options.begin(), options.end(), tail.begin());
  std::fill(tail.begin() + static_cast<std::ptrdiff_t>(options.size()), tail.end(), std::byte{0});
  store_be(&out[10], checksum_finish(checksum_add(out)));
}

}  // namespace zs::wire
