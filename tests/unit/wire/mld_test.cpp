#include "wire/mld.hpp"

#include <gtest/gtest.h>

#include <vector>

#include "base/byte_order.hpp"
#include "wire/ipv6.hpp"

namespace zs::wire {
namespace {

using Bytes = std::vector<std::byte>;
using namespace std::chrono_literals;

const IpAddress kMldGroup = *IpAddress::parse("ff05::7");

Bytes mld_query(std::size_t size, std::uint16_t code, const IpAddress& group) {
  Bytes b(size);
  b[0] = std::byte{mld_type::kQuery};
  store_be(&b[4], code);
  store_ipv6(&b[8], group);
  return b;
}

TEST(Mld, TheLengthTellsTheQueriersVersion) {  // RFC 3810 §8.1
  auto q = parse_mld_query(mld_query(24, 10'000, {}));
  ASSERT_TRUE(q);
  EXPECT_EQ(q->version, 1);
  EXPECT_EQ(q->max_response, 10s);
  EXPECT_TRUE(q->group.is_unspecified() && q->group.is_v6());
  Bytes b = mld_query(28, 0x8001, kMldGroup);
  b[24] = std::byte{2};
  b[25] = std::byte{125};
  q = parse_mld_query(b);
  ASSERT_TRUE(q);
  EXPECT_EQ(q->version, 2);
  EXPECT_EQ(q->group, kMldGroup);
  EXPECT_EQ(q->max_response, 32'776ms);  // (1 | 4096) << 3
  EXPECT_EQ(q->robustness, 2);
  EXPECT_EQ(q->interval, 125s);
}

TEST(Mld, NonsenseIsNoQuery) {
  EXPECT_FALSE(parse_mld_query({}));
  EXPECT_FALSE(parse_mld_query(mld_query(27, 0, {})));
  EXPECT_FALSE(parse_mld_query(mld_query(24, 0, *IpAddress::parse("2001:db8::1"))));
  Bytes b = mld_query(28, 0, {});
  b[27] = std::byte{1};  // a source that is not there
  EXPECT_FALSE(parse_mld_query(b));
  b[0] = std::byte{mld_type::kReportV1};
  EXPECT_FALSE(parse_mld_query(b));
}

TEST(Mld, WritesWhatItsRfcsSay) {
  Bytes old(kMldMessage);
  write_mld_message(old, mld_type::kReportV1, kMldGroup);
  EXPECT_EQ(parse_mld_report(old), kMldGroup);
  old[0] = std::byte{mld_type::kDoneV1};
  EXPECT_EQ(parse_mld_report(old), std::nullopt);
  Bytes head(kMldReportHead);
  write_mld_report_head(head, 3);
  EXPECT_EQ(head[0], std::byte{143});
  EXPECT_EQ(load_be<std::uint16_t>(&head[6]), 3);
  Bytes record(kMldRecord);
  write_mld_record(record, GroupRecordType::kIsExclude, kMldGroup);
  EXPECT_EQ(record[0], std::byte{2});
  EXPECT_EQ(load_ipv6(&record[4]), kMldGroup);
}

}  // namespace
}  // namespace zs::wire
