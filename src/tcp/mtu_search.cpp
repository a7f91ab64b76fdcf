#include "tcp/mtu_search.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace zs::tcp {

namespace {
/// The second retreat of IPv4: what every host must be able to take (RFC 1122 §3.3.3).
constexpr std::uint16_t kLeastV4 = 576;
constexpr std::uint32_t kFirstRetreat = 2;
constexpr std::uint32_t kSecondRetreat = 4;
/// Sizes that paths often have: Ethernet, with PPPoE, with one tunnel or another (RFC 4821 §7.3
/// calls for some of them).
constexpr std::array<std::uint16_t, 8> kCommon{9000, 1500, 1492, 1480, 1460, 1420, 1400, 1280};
}  // namespace

std::optional<std::uint16_t> MtuSearch::retreat(std::uint16_t mtu, IpFamily family,
                                                std::uint32_t timeouts) {
  if (timeouts >= kSecondRetreat && family == IpFamily::kV4 && mtu > kLeastV4) return kLeastV4;
  if (timeouts >= kFirstRetreat && mtu > base(family)) return base(family);
  return std::nullopt;
}

std::uint16_t MtuSearch::next(Instant now) {
  if (probe_) return 0;
  if (is_settled()) {
    if (again_at_.is_never()) settle(now);
    if (now < again_at_) return 0;
    again_at_ = Instant::never();
    range_.high = range_.ceiling;
    if (is_settled()) return 0;
  }
  // The largest first: mostly it is right.
  if (range_.high == range_.ceiling) return range_.high;
  for (const std::uint16_t common : kCommon) {
    if (common <= range_.high && common >= range_.low + kClose) return common;
  }
  return static_cast<std::uint16_t>(range_.low + (range_.high - range_.low + 1) / 2);
}

void MtuSearch::settle(Instant now) { again_at_ = now + kPause; }

std::uint16_t MtuSearch::on_delivered() {
  range_.low = std::max(range_.low, std::exchange(probe_, std::nullopt)->mtu);
  range_.high = std::max(range_.high, range_.low);
  tries_ = 0;
  return range_.low;
}

void MtuSearch::on_lost(Instant now) {
  const std::uint16_t mtu = std::exchange(probe_, std::nullopt)->mtu;
  if (++tries_ < kMostTries) return;
  tries_ = 0;
  range_.high = std::max<std::uint16_t>(range_.low, std::min<std::uint16_t>(range_.high, mtu - 1));
  if (is_settled()) settle(now);
}

void MtuSearch::on_packet_too_big(std::uint16_t mtu, Instant now) {
  if (mtu >= range_.high) return;
  range_.high = mtu;
  range_.low = std::min(range_.low, mtu);
  if (is_settled()) settle(now);
}

void MtuSearch::on_black_hole(std::uint16_t low, std::uint16_t high) {
  probe_.reset();
  tries_ = 0;
  again_at_ = Instant::never();
  range_.low = low;
  range_.high = std::max(low, high);
}

}  // namespace zs::tcp
