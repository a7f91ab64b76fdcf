#include "wire/icmpv6.hpp"

#include "wire/checksum.hpp"

namespace zs::wire {
namespace {

std::uint64_t sum_of(const IpAddress& src, const IpAddress& dst,
                     std::span<const std::byte> message) {
  return checksum_add(message, pseudo_header_sum(src, dst, ip_protocol::kIcmpv6,
                                                 static_cast<std::uint32_t>(message.size())));
}

}  // namespace

bool is_icmpv6_checksum_ok(const IpAddress& src, const IpAddress& dst,
                           std::span<const std::byte> message) {
  return checksum_finish(sum_of(src, dst, message)) == 0;
}

void fill_icmpv6_checksum(const IpAddress& src, const IpAddress& dst,
                          std::span<std::byte> message) {
  ZS_ASSERT(message.size() >= Icmpv6View::kHeader);
  store_be(&message[2], std::uint16_t{0});
  store_be(&message[2], checksum_finish(sum_of(src, dst, message)));
}

}  // namespace zs::wire
