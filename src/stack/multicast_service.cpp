#include "stack/multicast_service.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include "wire/checksum.hpp"
#include "wire/ethernet.hpp"
#include "wire/icmpv6.hpp"
#include "wire/igmp.hpp"
#include "wire/ipv4.hpp"
#include "wire/ipv6.hpp"
#include "wire/mld.hpp"
#include "wire/nd.hpp"

namespace zs::stack {
namespace {

constexpr std::uint8_t kOneHop = 1;  // RFC 3376 §4, RFC 3810 §5: no router passes them on
constexpr std::uint8_t kInternetworkControl = 0xc0;  // RFC 3376 §4
constexpr std::uint32_t kLargestMessage = 1'440;

// Router alert: routers that are no members have to look at it (RFC 2113, RFC 2711).
constexpr std::array<std::byte, 4> kAlertOption{std::byte{148}, std::byte{4}, {}, {}};
constexpr std::array<std::byte, 8> kAlertHeader{std::byte{wire::ip_protocol::kIcmpv6},
                                                {},
                                                std::byte{5},
                                                std::byte{2},
                                                {},
                                                {},
                                                std::byte{1},
                                                {}};

const IpAddress& igmp_routers() {  // RFC 3376 §4.2.14
  static constexpr IpAddress kRouters = IpAddress::v4(224, 0, 0, 22);
  return kRouters;
}
constexpr IpAddress link_scope(std::uint8_t number) {
  IpAddress::Bytes b{};
  b[0] = std::byte{0xff};
  b[1] = std::byte{0x02};
  b[15] = std::byte{number};
  return IpAddress::v6(b);
}

struct Envelope {
  IpAddress src;
  IpAddress dst;
  std::size_t message_bytes = 0;
};

/// Where a message of an old version goes: a report to its group, for other members to hear, a
/// farewell to the routers (RFC 2236 §9, RFC 2710 §8).
IpAddress old_destination(const ip::GroupRecord& record) {
  if (record.type != wire::GroupRecordType::kToInclude) return record.group;
  return record.group.is_v4() ? IpAddress::v4(224, 0, 0, 2) : link_scope(2);
}

/// A frame with its headers; `message` is what is left to fill in.
Result<buf::Mbuf> make_frame(Core& core, std::uint16_t interface, const Envelope& e,
                             std::span<std::byte>& message) {
  constexpr std::size_t kEthernet = wire::EthernetSpec::size();
  const bool v4 = e.src.is_v4();
  const std::size_t ip_header = v4 ? wire::Ipv4View::kMinHeader + kAlertOption.size()
                                   : wire::Ipv6View::kHeader + kAlertHeader.size();
  auto frame = buf::Mbuf::adopt(core.pools.data->alloc());
  if (!frame) return Errc::kNoBuffers;
  ZS_TRY_ASSIGN(const std::span<std::byte> room,
                frame.append(static_cast<std::uint16_t>(kEthernet + ip_header + e.message_bytes)));
  wire::EthernetSpec{.dst = wire::multicast_mac(e.dst),
                     .src = core.interfaces[interface]->device.mac,
                     .ether_type = v4 ? wire::ether_type::kIpv4 : wire::ether_type::kIpv6}
      .write(room.first(kEthernet));
  const auto header = room.subspan(kEthernet, ip_header);
  if (v4) {
    wire::Ipv4Spec{.src = e.src,
                   .dst = e.dst,
                   .protocol = wire::ip_protocol::kIgmp,
                   .ttl = kOneHop,
                   .tos = kInternetworkControl,
                   .payload_length = e.message_bytes,
                   .options = kAlertOption}
        .write(header);
  } else {
    wire::Ipv6Spec{.src = e.src,
                   .dst = e.dst,
                   .next_header = wire::ip_protocol::kHopByHop,
                   .hop_limit = kOneHop,
                   .payload_length = kAlertHeader.size() + e.message_bytes}
        .write(header.first(wire::Ipv6View::kHeader));
    std::copy(kAlertHeader.begin(), kAlertHeader.end(),
              header.subspan(wire::Ipv6View::kHeader).begin());
  }
  message = room.subspan(kEthernet + ip_header);
  return frame;
}

}  // namespace

void MulticastService::on_igmp(const Received& received, buf::Mbuf packet) {
  const ip::Incoming& ip = received.ip;
  const std::uint32_t bytes = std::min(ip.transport_bytes, kLargestMessage);
  if (!packet.pull_up(static_cast<std::uint16_t>(ip.header_bytes + bytes), *core_.pools.data)) {
    core_.drops += Drop::kNoBuffers;
    return;
  }
  const auto message = packet.first().subspan(ip.header_bytes, bytes);
  const std::uint16_t interface = received.arrival.interface;
  if (bytes < wire::kIgmpMessage || ip.transport_bytes > kLargestMessage ||
      ip.hop_limit != kOneHop || wire::checksum_finish(wire::checksum_add(message)) != 0) {
    core_.drops += Drop::kIgmpMalformed;
    return;
  }
  if (const auto query = wire::parse_igmp_query(message)) {
    core_.groups.on_query(interface, *query, core_.now);
  } else if (const auto group = wire::parse_igmp_report(message)) {
    core_.groups.on_report(interface, *group);
  } else {
    core_.drops += Drop::kIgmpIgnored;
  }
}

void MulticastService::on_mld(const Received& received, std::span<const std::byte> message) {
  const ip::Incoming& ip = received.ip;
  // RFC 3810 §6.2: from the link, for the link, and with a router alert, for which there has to be
  // a hop-by-hop header.
  if (!ip.src.is_link_local() || ip.hop_limit != kOneHop ||
      ip.header_bytes == wire::Ipv6View::kHeader) {
    core_.drops += Drop::kIcmpMalformed;
    return;
  }
  const std::uint16_t interface = received.arrival.interface;
  if (const auto query = wire::parse_mld_query(message)) {
    core_.groups.on_query(interface, *query, core_.now);
  } else if (const auto group = wire::parse_mld_report(message)) {
    core_.groups.on_report(interface, *group);
  } else {
    core_.drops += Drop::kIcmpIgnored;
  }
}

void MulticastService::on_deadline() {
  core_.groups.on_deadline(core_.now);
  while (const auto report = core_.groups.poll_report()) send(*report);
}

void MulticastService::send(const ip::GroupReport& report) {
  if (!core_.interfaces[report.interface]->link_up) return;
  // RFC 2236 §2: version 1 knows no farewell.
  const ip::GroupRecord& first = report.records.front();
  if (report.old_version == 1 && first.group.is_v4() &&
      first.type == wire::GroupRecordType::kToInclude) {
    return;
  }
  auto frame = first.group.is_v4() ? make_igmp(report) : make_mld(report);
  if (frame) {
    core_.push_ready(report.interface, std::move(*frame));
  } else {
    core_.drops += Drop::kNoBuffers;
  }
}

Result<buf::Mbuf> MulticastService::make_igmp(const ip::GroupReport& report) const {
  const auto& records = report.records;
  const bool old = report.old_version != 0;
  Envelope e{.src = IpAddress::any(IpFamily::kV4),
             .dst = old ? old_destination(records[0]) : igmp_routers(),
             .message_bytes = wire::kIgmpMessage};
  if (!old) e.message_bytes = wire::kIgmpReportHead + records.size() * wire::kIgmpRecord;
  // RFC 3376 §4.2.13: from 0.0.0.0 where there is no address yet.
  if (const auto own = core_.addresses.select_source(report.interface, e.dst)) e.src = *own;
  std::span<std::byte> message;
  ZS_TRY_ASSIGN(buf::Mbuf frame, make_frame(core_, report.interface, e, message));
  if (old) {
    const bool left = records[0].type == wire::GroupRecordType::kToInclude;
    const std::uint8_t reported =
        report.old_version == 1 ? wire::igmp_type::kReportV1 : wire::igmp_type::kReportV2;
    wire::write_igmp_message(message, left ? wire::igmp_type::kLeaveV2 : reported,
                             records[0].group);
    return frame;
  }
  for (std::size_t i = 0; i < records.size(); ++i) {
    wire::write_igmp_record(
        message.subspan(wire::kIgmpReportHead + i * wire::kIgmpRecord, wire::kIgmpRecord),
        records[i].type, records[i].group);
  }
  wire::finish_igmp_report(message, static_cast<std::uint16_t>(records.size()));
  return frame;
}

Result<buf::Mbuf> MulticastService::make_mld(const ip::GroupReport& report) const {
  const auto& records = report.records;
  const bool old = report.old_version != 0;
  constexpr std::uint8_t kMldRouters = 0x16;  // RFC 3810 §5.2.14
  Envelope e{.src = {},
             .dst = old ? old_destination(records[0]) : link_scope(kMldRouters),
             .message_bytes = wire::kMldMessage};
  if (!old) e.message_bytes = wire::kMldReportHead + records.size() * wire::kMldRecord;
  // RFC 3590 §4: a link-local address, or none where there is none yet.
  const auto own = core_.addresses.select_source(report.interface, link_scope(1));
  if (own && own->is_link_local()) e.src = *own;
  std::span<std::byte> message;
  ZS_TRY_ASSIGN(buf::Mbuf frame, make_frame(core_, report.interface, e, message));
  if (old) {
    const bool left = records[0].type == wire::GroupRecordType::kToInclude;
    wire::write_mld_message(message, left ? wire::mld_type::kDoneV1 : wire::mld_type::kReportV1,
                            records[0].group);
  } else {
    wire::write_mld_report_head(message.first(wire::kMldReportHead),
                                static_cast<std::uint16_t>(records.size()));
    for (std::size_t i = 0; i < records.size(); ++i) {
      wire::write_mld_record(
          message.subspan(wire::kMldReportHead + i * wire::kMldRecord, wire::kMldRecord),
          records[i].type, records[i].group);
    }
  }
  wire::fill_icmpv6_checksum(e.src, e.dst, message);
  return frame;
}

}  // namespace zs::stack
