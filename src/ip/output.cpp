#include "ip/output.hpp"

#include "base/assert.hpp"
#include "base/byte_order.hpp"
#include "wire/ipv6.hpp"

namespace zs::ip {
void write_header(std::byte* at, const HeaderSpec& spec, std::uint32_t payload_bytes) noexcept {
  ZS_ASSERT(spec.src.family() == spec.dst.family());
  if (spec.src.is_v6()) {
    wire::Ipv6Spec{.src = spec.src,
                   .dst = spec.dst,
                   .next_header = spec.protocol,
                   .hop_limit = spec.hop_limit,
                   .flow_label = spec.flow_label,
                   .payload_length = payload_bytes}
        .write({at, header_size(IpFamily::kV6)});
    return;
  }
  // Stores of constants and registers only: every data packet passes here. The checksum field stays
  // 0, for the device (or its stand-in) fills it in.
  constexpr std::uint32_t kVersionAndLength = 0x45u << 24;
  constexpr std::uint32_t kDontFragment = 0x4000;
  store_be(at, kVersionAndLength | (20 + payload_bytes));
  store_be(at + 4, kDontFragment);
  store_be(at + 8, std::uint32_t{spec.hop_limit} << 24 | std::uint32_t{spec.protocol} << 16);
  store_be(at + 12, spec.src.v4_value());
  store_be(at + 16, spec.dst.v4_value());
}

Result<void> prepend_header(buf::Mbuf& packet, const HeaderSpec& spec) noexcept {
  const IpFamily family = spec.src.family();
  const std::uint16_t size = header_size(family);
  const std::uint32_t payload = packet.length();
  if (!fits_packet(family, payload)) return Errc::kMessageSize;
  ZS_TRY_ASSIGN(const std::span<std::byte> room, packet.prepend(size));
  write_header(room.data(), spec, payload);
  packet->l3_len = size & 0x1ff;
  packet->ol_flags |=
      family == IpFamily::kV4 ? RTE_MBUF_F_TX_IPV4 | RTE_MBUF_F_TX_IP_CKSUM : RTE_MBUF_F_TX_IPV6;
  return {};
}

}  // namespace zs::ip
