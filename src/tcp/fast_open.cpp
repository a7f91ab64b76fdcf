#include "tcp/fast_open.hpp"

#include "base/byte_order.hpp"
#include "tcp/flow_hash.hpp"

namespace zs::tcp {

namespace {
constexpr std::uint8_t kCookieBytes = 8;
constexpr std::uint8_t kMostLosses = 8;
constexpr Duration kFirstBackOff = std::chrono::seconds{60};  // doubled with each loss, as on Linux
}  // namespace

wire::FastOpenCookie FastOpenCookies::make(const FlowKey& flow, Instant now) const noexcept {
  return of_epoch(flow, now.ns() / kKeyLife.count());
}

FastOpenCookies::Verdict FastOpenCookies::judge(const wire::FastOpenCookie& cookie,
                                                const FlowKey& flow, Instant now) const noexcept {
  const std::int64_t epoch = now.ns() / kKeyLife.count();
  if (cookie == of_epoch(flow, epoch)) return Verdict::kCurrent;
  return cookie == of_epoch(flow, epoch - 1) ? Verdict::kOld : Verdict::kForged;
}

/// The epoch stands where the ports would, which a cookie does not depend on.
wire::FastOpenCookie FastOpenCookies::of_epoch(const FlowKey& flow,
                                               std::int64_t epoch) const noexcept {
  const auto number = static_cast<std::uint32_t>(epoch);
  const FlowKey key{{flow.local.address, static_cast<std::uint16_t>(number)},
                    {flow.remote.address, static_cast<std::uint16_t>(number >> 16)}};
  wire::FastOpenCookie cookie{.length = kCookieBytes};
  store_be(cookie.bytes.data(), flow_hash(secret_, HashUse::kFastOpen, key));
  return cookie;
}

FastOpenCache::Entry* FastOpenCache::find(const IpAddress& server) noexcept {
  const auto it = by_address_.find(server);
  if (it == by_address_.end()) return nullptr;
  entries_.splice(entries_.begin(), entries_, it->second);
  return &entries_.front();
}

FastOpenCache::Entry& FastOpenCache::find_or_make(const IpAddress& server) {
  if (Entry* const known = find(server)) return *known;
  if (by_address_.size() >= kMostServers) {
    by_address_.erase(entries_.back().server);
    entries_.pop_back();
  }
  entries_.emplace_front().server = server;
  by_address_.emplace(server, entries_.begin());
  return entries_.front();
}

std::optional<FastOpenCache::Known> FastOpenCache::look_up(const IpAddress& server, Instant now) {
  const Entry* const entry = find(server);
  if (entry == nullptr) return Known{};
  // One loss may be chance.
  if (entry->losses > 1 && now < entry->lost_at + kFirstBackOff * (1 << entry->losses)) {
    return std::nullopt;
  }
  return entry->known;
}

void FastOpenCache::store(const IpAddress& server, const wire::FastOpenCookie& cookie,
                          std::uint16_t mss) {
  find_or_make(server).known = {.cookie = cookie, .mss = mss};
}

void FastOpenCache::on_loss(const IpAddress& server, Instant now) {
  Entry& entry = find_or_make(server);
  if (entry.losses < kMostLosses) ++entry.losses;
  entry.lost_at = now;
}

void FastOpenCache::on_success(const IpAddress& server) noexcept {
  if (Entry* const entry = find(server)) entry->losses = 0;
}

}  // namespace zs::tcp
