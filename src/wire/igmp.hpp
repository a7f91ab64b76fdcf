#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.hpp"
#include "base/time.hpp"

namespace zs::wire {

/// IGMP types (RFC 2236 §2.1, RFC 3376 §4).
namespace igmp_type {
inline constexpr std::uint8_t kQuery = 0x11;
inline constexpr std::uint8_t kReportV1 = 0x12;
inline constexpr std::uint8_t kReportV2 = 0x16;
inline constexpr std::uint8_t kLeaveV2 = 0x17;
inline constexpr std::uint8_t kReportV3 = 0x22;
}  // namespace igmp_type

/// What a record of a report says of its group, the same in IGMPv3 (RFC 3376 §4.2.12) and MLDv2
/// (RFC 3810 §5.2.12). Sources are never named: whoever listens, listens to all.
enum class GroupRecordType : std::uint8_t {
  kIsExclude = 2,  ///< with no source excluded: a member
  kToInclude = 3,  ///< with no source included: a member no more
  kToExclude = 4,  ///< with no source excluded: a member from now on
};

/// A membership or listener query of either protocol and any version.
struct GroupQuery {
  std::uint8_t version = 0;     ///< of the querier: IGMP 1 to 3, MLD 1 and 2
  IpAddress group;              ///< unspecified, in the query's family: a general query
  Duration max_response{};      ///< within which to answer
  std::uint8_t robustness = 0;  ///< Querier's Robustness Variable; 0: not said
  Duration interval{};          ///< Querier's Query Interval; 0: not said
};

/// A floating-point code of IGMPv3 (RFC 3376 §4.1.1, §4.1.7): up to 127 it stands for itself.
constexpr std::uint32_t decode_igmp(std::uint8_t code) {
  if (code < 128) return code;
  return ((code & 0xfu) | 0x10u) << (((code >> 4) & 7u) + 3);
}

/// `message` is a whole, checksum-verified IGMP message. nullopt for another, or one cut short.
std::optional<GroupQuery> parse_igmp_query(std::span<const std::byte> message);
/// The group of a report of version 1 or 2, which spares others theirs.
std::optional<IpAddress> parse_igmp_report(std::span<const std::byte> message);

inline constexpr std::size_t kIgmpMessage = 8;  ///< of version 1 and 2
inline constexpr std::size_t kIgmpReportHead = 8;
inline constexpr std::size_t kIgmpRecord = 8;

/// A message of version 1 or 2, complete with checksum. Precondition: kIgmpMessage bytes.
void write_igmp_message(std::span<std::byte> out, std::uint8_t type, const IpAddress& group);
/// One record of a version 3 report. Precondition: kIgmpRecord bytes.
void write_igmp_record(std::span<std::byte> out, GroupRecordType type, const IpAddress& group);
/// The head of a report whose records are behind it already, and the checksum over all.
void finish_igmp_report(std::span<std::byte> out, std::uint16_t records);

}  // namespace zs::wire
