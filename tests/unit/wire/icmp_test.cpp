#include "wire/icmp.hpp"

#include <gtest/gtest.h>

#include "unit/wire/hex.hpp"

namespace zs::wire {
namespace {

using namespace test;

// 0800 + 0001 + 0002 + 6162 = 6965, complemented 969a.
Bytes echo() { return hex("0800 969a 0001 0002 6162"); }

TEST(IcmpView, ReadsAnEcho) {
  const Bytes bytes = echo();
  const auto view = IcmpView::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->type(), icmp_type::kEcho);
  EXPECT_EQ(view->code(), 0);
  EXPECT_EQ(view->checksum(), 0x969a);
  EXPECT_EQ(view->identifier(), 1);
  EXPECT_EQ(view->sequence(), 2);
  EXPECT_EQ(Bytes(view->body().begin(), view->body().end()), hex("6162"));
}

TEST(IcmpView, WantsEightBytes) {
  EXPECT_EQ(shortest_accepted(echo(), IcmpView::parse), IcmpView::kHeader);
}

TEST(IcmpView, KnowsTheTypesThatAreNeverAnswered) {
  for (unsigned type = 0; type < 256; ++type) {
    const bool error = type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
    EXPECT_EQ(IcmpView::parse(with(echo(), 0, type))->is_error(), error) << type;
  }
}

TEST(IcmpChecksum, FindsEverySingleBitError) {
  EXPECT_TRUE(is_icmp_checksum_ok(echo()));
  for (std::size_t bit = 0; bit < echo().size() * 8; ++bit) {
    Bytes bytes = echo();
    bytes[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    EXPECT_FALSE(is_icmp_checksum_ok(bytes)) << bit;
  }
}

TEST(IcmpChecksum, FillsMessagesOfEveryLength) {
  for (std::size_t body = 0; body < 80; ++body) {
    Bytes message = joined(written(IcmpSpec::echo(7, 9)), Bytes(body, std::byte{0x5a}));
    message[2] = std::byte{0xff};  // what stood there before does not count
    fill_icmp_checksum(message);
    EXPECT_TRUE(is_icmp_checksum_ok(message)) << body;
  }
}

struct Head {
  IcmpSpec spec;
  const char* bytes;
};

TEST(IcmpSpec, WritesKnownBytes) {
  const Head table[] = {
      {IcmpSpec::echo(1, 2), "0800 0000 0001 0002"},
      {IcmpSpec::echo_reply(0xffff, 0x8000), "0000 0000 ffff 8000"},
      {IcmpSpec::unreachable(icmp_unreachable::kPort), "0303 0000 0000 0000"},
      {IcmpSpec::fragmentation_needed(1400), "0304 0000 0000 0578"},
      {IcmpSpec::time_exceeded(icmp_time_exceeded::kReassembly), "0b01 0000 0000 0000"},
      {IcmpSpec::parameter_problem(20), "0c00 0000 1400 0000"},
  };
  for (const auto& [spec, bytes] : table) EXPECT_EQ(written(spec), hex(bytes)) << bytes;
  const Bytes too_big = written(IcmpSpec::fragmentation_needed(1400));
  EXPECT_EQ(IcmpView::parse(too_big)->mtu(), 1400);
  const Bytes problem = written(IcmpSpec::parameter_problem(20));
  EXPECT_EQ(IcmpView::parse(problem)->pointer(), 20);
}

}  // namespace
}  // namespace zs::wire
