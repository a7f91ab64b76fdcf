#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "base/address.hpp"
#include "wire/igmp.hpp"

namespace zs::wire {

/// MLD's ICMPv6 types (RFC 2710 §3.1, RFC 3810 §5).
namespace mld_type {
inline constexpr std::uint8_t kQuery = 130;
inline constexpr std::uint8_t kReportV1 = 131;
inline constexpr std::uint8_t kDoneV1 = 132;
inline constexpr std::uint8_t kReportV2 = 143;
}  // namespace mld_type

/// A floating-point code of MLDv2 (RFC 3810 §5.1.3): up to 32767 it stands for itself.
constexpr std::uint32_t decode_mld(std::uint16_t code) {
  if (code < 32'768) return code;
  return ((code & 0xfffu) | 0x1000u) << (((code >> 12) & 7u) + 3);
}

/// `message` is a whole, checksum-verified ICMPv6 message. nullopt for another, or one cut short.
std::optional<GroupQuery> parse_mld_query(std::span<const std::byte> message);
/// The group of a version 1 report.
std::optional<IpAddress> parse_mld_report(std::span<const std::byte> message);

inline constexpr std::size_t kMldMessage = 24;  ///< of version 1
inline constexpr std::size_t kMldReportHead = 8;
inline constexpr std::size_t kMldRecord = 20;

// All leave the checksum to fill_icmpv6_checksum().
/// A message of version 1. Precondition: kMldMessage bytes.
void write_mld_message(std::span<std::byte> out, std::uint8_t type, const IpAddress& group);
/// One record of a version 2 report. Precondition: kMldRecord bytes.
void write_mld_record(std::span<std::byte> out, GroupRecordType type, const IpAddress& group);
/// The head of a version 2 report. Precondition: kMldReportHead bytes.
void write_mld_report_head(std::span<std::byte> out, std::uint16_t records);

}  // namespace zs::wire
