#include "wire/icmp.hpp"

#include "wire/checksum.hpp"

namespace zs::wire {

bool is_icmp_checksum_ok(std::span<const std::byte> message) {
  return checksum_finish(checksum_add(message)) == 0;
}

void fill_icmp_checksum(std::span<std::byte> message) {
  ZS_ASSERT(message.size() >= IcmpView::kHeader);
  store_be(&message[2], std::uint16_t{0});
  store_be(&message[2], checksum_finish(checksum_add(message)));
}

}  // namespace zs::wire
