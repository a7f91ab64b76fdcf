#include "tcp/flow_hash.hpp"

#include <array>
#include <cstddef>
#include <cstring>

#include "base/byte_order.hpp"

namespace zs::tcp {

std::uint64_t flow_hash(const SipKey& key, HashUse use, const FlowKey& flow) noexcept {
  std::array<std::byte, 37> input;
  std::memcpy(input.data(), flow.local.address.bytes().data(), 16);
  std::memcpy(input.data() + 16, flow.remote.address.bytes().data(), 16);
  store_be(input.data() + 32, flow.local.port);
  store_be(input.data() + 34, flow.remote.port);
  input[36] = static_cast<std::byte>(use);
  return siphash(key, input);
}

}  // namespace zs::tcp
