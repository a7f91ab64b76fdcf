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
                   .traffic_class = static_cast<std::uint8_t>(spec.ecn),
                   .flow_label = spec.flow_label,
                   .payload_length = payload_bytes}
        .write({at, header_size(IpFamily::kV6)});
    return;
  }
  write_ipv4_header(at, wire::ipv4_start(spec.ecn), spec.src, spec.dst, spec.protocol,
                    spec.hop_limit, payload_bytes);
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
