#include "tcp/isn.hpp"

#include "tcp/flow_hash.hpp"

namespace zs::tcp {

//= https://www.rfc-editor.org/rfc/rfc6528#section-3
//# ISN = M + F(localip, localport, remoteip, remoteport, secretkey)
SeqNum IsnGenerator::isn(const FlowKey& flow, Instant now) const noexcept {
  constexpr std::int64_t kTick = 4'000;  // nanoseconds: RFC 9293 §3.4.1's 4 microseconds
  const auto m = static_cast<std::uint32_t>(now.ns() / kTick);
  return SeqNum{m + static_cast<std::uint32_t>(flow_hash(secret_, HashUse::kIsn, flow))};
}

std::uint32_t IsnGenerator::timestamp_offset(const FlowKey& flow) const noexcept {
  return static_cast<std::uint32_t>(flow_hash(secret_, HashUse::kTimestamp, flow));
}

}  // namespace zs::tcp
