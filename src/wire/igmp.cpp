#include "wire/igmp.hpp"

#include <algorithm>
#include <chrono>

#include "base/assert.hpp"
#include "base/byte_order.hpp"
#include "wire/checksum.hpp"

namespace zs::wire {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::size_t kQueryV3 = 12;

IpAddress igmp_group(std::span<const std::byte> message) {
  return IpAddress::v4(load_be<std::uint32_t>(&message[4]));
}

}  // namespace

std::optional<GroupQuery> parse_igmp_query(std::span<const std::byte> message) {
  if (message.size() < kIgmpMessage || byte_at(message, 0) != igmp_type::kQuery) {
    return std::nullopt;
  }
  GroupQuery query{.version = 2, .group = igmp_group(message)};
  if (!query.group.is_unspecified() && !query.group.is_multicast()) return std::nullopt;
  // RFC 3376 §7.1: the length tells the version, and of the short ones the response time.
  const std::uint8_t code = byte_at(message, 1);
  if (message.size() == kIgmpMessage) {
    constexpr std::uint32_t kVersion1Tenths = 100;  // RFC 2236 §4
    if (code == 0) query.version = 1;
    query.max_response = milliseconds{100 * (code == 0 ? kVersion1Tenths : std::uint32_t{code})};
    return query;
  }
  if (message.size() < kQueryV3 ||
      message.size() < kQueryV3 + 4u * load_be<std::uint16_t>(&message[10])) {
    return std::nullopt;
  }
  query.version = 3;
  query.max_response = milliseconds{100 * decode_igmp(code)};
  query.robustness = byte_at(message, 8) & 7;
  query.interval = seconds{decode_igmp(byte_at(message, 9))};
  return query;
}

std::optional<IpAddress> parse_igmp_report(std::span<const std::byte> message) {
  if (message.size() < kIgmpMessage) return std::nullopt;
  const std::uint8_t type = byte_at(message, 0);
  if (type != igmp_type::kReportV1 && type != igmp_type::kReportV2) return std::nullopt;
  return igmp_group(message);
}

void write_igmp_message(std::span<std::byte> out, std::uint8_t type, const IpAddress& group) {
  ZS_ASSERT(out.size() == kIgmpMessage && group.is_v4());
  std::fill(out.begin(), out.end(), std::byte{0});
  out[0] = std::byte{type};
  store_be(&out[4], group.v4_value());
  store_be(&out[2], checksum_finish(checksum_add(out)));
}

void write_igmp_record(std::span<std::byte> out, GroupRecordType type, const IpAddress& group) {
  ZS_ASSERT(out.size() == kIgmpRecord && group.is_v4());
  std::fill(out.begin(), out.end(), std::byte{0});
  out[0] = static_cast<std::byte>(type);
  store_be(&out[4], group.v4_value());
}

void finish_igmp_report(std::span<std::byte> out, std::uint16_t records) {
  ZS_ASSERT(out.size() == kIgmpReportHead + records * kIgmpRecord);
  std::fill_n(out.begin(), kIgmpReportHead, std::byte{0});
  out[0] = std::byte{igmp_type::kReportV3};
  store_be(&out[6], records);
  store_be(&out[2], checksum_finish(checksum_add(out)));
}

}  // namespace zs::wire
