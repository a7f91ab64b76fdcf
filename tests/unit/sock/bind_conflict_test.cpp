#include "sock/bind_conflict.hpp"

#include <gtest/gtest.h>

#include "unit/sock/sockets.hpp"

namespace zs::sock {
namespace {

using namespace test;

const IpAddress kOne = IpAddress::v4(10, 0, 0, 1);
const IpAddress kTwo = IpAddress::v4(10, 0, 0, 2);
const IpAddress kAnyV4 = IpAddress::any(IpFamily::kV4);
const IpAddress kAnyV6 = IpAddress::any(IpFamily::kV6);
const IpAddress kOneV6 = *IpAddress::parse("2001:db8::1");

TEST(BindConflict, AddressesOverlapAsPacketsDo) {
  const auto both = [](const IpAddress& a, const IpAddress& b, bool v6_only = false) {
    const Holder x{.address = a, .v6_only = v6_only};
    const Holder y{.address = b};
    EXPECT_EQ(overlap(x, y), overlap(y, x));
    return overlap(x, y);
  };
  EXPECT_TRUE(both(kOne, kOne));
  EXPECT_FALSE(both(kOne, kTwo));
  EXPECT_TRUE(both(kAnyV4, kTwo));
  EXPECT_TRUE(both(kAnyV6, kOneV6));
  EXPECT_TRUE(both(kAnyV6, kOne));
  EXPECT_TRUE(both(kAnyV6, kAnyV4));
  EXPECT_FALSE(both(kAnyV6, kOne, true));
  EXPECT_FALSE(both(kOneV6, kAnyV4));
}

TEST(BindConflict, OfEqualAddressesIsLinuxTable) {
  for (int bits = 0; bits < 32; ++bits) {
    const Holder newcomer{
        .address = kOne, .reuse_address = (bits & 1) != 0, .reuse_port = (bits & 2) != 0};
    const Holder other{.address = kAnyV4,
                       .reuse_address = (bits & 4) != 0,
                       .reuse_port = (bits & 8) != 0,
                       .is_listening = (bits & 16) != 0};
    const bool by_port = (bits & 10) == 10;
    const bool by_address = (bits & 5) == 5 && (bits & 16) == 0;
    EXPECT_EQ(is_refused_for(newcomer, other), !by_port && !by_address) << bits;
  }
}

class Binding : public testing::Test {
 protected:
  int stream(bool reuse_address, bool reuse_port) {
    const int fd = w.stream();
    EXPECT_TRUE(w.table->set_option(fd, Option::kReuseAddress, reuse_address ? 1 : 0));
    EXPECT_TRUE(w.table->set_option(fd, Option::kReusePort, reuse_port ? 1 : 0));
    return fd;
  }
  Errc bind(int fd, const IpAddress& address) {
    const auto result = w.table->bind(fd, {address, 80});
    return result ? Errc{} : result.error();
  }
  Errc listen(int fd) {
    const auto result = w.table->listen(fd, 8);
    return result ? Errc{} : result.error();
  }

  Sockets w;
};

TEST_F(Binding, IsExclusiveUnlessBothSayOtherwise) {
  ASSERT_EQ(bind(stream(false, false), kOurs), Errc{});
  EXPECT_EQ(bind(stream(false, false), kOurs), Errc::kAddrInUse);
  EXPECT_EQ(bind(stream(true, true), kOurs), Errc::kAddrInUse);
  EXPECT_EQ(bind(stream(false, false), kAnyV4), Errc::kAddrInUse);
}

TEST_F(Binding, WithReuseAddressOneOfThemListens) {
  const int one = stream(true, false);
  const int two = stream(true, false);
  ASSERT_EQ(bind(one, kOurs), Errc{});
  ASSERT_EQ(bind(two, kOurs), Errc{});
  EXPECT_EQ(listen(one), Errc{});
  EXPECT_EQ(listen(two), Errc::kAddrInUse);
  EXPECT_EQ(bind(stream(true, false), kAnyV4), Errc::kAddrInUse);
  ASSERT_TRUE(w.table->close(one));
  EXPECT_EQ(listen(two), Errc{});
}

TEST_F(Binding, WithReusePortAllListenAndShareWhatComes) {
  const int one = stream(false, true);
  const int two = stream(false, true);
  for (const int fd : {one, two}) {
    ASSERT_EQ(bind(fd, kOurs), Errc{});
    ASSERT_EQ(listen(fd), Errc{});
  }
  EXPECT_EQ(bind(stream(true, false), kOurs), Errc::kAddrInUse);
  constexpr int kClients = 8;
  for (int i = 0; i < kClients; ++i) (void)w.table->connect(w.stream(), {kOurs, 80});
  w.settle();
  int accepted[2] = {0, 0};
  while (w.table->accept(one)) ++accepted[0];
  while (w.table->accept(two)) ++accepted[1];
  EXPECT_EQ(accepted[0] + accepted[1], kClients);
  EXPECT_GT(accepted[0], 0);
  EXPECT_GT(accepted[1], 0);
  // Who is left takes all that comes from now on.
  ASSERT_TRUE(w.table->close(one));
  for (int i = 0; i < 4; ++i) (void)w.table->connect(w.stream(), {kOurs, 80});
  w.settle();
  int more = 0;
  while (w.table->accept(two)) ++more;
  EXPECT_EQ(more, 4);
}

TEST_F(Binding, OfDatagramsIsSharedByPortToo) {
  const auto datagram = [&](bool reuse_port) {
    const int fd = w.datagram();
    EXPECT_TRUE(w.table->set_option(fd, Option::kReusePort, reuse_port ? 1 : 0));
    EXPECT_EQ(*w.table->option(fd, Option::kReusePort), reuse_port ? 1 : 0);
    return fd;
  };
  const int one = datagram(true);
  const int two = datagram(true);
  ASSERT_EQ(bind(one, kOurs), Errc{});
  ASSERT_EQ(bind(two, kOurs), Errc{});
  EXPECT_EQ(bind(datagram(false), kOurs), Errc::kAddrInUse);
  constexpr int kSenders = 16;
  for (int i = 0; i < kSenders; ++i) {
    const int sender = w.datagram();  // of another port each time
    auto chain = w.chain("x");
    ASSERT_TRUE(w.table->send_to(sender, chain, {kOurs, 80}));
    ASSERT_TRUE(w.table->close(sender));
  }
  w.settle();
  int received[2] = {0, 0};
  while (w.table->receive_from(one, nullptr)) ++received[0];
  while (w.table->receive_from(two, nullptr)) ++received[1];
  EXPECT_EQ(received[0] + received[1], kSenders);
  EXPECT_GT(received[0], 0);
  EXPECT_GT(received[1], 0);
}

}  // namespace
}  // namespace zs::sock
