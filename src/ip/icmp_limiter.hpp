#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/address.hpp"
#include "base/siphash.hpp"
#include "base/time.hpp"
#include "ip/token_bucket.hpp"

namespace zs::ip {

struct IcmpLimits {
  std::uint32_t errors_per_second = 1'000;    ///< Linux' icmp_msgs_per_sec
  std::uint32_t errors_burst = 50;            ///< Linux' icmp_msgs_burst
  std::uint32_t errors_per_second_each = 20;  ///< to one destination; Linux allows 1
  std::uint32_t errors_burst_each = 10;
  std::uint32_t echoes_per_second = 100'000;  ///< Linux has no limit; a flood must not starve TCP
  std::uint32_t echoes_burst = 2'000;
};

/// How many ICMP messages a stranger can make us send (RFC 1812 §4.3.2.8, RFC 4443 §2.4(f)): of
/// errors so many to one destination and so many in all; echo replies by themselves, so that a ping
/// flood does not silence errors.
class IcmpLimiter {
 public:
  IcmpLimiter(const IcmpLimits& limits, SipKey key)
      : errors_(limits.errors_per_second, limits.errors_burst),
        echoes_(limits.echoes_per_second, limits.echoes_burst),
        key_(key),
        each_(kBuckets, TokenBucket{limits.errors_per_second_each, limits.errors_burst_each}) {}

  bool take_error(const IpAddress& destination, Instant now) {
    // Its own bucket first: who has emptied that does not empty everybody's.
    TokenBucket& own = each_[siphash(key_, destination.bytes()) % each_.size()];
    return own.take(now) && errors_.take(now);
  }
  bool take_echo(Instant now) { return echoes_.take(now); }

 private:
  TokenBucket errors_;
  TokenBucket echoes_;
  SipKey key_;
  /// Destinations share buckets by a keyed hash: bounded, and nobody can aim at another's bucket.
  std::vector<TokenBucket> each_;
  static constexpr std::size_t kBuckets = 256;
};

}  // namespace zs::ip
