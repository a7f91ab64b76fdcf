#include "wire/igmp.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/byte_order.hpp"
#include "wire/checksum.hpp"

namespace zs::wire {
namespace {

using Bytes = std::vector<std::byte>;
using namespace std::chrono_literals;

const IpAddress kIgmpGroup = IpAddress::v4(239, 1, 2, 3);

Bytes igmp_octets(std::initializer_list<int> values) {
  Bytes b;
  for (const int v : values) b.push_back(static_cast<std::byte>(v));
  return b;
}

TEST(Igmp, TheLengthTellsTheQueriersVersion) {  // RFC 3376 §7.1
  auto q = parse_igmp_query(igmp_octets({0x11, 0, 0, 0, 0, 0, 0, 0}));
  ASSERT_TRUE(q);
  EXPECT_EQ(q->version, 1);
  EXPECT_EQ(q->max_response, 10s);
  EXPECT_TRUE(q->group.is_unspecified() && q->group.is_v4());
  q = parse_igmp_query(igmp_octets({0x11, 50, 0, 0, 239, 1, 2, 3}));
  ASSERT_TRUE(q);
  EXPECT_EQ(q->version, 2);
  EXPECT_EQ(q->max_response, 5s);
  EXPECT_EQ(q->group, kIgmpGroup);
  q = parse_igmp_query(igmp_octets({0x11, 0x8f, 0, 0, 0, 0, 0, 0, 3, 0x9f, 0, 0}));
  ASSERT_TRUE(q);
  EXPECT_EQ(q->version, 3);
  EXPECT_EQ(q->max_response, 24'800ms);  // (15 | 16) << 3 tenths
  EXPECT_EQ(q->robustness, 3);
  EXPECT_EQ(q->interval, 496s);
}

TEST(Igmp, NonsenseIsNoQuery) {
  EXPECT_FALSE(parse_igmp_query({}));
  EXPECT_FALSE(parse_igmp_query(igmp_octets({0x16, 0, 0, 0, 239, 1, 2, 3})));
  EXPECT_FALSE(parse_igmp_query(igmp_octets({0x11, 0, 0, 0, 10, 0, 0, 1})));
  EXPECT_FALSE(parse_igmp_query(igmp_octets({0x11, 0, 0, 0, 0, 0, 0, 0, 2, 0})));
  EXPECT_FALSE(parse_igmp_query(igmp_octets({0x11, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 1})));
}

TEST(Igmp, CodesAreFloatingPoint) {
  EXPECT_EQ(decode_igmp(127), 127u);
  EXPECT_EQ(decode_igmp(128), 128u);
  EXPECT_EQ(decode_igmp(255), 31'744u);
}

TEST(Igmp, OldReportsNameTheirGroup) {
  Bytes b(kIgmpMessage);
  write_igmp_message(b, igmp_type::kReportV2, kIgmpGroup);
  EXPECT_EQ(checksum_finish(checksum_add(b)), 0);
  EXPECT_EQ(parse_igmp_report(b), kIgmpGroup);
  b[0] = std::byte{igmp_type::kReportV3};
  EXPECT_EQ(parse_igmp_report(b), std::nullopt);
  b.pop_back();
  EXPECT_EQ(parse_igmp_report(b), std::nullopt);
}

TEST(Igmp, WritesReports) {
  Bytes b(kIgmpReportHead + 2 * kIgmpRecord);
  write_igmp_record(std::span{b}.subspan(8, 8), GroupRecordType::kToExclude, kIgmpGroup);
  write_igmp_record(std::span{b}.subspan(16, 8), GroupRecordType::kToInclude,
                    IpAddress::v4(239, 0, 0, 9));
  finish_igmp_report(b, 2);
  EXPECT_EQ(checksum_finish(checksum_add(b)), 0);
  store_be(&b[2], std::uint16_t{0});
  EXPECT_EQ(b, igmp_octets({0x22, 0, 0, 0, 0, 0, 0, 2, 4,   0, 0, 0,
                            239,  1, 2, 3, 3, 0, 0, 0, 239, 0, 0, 9}));
}

}  // namespace
}  // namespace zs::wire
