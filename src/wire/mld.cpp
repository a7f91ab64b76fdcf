#include "wire/mld.hpp"

#include <algorithm>
#include <chrono>

#include "base/assert.hpp"
#include "base/byte_order.hpp"
#include "wire/ipv6.hpp"

namespace zs::wire {
namespace {

constexpr std::size_t kMldQueryV2 = 28;

}  // namespace

std::optional<GroupQuery> parse_mld_query(std::span<const std::byte> message) {
  using std::chrono::milliseconds;
  using std::chrono::seconds;
  if (message.size() < kMldMessage || byte_at(message, 0) != mld_type::kQuery) {
    return std::nullopt;
  }
  GroupQuery query{.version = 1, .group = load_ipv6(&message[8])};
  if (!query.group.is_unspecified() && !query.group.is_multicast()) return std::nullopt;
  if (query.group.is_v4()) return std::nullopt;
  const auto code = load_be<std::uint16_t>(&message[4]);
  // RFC 3810 §8.1: the length tells the version.
  if (message.size() == kMldMessage) {
    query.max_response = milliseconds{code};
    return query;
  }
  if (message.size() < kMldQueryV2 ||
      message.size() < kMldQueryV2 + 16u * load_be<std::uint16_t>(&message[26])) {
    return std::nullopt;
  }
  query.version = 2;
  query.max_response = milliseconds{decode_mld(code)};
  query.robustness = byte_at(message, 24) & 7;
  query.interval = seconds{decode_igmp(byte_at(message, 25))};
  return query;
}

std::optional<IpAddress> parse_mld_report(std::span<const std::byte> message) {
  if (message.size() < kMldMessage || byte_at(message, 0) != mld_type::kReportV1) {
    return std::nullopt;
  }
  return load_ipv6(&message[8]);
}

void write_mld_message(std::span<std::byte> out, std::uint8_t type, const IpAddress& group) {
  ZS_ASSERT(out.size() == kMldMessage && group.is_v6());
  std::fill(out.begin(), out.end(), std::byte{0});
  out[0] = std::byte{type};
  store_ipv6(&out[8], group);
}

void write_mld_record(std::span<std::byte> out, GroupRecordType type, const IpAddress& group) {
  ZS_ASSERT(out.size() == kMldRecord && group.is_v6());
  std::fill(out.begin(), out.end(), std::byte{0});
  out[0] = static_cast<std::byte>(type);
  store_ipv6(&out[4], group);
}

void write_mld_report_head(std::span<std::byte> out, std::uint16_t records) {
  ZS_ASSERT(out.size() == kMldReportHead);
  std::fill(out.begin(), out.end(), std::byte{0});
  out[0] = std::byte{mld_type::kReportV2};
  store_be(&out[6], records);
}

}  // namespace zs::wire
