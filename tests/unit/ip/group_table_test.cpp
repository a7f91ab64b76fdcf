#include "ip/group_table.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace zs::ip {
namespace {

const IpAddress kGroupA = IpAddress::v4(239, 1, 1, 1);
const IpAddress kGroupB = IpAddress::v4(239, 1, 1, 2);
const IpAddress kGroup6 = *IpAddress::parse("ff05::7");

class GroupTableTest : public testing::Test {
 protected:
  /// What was reported since the last time, as text.
  std::string reports() {
    static const char* const types[] = {"", "", "is", "left", "joined"};
    std::string out;
    while (const auto r = table.poll_report()) {
      out += out.empty() ? "[" : " [";
      if (r->old_version != 0) out += "v" + std::to_string(r->old_version) + " ";
      for (std::size_t i = 0; i < r->records.size(); ++i) {
        out += (i == 0 ? "" : " ") + std::string(types[static_cast<int>(r->records[i].type)]) +
               " " + r->records[i].group.to_string();
      }
      out += "]";
    }
    return out;
  }
  std::string pass(Duration time) {
    const Instant end = now + time;
    std::string out;
    while (table.next_deadline() <= end) {
      now = std::max(now, table.next_deadline());
      table.on_deadline(now);
      if (const std::string s = reports(); !s.empty()) out += (out.empty() ? "" : " ") + s;
    }
    now = end;
    return out;
  }
  void query(std::uint8_t version, const IpAddress& group, Duration response = 10s) {
    wire::GroupQuery q;
    q.version = version;
    q.group = group;
    q.max_response = response;
    table.on_query(0, q, now);
  }

  Instant now = Instant::from_ns(1'000'000'000);
  GroupTable table{4, 1};
};

TEST_F(GroupTableTest, TellsOfChangesTwice) {  // RFC 3376 §5.1
  ASSERT_TRUE(table.join(0, kGroupA, now));
  EXPECT_TRUE(table.is_member(0, kGroupA));
  EXPECT_FALSE(table.is_member(1, kGroupA));
  EXPECT_EQ(pass(2s), "[joined 239.1.1.1] [joined 239.1.1.1]");
  ASSERT_TRUE(table.join(0, kGroupA, now));  // another socket
  ASSERT_TRUE(table.leave(0, kGroupA, now));
  EXPECT_EQ(pass(2s), "");
  ASSERT_TRUE(table.leave(0, kGroupA, now));
  EXPECT_FALSE(table.is_member(0, kGroupA));
  EXPECT_EQ(pass(2s), "[left 239.1.1.1] [left 239.1.1.1]");
  EXPECT_EQ(table.leave(0, kGroupA, now).error(), Errc::kNotFound);
}

TEST_F(GroupTableTest, ANewChangeTakesThePlaceOfTheOld) {
  ASSERT_TRUE(table.join(0, kGroupA, now));
  pass(0s);
  ASSERT_TRUE(table.leave(0, kGroupA, now));
  EXPECT_EQ(pass(2s), "[left 239.1.1.1] [left 239.1.1.1]");
}

TEST_F(GroupTableTest, AnswersQueriesWithinTheirTime) {  // RFC 3376 §5.2
  ASSERT_TRUE(table.join(0, kGroupA, now));
  ASSERT_TRUE(table.join(0, kGroupB, now));
  ASSERT_TRUE(table.join(1, kGroupB, now));
  ASSERT_TRUE(table.join(0, kGroup6, now));
  pass(5s);
  query(3, IpAddress::any(IpFamily::kV4));
  query(3, IpAddress::any(IpFamily::kV4));
  EXPECT_EQ(pass(10s), "[is 239.1.1.1 is 239.1.1.2]");
  query(3, kGroupB, 1s);
  EXPECT_EQ(pass(1s), "[is 239.1.1.2]");
  query(2, IpAddress{});
  EXPECT_EQ(pass(10s), "[is ff05::7]");
  query(3, IpAddress::v4(239, 9, 9, 9));
  EXPECT_EQ(pass(10s), "");
}

TEST_F(GroupTableTest, OldQueriersGetOldMessages) {  // RFC 3376 §7.2
  ASSERT_TRUE(table.join(0, kGroupA, now));
  ASSERT_TRUE(table.join(0, kGroupB, now));
  pass(5s);
  query(2, IpAddress::any(IpFamily::kV4));
  const std::string answers = pass(10s);
  EXPECT_NE(answers.find("[v2 is 239.1.1.1]"), std::string::npos);
  EXPECT_NE(answers.find("[v2 is 239.1.1.2]"), std::string::npos);
  query(2, IpAddress::any(IpFamily::kV4));
  table.on_report(0, kGroupA);  // somebody else was faster
  EXPECT_EQ(pass(10s), "[v2 is 239.1.1.2]");
  ASSERT_TRUE(table.leave(0, kGroupB, now));
  EXPECT_EQ(pass(2s), "[v2 left 239.1.1.2] [v2 left 239.1.1.2]");
  query(1, IpAddress::any(IpFamily::kV4));
  EXPECT_EQ(pass(10s), "[v1 is 239.1.1.1]");
  // The old one has gone: two intervals and a response time without it.
  EXPECT_EQ(pass(261s), "");
  query(3, IpAddress::any(IpFamily::kV4));
  EXPECT_EQ(pass(10s), "[is 239.1.1.1]");
}

TEST_F(GroupTableTest, ReportsOfOthersMeanNothingToANewQuerier) {
  ASSERT_TRUE(table.join(0, kGroupA, now));
  pass(5s);
  query(3, kGroupA, 1s);
  table.on_report(0, kGroupA);
  EXPECT_EQ(pass(1s), "[is 239.1.1.1]");
}

TEST_F(GroupTableTest, SomeGroupsAreNobodysBusiness) {
  ASSERT_TRUE(table.join(0, IpAddress::v4(224, 0, 0, 1), now));
  ASSERT_TRUE(table.join(0, *IpAddress::parse("ff02::1"), now));
  ASSERT_TRUE(table.join(0, *IpAddress::parse("ff01::7"), now));
  EXPECT_EQ(pass(5s), "");
  ASSERT_TRUE(table.leave(0, IpAddress::v4(224, 0, 0, 1), now));
  EXPECT_EQ(pass(5s), "");
  EXPECT_FALSE(table.is_member(0, IpAddress::v4(224, 0, 0, 1)));
}

TEST_F(GroupTableTest, IsBounded) {
  EXPECT_EQ(table.join(0, IpAddress::v4(10, 0, 0, 1), now).error(), Errc::kInvalid);
  for (std::uint8_t i = 0; i < 4; ++i) {
    ASSERT_TRUE(table.join(0, IpAddress::v4(239, 0, 0, i), now));
  }
  EXPECT_EQ(table.join(0, kGroupA, now).error(), Errc::kNoBuffers);
}

TEST_F(GroupTableTest, TheLinksReturnIsAChange) {
  ASSERT_TRUE(table.join(0, kGroupA, now));
  query(2, IpAddress::any(IpFamily::kV4));
  pass(20s);
  table.on_link_up(0, now);
  EXPECT_EQ(pass(2s), "[joined 239.1.1.1] [joined 239.1.1.1]");
}

}  // namespace
}  // namespace zs::ip
