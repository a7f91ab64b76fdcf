#include "wire/icmpv6.hpp"

#include <gtest/gtest.h>

#include "unit/wire/hex.hpp"

namespace zs::wire {
namespace {

using namespace test;

const IpAddress kSrc = *IpAddress::parse("fe80::1");
const IpAddress kDst = *IpAddress::parse("fe80::2");

// Pseudo-header fe80 + 1 + fe80 + 2 + a + 3a = 1fd47, and 8000 + 1 + 2 + 6162: 2deac, which folds
// to deae; complemented 2151.
Bytes echo_v6() { return hex("8000 2151 0001 0002 6162"); }

TEST(Icmpv6View, ReadsAnEcho) {
  const Bytes bytes = echo_v6();
  const auto view = Icmpv6View::parse(bytes);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->type(), icmpv6_type::kEcho);
  EXPECT_EQ(view->code(), 0);
  EXPECT_EQ(view->checksum(), 0x2151);
  EXPECT_EQ(view->identifier(), 1);
  EXPECT_EQ(view->sequence(), 2);
  EXPECT_EQ(Bytes(view->body().begin(), view->body().end()), hex("6162"));
  EXPECT_EQ(view->message().size(), bytes.size());
}

TEST(Icmpv6View, WantsEightBytes) {
  EXPECT_EQ(shortest_accepted(echo_v6(), Icmpv6View::parse), Icmpv6View::kHeader);
}

TEST(Icmpv6View, TakesTheLowHalfOfTheTypesForErrors) {
  EXPECT_TRUE(Icmpv6View::parse(with(echo_v6(), 0, 0))->is_error());
  EXPECT_TRUE(Icmpv6View::parse(with(echo_v6(), 0, 127))->is_error());
  EXPECT_FALSE(Icmpv6View::parse(with(echo_v6(), 0, 128))->is_error());
  EXPECT_FALSE(Icmpv6View::parse(with(echo_v6(), 0, 255))->is_error());
}

TEST(Icmpv6Checksum, CoversMessageAndPseudoHeader) {
  EXPECT_TRUE(is_icmpv6_checksum_ok(kSrc, kDst, echo_v6()));
  EXPECT_FALSE(is_icmpv6_checksum_ok(kSrc, *IpAddress::parse("fe80::3"), echo_v6()));
  EXPECT_FALSE(
      is_icmpv6_checksum_ok(kSrc, kDst, joined(echo_v6(), hex("00"))));  // the length counts
  for (std::size_t bit = 0; bit < echo_v6().size() * 8; ++bit) {
    Bytes bytes = echo_v6();
    bytes[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    EXPECT_FALSE(is_icmpv6_checksum_ok(kSrc, kDst, bytes)) << bit;
  }
}

TEST(Icmpv6Checksum, FillsMessagesOfEveryLength) {
  for (std::size_t body = 0; body < 80; ++body) {
    Bytes message = joined(written(Icmpv6Spec::echo(7, 9)), Bytes(body, std::byte{0x5a}));
    message[2] = std::byte{0xff};  // what stood there before does not count
    fill_icmpv6_checksum(kSrc, kDst, message);
    EXPECT_TRUE(is_icmpv6_checksum_ok(kSrc, kDst, message)) << body;
  }
}

struct HeadV6 {
  Icmpv6Spec spec;
  const char* bytes;
};

TEST(Icmpv6Spec, WritesKnownBytes) {
  const HeadV6 table[] = {
      {Icmpv6Spec::echo(1, 2), "8000 0000 0001 0002"},
      {Icmpv6Spec::echo_reply(0xffff, 0x8000), "8100 0000 ffff 8000"},
      {Icmpv6Spec::unreachable(icmpv6_unreachable::kPort), "0104 0000 0000 0000"},
      {Icmpv6Spec::packet_too_big(1280), "0200 0000 0000 0500"},
      {Icmpv6Spec::time_exceeded(0), "0300 0000 0000 0000"},
      {Icmpv6Spec::parameter_problem(icmpv6_parameter::kOption, 0x12345678), "0402 0000 1234 5678"},
  };
  for (const auto& [spec, bytes] : table) EXPECT_EQ(written(spec), hex(bytes)) << bytes;
  const Bytes too_big = written(Icmpv6Spec::packet_too_big(1280));
  EXPECT_EQ(Icmpv6View::parse(too_big)->mtu(), 1280u);
  const Bytes problem = written(Icmpv6Spec::parameter_problem(0, 40));
  EXPECT_EQ(Icmpv6View::parse(problem)->pointer(), 40u);
}

}  // namespace
}  // namespace zs::wire
